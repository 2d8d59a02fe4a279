//! AWS credentials as AWS's own tools find them: environment, profile, single sign-on, web identity, process,
//! container and instance roles, in this order; or one explicit file and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use reqsign_aws_core::{DefaultCredentialProvider, ProfileCredentialProvider};
use reqsign_core::{CommandExecute, CommandOutput, Context, Env, FileRead, HttpSend, ProvideCredential};
use wabucket_model::Environment;

use super::settings::profile_name;
use crate::credentials::{CredentialSource, Expiring};
use crate::error::{Operation, TransferError};
use crate::options::{CONNECT_TIMEOUT, StoreOptions};

/// How long the metadata services of containers and instances may take to connect: they are on the same machine, and
/// elsewhere nobody answers.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long one exchange about credentials may take.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);

/// The chain for these options.
pub(super) fn from_environment(
    operation: &Operation,
    options: &StoreOptions,
) -> Result<CredentialSource<AwsCredential>, TransferError> {
    let environment = &options.environment;
    let profile = profile_name(environment);
    let (provider, places): (Box<dyn FetchCredential>, String) = if let Some(file) = &options.aws_credentials_file {
        let path = file.display().to_string();
        let provider = ProfileCredentialProvider::new()
            .with_profile(profile)
            .with_credentials_file(path.clone())
            .with_config_file(path.clone());
        (Box::new(provider), format!("no access key for profile {profile:?} in {path}"))
    } else {
        let provider = DefaultCredentialProvider::builder().with_profile(profile).build();
        let places = format!("no AWS credentials in the environment, in ~/.aws (profile {profile:?}), ");
        (Box::new(provider), places + "or from a container or instance role")
    };
    let client = |connect_timeout, builder: reqwest::ClientBuilder| {
        let built = builder.connect_timeout(connect_timeout).timeout(EXCHANGE_TIMEOUT).build();
        built.map_err(|error| TransferError::unexpected(operation, error))
    };
    let web = Web {
        remote: client(CONNECT_TIMEOUT, reqwest::Client::builder())?,
        metadata: client(METADATA_CONNECT_TIMEOUT, reqwest::Client::builder().no_proxy())?,
    };
    let context = Context::new()
        .with_env(Surroundings(environment.clone()))
        .with_file_read(Files(environment.clone()))
        .with_http_send(web)
        .with_command_execute(Commands);
    Ok(Arc::new(Chain { provider, context, places }))
}

/// The providers of the chain as one type.
#[async_trait]
trait FetchCredential: fmt::Debug + Send + Sync {
    async fn fetch(&self, context: &Context) -> reqsign_core::Result<Option<reqsign_aws_core::Credential>>;
}

#[async_trait]
impl<P: ProvideCredential<Credential = reqsign_aws_core::Credential>> FetchCredential for P {
    async fn fetch(&self, context: &Context) -> reqsign_core::Result<Option<reqsign_aws_core::Credential>> {
        self.provide_credential(context).await
    }
}

struct Chain {
    provider: Box<dyn FetchCredential>,
    context: Context,
    places: String,
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Chain").field("places", &self.places).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = Expiring<AwsCredential>;

    async fn get_credential(&self) -> object_store::Result<Arc<Self::Credential>> {
        let none = |source| object_store::Error::Unauthenticated { path: String::new(), source };
        let found = self.provider.fetch(&self.context).await.map_err(|error| none(Box::new(error)))?;
        let found = found.ok_or_else(|| none(self.places.clone().into()))?;
        let expires_at = found.expires_in.and_then(|end| Timestamp::from_second(end.as_second()).ok());
        let credential = AwsCredential {
            key_id: found.access_key_id,
            secret_key: found.secret_access_key,
            token: found.session_token,
        };
        Ok(Arc::new(Expiring { credential: Arc::new(credential), expires_at }))
    }
}

#[derive(Debug)]
struct Surroundings(Environment);

impl Env for Surroundings {
    fn var(&self, key: &str) -> Option<String> {
        self.0.variable(key).map(str::to_owned)
    }

    fn vars(&self) -> HashMap<String, String> {
        let set = self.0.variables().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.home().map(std::path::Path::to_owned)
    }
}

#[derive(Debug)]
struct Files(Environment);

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let read = fs_err::tokio::read(self.0.path(path)).await;
        read.map_err(|error| reqsign_core::Error::config_invalid("failed to read a file").with_source(error))
    }
}

/// The metadata services speak plain HTTP and are never behind a proxy; everything else is HTTPS.
#[derive(Debug)]
struct Web {
    remote: reqwest::Client,
    metadata: reqwest::Client,
}

impl HttpSend for Web {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let failed = |error: reqwest::Error| {
            reqsign_core::Error::unexpected("failed to ask for credentials").with_source(error.without_url())
        };
        let plain = request.uri().scheme_str() == Some("http");
        let client = if plain { &self.metadata } else { &self.remote };
        let response = client.execute(request.try_into().map_err(failed)?).await.map_err(failed)?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let body = response.bytes().await.map_err(failed)?;
        answer.body(body).map_err(|error| reqsign_core::Error::unexpected("malformed answer").with_source(error))
    }
}

/// Runs the `credential_process` of a profile: a program that the user named for this purpose.
#[derive(Debug)]
struct Commands;

