//! The gate before a real S3 server: it knows the temporary credentials, their end and what their session policy allows.
//!
//! Signatures are left to the server behind; the gate checks the key, the session token, its age, the bucket and the
//! action. Requests pass byte for byte, so that no key is ever normalised.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::state::{Session, Shared};

#[derive(Clone)]
struct Gate {
    shared: Shared,
    upstream: Upstream,
}

/// The S3 server behind the gate.
#[derive(Clone)]
pub(super) struct Upstream {
    origin: String,
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    /// An S3 server that takes any credentials, such as `moto_server`.
    pub(super) fn new(origin: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { origin: origin.trim_end_matches('/').to_owned(), client }
    }

    async fn send(&self, mut request: Request) -> Result<Response, String> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{}{path}", self.origin).parse::<Uri>().map_err(|error| error.to_string())?;
        request.headers_mut().remove(header::EXPECT);
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        Ok(response.into_response())
    }
}

pub(super) fn routes(shared: Shared, upstream: Upstream) -> Router {
    Router::new().fallback(pass).with_state(Gate { shared, upstream })
}

/// Makes the real bucket behind the gate, if there is a gate.
pub(super) async fn make_bucket(shared: &Shared, name: &str) -> Result<(), String> {
    let Some(origin) = shared.lock().upstream_origin.clone() else { return Ok(()) };
    let authorization = "AWS4-HMAC-SHA256 Credential=fake/20260101/us-east-1/s3/aws4_request, \
                         SignedHeaders=host, Signature=0";
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/{name}"))
        .header(header::AUTHORIZATION, authorization)
        .body(Body::empty())
        .expect("a bucket's real name makes a valid path");
    let response = Upstream::new(&origin).send(request).await?;
    if response.status().is_success() { Ok(()) } else { Err(format!("making the bucket: {}", response.status())) }
}

async fn pass(State(gate): State<Gate>, mut request: Request) -> Response {
    if let Err(refusal) = check(&gate.shared, &request) {
        return refusal.into_response();
    }
    // The server behind has its own name; the client's would make it look for a bucket there.
    request.headers_mut().remove(header::HOST);
    match gate.upstream.send(request).await {
        Ok(response) => response,
        Err(message) => (StatusCode::BAD_GATEWAY, message).into_response(),
    }
}

/// An S3 error.
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{0}</Code><Message>{0}</Message></Error>",
            self.1
        );
        let xml = HeaderValue::from_static("application/xml");
        (self.0, [(header::CONTENT_TYPE, xml)], body).into_response()
    }
}

const ACCESS_DENIED: Refusal = Refusal(StatusCode::FORBIDDEN, "AccessDenied");
const INVALID_TOKEN: Refusal = Refusal(StatusCode::BAD_REQUEST, "InvalidToken");
const EXPIRED_TOKEN: Refusal = Refusal(StatusCode::BAD_REQUEST, "ExpiredToken");

fn check(shared: &Shared, request: &Request) -> Result<(), Refusal> {
    let key = access_key(request).ok_or(ACCESS_DENIED)?;
    let session = shared.lock().sessions.get(&key).cloned();
    let session = session.ok_or(Refusal(StatusCode::FORBIDDEN, "InvalidAccessKeyId"))?;
    if session.token != session_token(request) {
        return Err(INVALID_TOKEN);
    }
    if session.ends.is_some_and(|end| end <= Instant::now()) {
        return Err(EXPIRED_TOKEN);
    }
    let bucket = request.uri().path().trim_start_matches('/').split('/').next();
    if bucket != Some(session.bucket_name.as_str()) || !policy_allows(&session, request) {
        return Err(ACCESS_DENIED);
    }
    Ok(())
}

/// The session policy of the real platform: list, get, put and delete; no abort, no list of parts or of uploads.
fn policy_allows(session: &Session, request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair == name || pair.starts_with(&format!("{name}=")));
    let in_policy = !match *request.method() {
        Method::DELETE => has("uploadId"),
        Method::GET => has("uploadId") || has("uploads") || has("location") || has("tagging") || has("acl"),
        _ => false,
    };
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    in_policy && (!writes || !session.read_only)
}

/// The key id in the `Credential` of a signature version 4, in the header or in the query.
fn access_key(request: &Request) -> Option<String> {
    let signed = match request.headers().get(header::AUTHORIZATION) {
        Some(value) => value.to_str().ok()?.split("Credential=").nth(1)?.to_owned(),
        None => query_value(request, "X-Amz-Credential")?,
    };
    signed.split('/').next().map(str::to_owned)
}

fn session_token(request: &Request) -> Option<String> {
    match request.headers().get("x-amz-security-token") {
        Some(value) => value.to_str().ok().map(str::to_owned),
        None => query_value(request, "X-Amz-Security-Token"),
    }
}

fn query_value(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
