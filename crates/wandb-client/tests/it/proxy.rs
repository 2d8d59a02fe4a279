//! The real registry behind a proxy that makes faults.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use wabucket_registry::{Registry, RegistryOptions};
use wandb_client::Client;

/// What happens to a request.
pub(crate) enum Fault {
    None,
    /// It is carried out, but its answer is a 502.
    Lose,
    /// It is not carried out.
    Refuse(StatusCode),
}

/// A request as the proxy sees it.
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

impl Seen {
    /// The name of a GraphQL operation.
    pub(crate) fn operation(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        body["operationName"].as_str().map(str::to_owned)
    }
}

type Judge = Arc<dyn Fn(&Seen) -> Fault + Send + Sync>;

#[derive(Clone)]
struct Proxy {
    upstream: String,
    judge: Judge,
}

/// A registry over a directory of its own, and a client that reaches it through the proxy.
pub(crate) struct Proxied {
    pub(crate) registry: Registry,
    pub(crate) client: Client,
    pub(crate) directory: tempfile::TempDir,
}

impl Proxied {
    pub(crate) async fn start(judge: impl Fn(&Seen) -> Fault + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let options = RegistryOptions { directory: directory.path().join("registry"), address };
        let registry = Registry::start(options).await.unwrap();
        let upstream = registry.base_url().as_str().trim_end_matches('/').to_owned();
        let app = Router::new().fallback(forward).with_state(Proxy { upstream, judge: Arc::new(judge) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = crate::server::client_with_key(&url, registry.api_key().expose_secret());
        Self { registry, client, directory }
    }
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let fault = (proxy.judge)(&Seen { method: parts.method.to_string(), path: path.clone(), body: body.clone() });
    if let Fault::Refuse(status) = fault {
        return (status, "refused on purpose").into_response();
    }
    let sent = reqwest::Client::new()
        .request(parts.method, format!("{}{path}", proxy.upstream))
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .unwrap();
    if let Fault::Lose = fault {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let mut response = Response::builder().status(sent.status());
    for (name, value) in sent.headers() {
        response = response.header(name, value);
    }
    response.body(Body::from(sent.bytes().await.unwrap())).unwrap()
}
