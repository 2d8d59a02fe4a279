use std::collections::BTreeMap;

use wabucket_model::Environment;
use wandb_client::{Client, Server, Settings, WandbError};

use crate::server::{Answer, Scripted, quick_retry};

const VIEWER: &str = r#"{"data":{"viewer":{"entity":"me","username":"me","email":null}}}"#;

/// A home with an identity token in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs_err::write(home.path().join("token"), "a.b.c/+ \n").unwrap();
        Self(home)
    }

    fn client(&self, server: &Scripted) -> Client {
        let variables = [("WANDB_IDENTITY_TOKEN_FILE", "token"), ("WANDB_BASE_URL", server.url.as_str())];
        let variables: BTreeMap<_, _> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let path = self.0.path().to_path_buf();
        let environment = Environment::new(variables, Some(path.clone()), path);
        Client::new(Settings::resolve(&environment, Server::FromEnvironment).unwrap(), quick_retry()).unwrap()
    }

    fn cache(&self) -> std::path::PathBuf {
        self.0.path().join(".config/wandb/credentials.json")
    }

    fn cached(&self) -> serde_json::Value {
        serde_json::from_slice(&fs_err::read(self.cache()).unwrap()).unwrap()
    }

    fn keep(&self, server: &Scripted, token: &str, seconds: i64) {
        let expires_at =
            (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).strftime("%F %T").to_string();
        let entry = serde_json::json!({"expires_at": expires_at, "access_token": token});
        let cache = serde_json::json!({"credentials": {server.url.as_str(): entry, "https://other": entry}});
        fs_err::create_dir_all(self.cache().parent().unwrap()).unwrap();
        fs_err::write(self.cache(), cache.to_string()).unwrap();
    }
}

fn token(name: &str, seconds: u32) -> Answer {
    Answer::new(200, serde_json::json!({"access_token": name, "expires_in": seconds}).to_string())
}

/// What was sent with each request; nothing is an empty text.
fn bearers(server: &Scripted) -> Vec<String> {
    server.asked().into_iter().map(|asked| asked.authorization.unwrap_or_default()).collect()
}

fn bearer(name: &str) -> String {
    format!("Bearer {name}")
}

#[tokio::test]
async fn a_token_is_exchanged_once_and_kept_for_the_next_command() {
    let (home, server) = (Home::new(), Scripted::start(vec![token("one", 3600)]).await);
    let client = home.client(&server);
    for _ in 0..3 {
        server.add(Answer::new(200, VIEWER));
    }
    client.viewer().await.unwrap();
    client.viewer().await.unwrap();
    home.client(&server).viewer().await.unwrap();
    assert_eq!(bearers(&server), [String::new(), bearer("one"), bearer("one"), bearer("one")]);
    let exchange = &server.asked()[0];
    assert_eq!((exchange.method.as_str(), exchange.path.as_str()), ("POST", "/oidc/token"));
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c%2F%2B";
    assert_eq!(exchange.body, form.as_bytes());
    let entry = &home.cached()["credentials"][&server.url];
    assert_eq!(entry["access_token"], "one");
    assert_eq!(entry["expires_at"].as_str().unwrap().len(), "2026-01-01 00:00:00".len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs_err::metadata(home.cache()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_lifetime_beyond_all_dates_is_no_harm() {
    let answer = Answer::new(200, r#"{"access_token": "one", "expires_in": 1e18}"#);
    let (home, server) = (Home::new(), Scripted::start(vec![answer, Answer::new(200, VIEWER)]).await);
    home.client(&server).viewer().await.unwrap();
    assert_eq!(bearers(&server), [String::new(), bearer("one")]);
}

#[tokio::test]
async fn a_kept_token_is_used_while_it_lasts_and_others_stay() {
    let (home, server) = (Home::new(), Scripted::start(vec![Answer::new(200, VIEWER)]).await);
    home.keep(&server, "kept", 400);
    home.client(&server).viewer().await.unwrap();
    home.keep(&server, "kept", 299);
    server.add(token("fresh", 3600));
    server.add(Answer::new(200, VIEWER));
    home.client(&server).viewer().await.unwrap();
    assert_eq!(bearers(&server), [bearer("kept"), String::new(), bearer("fresh")]);
    assert_eq!(home.cached()["credentials"]["https://other"]["access_token"], "kept");
}

#[tokio::test]
async fn a_token_that_is_refused_early_is_exchanged_once_more() {
    let (home, server) = (Home::new(), Scripted::start(vec![Answer::new(401, "{}"), token("fresh", 3600)]).await);
    server.add(Answer::new(200, VIEWER));
    home.keep(&server, "revoked", 4000);
    home.client(&server).viewer().await.unwrap();
    assert_eq!(bearers(&server), [bearer("revoked"), String::new(), bearer("fresh")]);
    for answer in [Answer::new(401, "{}"), token("new", 3600), Answer::new(401, "{}")] {
        server.add(answer);
    }
    let error = home.client(&server).viewer().await.unwrap_err();
    assert!(matches!(error, WandbError::NotAuthenticated { .. }), "{error:?}");
    assert!(error.to_string().contains("the identity token in "), "{error}");
}

#[tokio::test]
async fn a_refused_exchange_says_so_in_the_servers_words() {
    for status in [400, 401, 403] {
        let refusal = Answer::new(status, r#"{"error":"issuer is not trusted"}"#);
        let (home, server) = (Home::new(), Scripted::start(vec![refusal]).await);
        let error = home.client(&server).viewer().await.unwrap_err();
        assert!(matches!(error, WandbError::IdentityTokenRefused { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("issuer is not trusted") && !text.contains("a.b.c"), "{text}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn the_exchange_outlasts_a_server_that_is_busy() {
    let (home, server) = (Home::new(), Scripted::start(vec![Answer::new(503, ""), Answer::new(429, "")]).await);
    server.add(token("one", 3600));
    server.add(Answer::new(200, VIEWER));
    home.client(&server).viewer().await.unwrap();
    assert_eq!(server.asked().len(), 4);
}
