//! Answers that get lost after the server did its work: a proxy before the real registry swallows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::ExposeSecret;
use wabucket_model::{Alias, ArtifactName, ArtifactPath, ArtifactType, Manifest, ManifestEntry, Metadata, ProjectName};
use wabucket_registry::{Registry, RegistryOptions};
use wandb_client::{ArtifactContents, ArtifactDraft, Client, Logging, RunOptions, RunOutcome};

/// Forwards everything, but answers 502 the first time an operation of this name was carried out.
#[derive(Clone)]
struct Proxy {
    upstream: String,
    loses: &'static str,
    lost: Arc<AtomicUsize>,
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let is_meant = String::from_utf8_lossy(&body).contains(&format!("\"operationName\":\"{}\"", proxy.loses));
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let sent = reqwest::Client::new()
        .request(parts.method, format!("{}{path}", proxy.upstream))
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, bytes) = (sent.status(), sent.bytes().await.unwrap());
    let is_lost = is_meant && proxy.lost.fetch_add(1, Ordering::SeqCst) == 0;
    let status = if is_lost { StatusCode::BAD_GATEWAY } else { status };
    Response::builder().status(status).body(if is_lost { Body::empty() } else { Body::from(bytes) }).unwrap()
}

async fn client_before(registry: &Registry, loses: &'static str) -> (Client, Arc<AtomicUsize>) {
    let lost = Arc::new(AtomicUsize::new(0));
    let upstream = registry.base_url().as_str().trim_end_matches('/').to_owned();
    let app = Router::new().fallback(forward).with_state(Proxy { upstream, loses, lost: Arc::clone(&lost) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (crate::server::client_with_key(&url, registry.api_key().expose_secret()), lost)
}

fn draft() -> ArtifactDraft {
    let entry = ManifestEntry {
        digest: "s3://b/k".to_owned(),
        reference: Some("s3://b/k".to_owned()),
        ..ManifestEntry::default()
    };
    ArtifactDraft {
        artifact_type: ArtifactType::parse("model").unwrap(),
        name: ArtifactName::parse("net").unwrap(),
        aliases: vec![Alias::parse("best").unwrap()],
        metadata: Metadata::default(),
        contents: ArtifactContents::References(Manifest::new([("k".to_owned(), entry)].into())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_one_version_and_one_end() {
    for loses in ["UpsertBucket", "CreateArtifact", "CreateArtifactManifest", "CommitArtifact", "UseArtifact"] {
        let directory = tempfile::tempdir().unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let options = RegistryOptions { directory: directory.path().join("registry"), address };
        let registry = Registry::start(options).await.unwrap();
        let (client, lost) = client_before(&registry, loses).await;
        let project = Some(ProjectName::parse("p").unwrap());
        let run = client.start_run(RunOptions { project, ..RunOptions::default() }).await.unwrap();
        let logged = run.log_artifact(draft(), Arc::new(|_| {})).await.unwrap();
        run.use_artifact(&logged.artifact).await.unwrap();
        let again = run.log_artifact(draft(), Arc::new(|_| {})).await.unwrap();
        let place = run.project();
        run.finish(RunOutcome::Finished).await.unwrap();
        assert!(lost.load(Ordering::SeqCst) > 1, "{loses} was repeated");
        assert_eq!((logged.logging, again.logging), (Logging::NewVersion, Logging::Unchanged), "{loses}");
        let draft = draft();
        let versions = client.recent_versions(&place, &draft.artifact_type, &draft.name).await.unwrap();
        assert_eq!(versions.len(), 1, "{loses}");
        let path = ArtifactPath { name: draft.name, alias: Alias::parse("best").unwrap() };
        assert_eq!(client.find_artifact(&place, &path).await.unwrap().unwrap().id, logged.artifact.id, "{loses}");
        registry.stop().await;
    }
}