impl CommandExecute for Commands {
    async fn command_execute<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
    ) -> reqsign_core::Result<CommandOutput> {
        let output = tokio::process::Command::new(program).args(arguments).kill_on_drop(true).output().await;
        let output = output.map_err(|error| {
            reqsign_core::Error::config_invalid("failed to run credential_process").with_source(error)
        })?;
        Ok(CommandOutput { status: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: output.stderr })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)], home: &std::path::Path) -> StoreOptions {
        let off = [("AWS_EC2_METADATA_DISABLED", "true")];
        let variables =
            variables.iter().chain(&off).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environment = Environment::new(variables, Some(home.to_owned()), home.to_owned());
        StoreOptions { environment, ..StoreOptions::default() }
    }

    async fn fetch(options: &StoreOptions) -> object_store::Result<(String, Option<String>)> {
        let source = from_environment(&Operation::new("open", "s3://b"), options).unwrap();
        let found = source.get_credential().await?;
        assert!(!format!("{found:?} {source:?}").contains(&found.credential.secret_key));
        Ok((found.credential.key_id.clone(), found.credential.token.clone()))
    }

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(home.path().join(".aws")).unwrap();
        let credentials = "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = s3cret/+=\n\
                           [lab]\naws_access_key_id=LAB\naws_secret_access_key=s3cret2\naws_session_token = T\n";
        fs_err::write(home.path().join(".aws/credentials"), credentials).unwrap();
        home
    }

    #[tokio::test]
    async fn the_environment_comes_first_then_the_profile() {
        let home = home();
        let keys = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s3cret3"), ("AWS_SESSION_TOKEN", "S")];
        assert_eq!(fetch(&options(&keys, home.path())).await.unwrap(), ("ENV".into(), Some("S".into())));
        assert_eq!(fetch(&options(&[], home.path())).await.unwrap(), ("DEFAULT".into(), None));
        let lab = options(&[("AWS_PROFILE", "lab")], home.path());
        assert_eq!(fetch(&lab).await.unwrap(), ("LAB".into(), Some("T".into())));
    }

    #[tokio::test]
    async fn an_explicit_file_is_the_only_place() {
        let home = home();
        let file = home.path().join("keys.ini");
        fs_err::write(&file, "[default]\naws_access_key_id = FILE\naws_secret_access_key = s3cret4\n").unwrap();
        let keys = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s3cret3")];
        let mut explicit = options(&keys, home.path());
        explicit.aws_credentials_file = Some(file.clone());
        assert_eq!(fetch(&explicit).await.unwrap(), ("FILE".into(), None));
        fs_err::write(&file, "[other]\nx = y\n").unwrap();
        let error = fetch(&explicit).await.unwrap_err().to_string();
        assert!(error.contains("no access key for profile \"default\" in"), "{error}");
    }

    #[tokio::test]
    async fn other_files_and_processes_are_used_where_the_variables_point() {
        let home = home();
        let config = home.path().join("config");
        let answer = r#"{"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s3cret5"}"#;
        fs_err::write(home.path().join("answer.json"), answer).unwrap();
        let command = format!("cat {}", home.path().join("answer.json").display());
        fs_err::write(&config, format!("[default]\ncredential_process = {command}\n")).unwrap();
        let variables =
            [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")];
        assert_eq!(fetch(&options(&variables, home.path())).await.unwrap().0, "PROCESS");
    }

    #[tokio::test]
    async fn nothing_found_names_the_places() {
        let home = tempfile::tempdir().unwrap();
        let error = fetch(&options(&[], home.path())).await.unwrap_err().to_string();
        assert!(error.contains("no AWS credentials in the environment, in ~/.aws (profile \"default\")"), "{error}");
    }

    /// Answers every request that contains `expected` with `body`, any other with 404.
    async fn serve(answers: &'static [(&'static str, &'static str)]) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = vec![0; 8192];
                let length = socket.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let answer = answers.iter().find(|(expected, _)| request.contains(expected));
                let (status, body) = answer.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", *body));
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        format!("http://{address}")
    }

    const ROLE: &str = r#"{"Code": "Success", "AccessKeyId": "ROLE", "SecretAccessKey": "s3cret6", "Token": "T",
        "Expiration": "2999-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC"}"#;

    #[tokio::test]
    async fn a_container_role_is_found() {
        let home = tempfile::tempdir().unwrap();
        let service = serve(&[("GET /v2/role", ROLE)]).await;
        let uri = format!("{service}/v2/role");
        let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str())];
        let found = fetch(&options(&variables, home.path())).await.unwrap();
        assert_eq!(found, ("ROLE".into(), Some("T".into())));
    }

    #[tokio::test]
    async fn an_instance_role_is_found() {
        let home = tempfile::tempdir().unwrap();
        let service = serve(&[
            ("PUT /latest/api/token", "a-token"),
            ("GET /latest/meta-data/iam/security-credentials/my-role", ROLE),
            ("GET /latest/meta-data/iam/security-credentials/", "my-role"),
        ])
        .await;
        let mut on_instance = options(&[], home.path());
        let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT".to_owned(), service)];
        on_instance.environment = Environment::new(variables.into(), Some(home.path().into()), home.path().into());
        let source = from_environment(&Operation::new("open", "s3://b"), &on_instance).unwrap();
        let found = source.get_credential().await.unwrap();
        assert_eq!(found.credential.key_id, "ROLE");
        assert_eq!(found.expires_at, Some("2999-01-01T00:00:00Z".parse().unwrap()));
    }
}
