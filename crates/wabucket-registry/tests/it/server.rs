//! A registry for a test, and requests to it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use wabucket_model::{Manifest, ManifestEntry, Md5};
use wabucket_registry::{Registry, RegistryOptions};

/// Starts a registry in this process.
pub(crate) async fn start(directory: &Path) -> Registry {
    let address = "127.0.0.1:0".parse().unwrap();
    Registry::start(RegistryOptions { directory: directory.to_path_buf(), address }).await.unwrap()
}

/// A registry in a directory of its own, and a client that has its key.
pub(crate) async fn fresh() -> (TempDir, Registry, Client) {
    let directory = tempfile::tempdir().unwrap();
    let registry = start(directory.path()).await;
    let client = Client::of(&registry);
    (directory, registry, client)
}

/// A registry in a process of its own.
pub(crate) struct ServerProcess {
    child: Child,
    pub(crate) client: Client,
}

impl ServerProcess {
    pub(crate) fn start(directory: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "server::serve_until_killed"])
            .env("REGISTRY_DIRECTORY", directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let line = output.lines().map(Result::unwrap).find(|line| line.contains("http://")).unwrap();
        let base = line[line.find("http://").unwrap()..].trim_end().to_owned();
        let key = fs_err::read_to_string(directory.join("api-key")).unwrap().trim().to_owned();
        Self { child, client: Client { base, key, http: reqwest::Client::new() } }
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "a process for other tests"]
fn serve_until_killed() {
    let directory = std::env::var_os("REGISTRY_DIRECTORY").expect("other tests start this one");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let registry = start(Path::new(&directory)).await;
        println!("\n{}", registry.base_url());
        // Longer than any test takes: an orphan ends by itself.
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    });
}

/// What one client sends.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) base: String,
    pub(crate) key: String,
    pub(crate) http: reqwest::Client,
}

impl Client {
    pub(crate) fn of(registry: &Registry) -> Self {
        let key = registry.api_key().expose_secret().to_owned();
        Self { base: registry.base_url().to_string(), key, http: reqwest::Client::new() }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.base)).basic_auth("api", Some(&self.key)).json(body)
    }

    /// Status and answer.
    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> (StatusCode, Value) {
        let answer = self.post("graphql", &json!({"query": query, "variables": variables})).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The data of an answer that has to be good.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let (status, mut answer) = self.graphql(query, variables).await;
        assert_eq!((status, answer.get("errors")), (StatusCode::OK, None), "{query}: {answer}");
        answer["data"].take()
    }

    /// The status and the message of an answer that has to be a refusal.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> (u16, String) {
        let (status, answer) = self.graphql(query, variables).await;
        assert!(status.is_client_error(), "{query}: {status} {answer}");
        (status.as_u16(), answer["errors"][0]["message"].as_str().unwrap().to_owned())
    }

    /// Calls a mutation that takes one input.
    pub(crate) async fn mutate(&self, name: &str, selection: &str, input: Value) -> Value {
        self.data(&mutation(name, selection), json!({"input": input})).await[name].take()
    }

    pub(crate) async fn refused(&self, name: &str, selection: &str, input: Value) -> (u16, String) {
        self.refusal(&mutation(name, selection), json!({"input": input})).await
    }

    pub(crate) async fn run(&self, name: &str) {
        let selection = "bucket { name } inserted";
        self.mutate("upsertBucket", selection, json!({"name": name, "modelName": "p", "entityName": "local"})).await;
    }

    /// Makes a draft of `x` and gives its id and state.
    pub(crate) async fn draft(&self, manifest: &Manifest, more: Value) -> (String, String) {
        let answer = self.mutate("createArtifact", "artifact { id state }", draft_input(manifest, more)).await;
        let text = |name: &str| answer["artifact"][name].as_str().unwrap().to_owned();
        (text("id"), text("state"))
    }

    /// Announces a manifest and gives the link for it.
    pub(crate) async fn announce(&self, artifact: &str, digest: &str) -> String {
        let place = json!({"entityName": "local", "projectName": "p", "runName": "r", "name": "wandb_manifest.json"});
        let input = merged(place, json!({"artifactID": artifact, "digest": digest}));
        let answer = self.mutate("createArtifactManifest", "artifactManifest { id file { uploadUrl } }", input).await;
        answer["artifactManifest"]["file"]["uploadUrl"].as_str().unwrap().to_owned()
    }

    /// Sends bytes to a link, without the key, as clients do.
    pub(crate) async fn put(&self, link: &str, bytes: Vec<u8>) -> StatusCode {
        self.http.put(link).body(bytes).send().await.unwrap().status()
    }

    pub(crate) async fn upload_manifest(&self, artifact: &str, manifest: &Manifest) -> String {
        let bytes = json_of(manifest);
        let link = self.announce(artifact, &Md5::of(&bytes).to_base64()).await;
        assert_eq!(self.put(&link, bytes).await, StatusCode::OK);
        link
    }

    pub(crate) async fn commit(&self, artifact: &str) {
        self.mutate("commitArtifact", "artifact { id }", json!({"artifactID": artifact})).await;
    }

    /// Logs a version with one reference and gives its id.
    pub(crate) async fn log(&self, reference: &str, more: Value) -> String {
        let manifest = reference_to(reference);
        let (id, state) = self.draft(&manifest, more).await;
        if state != "COMMITTED" {
            self.upload_manifest(&id, &manifest).await;
            self.commit(&id).await;
        }
        id
    }

    /// What `x:ALIAS` is: id and number; null if it is not.
    pub(crate) async fn resolve(&self, alias: &str) -> Value {
        let query = "query($name: String!) { project(name: \"p\", entityName: \"local\") {
            artifact(name: $name) { id versionIndex aliases { alias } } } }";
        self.data(query, json!({"name": format!("x:{alias}")})).await["project"]["artifact"].take()
    }
}

fn mutation(name: &str, selection: &str) -> String {
    let input = name[..1].to_uppercase() + &name[1..];
    format!("mutation M($input: {input}Input!) {{ {name}(input: $input) {{ {selection} }} }}")
}

pub(crate) fn draft_input(manifest: &Manifest, more: Value) -> Value {
    let input = json!({
        "entityName": "local", "projectName": "p", "runName": "r", "artifactTypeName": "t",
        "artifactCollectionName": "x", "digestAlgorithm": "MANIFEST_MD5", "digest": manifest.digest().as_str(),
        "aliases": [{"alias": "latest", "artifactCollectionName": "x"}],
    });
    merged(input, more)
}

pub(crate) fn merged(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    object.as_object_mut().unwrap().extend(more);
    object
}

pub(crate) fn reference_to(reference: &str) -> Manifest {
    let entry = ManifestEntry {
        digest: reference.to_owned(),
        reference: Some(reference.to_owned()),
        ..ManifestEntry::default()
    };
    Manifest::new([("e".to_owned(), entry)].into())
}

pub(crate) fn json_of(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = Vec::new();
    manifest.write_json(&mut bytes).unwrap();
    bytes
}
