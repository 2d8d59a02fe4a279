//! Faults: what goes wrong, where, and how often.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::state::Shared;

/// One thing that goes wrong a number of times.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// Where.
    pub endpoint: Endpoint,
    /// What.
    pub kind: FaultKind,
    /// How often.
    #[serde(default = "once")]
    pub times: usize,
}

fn once() -> usize {
    1
}

/// The endpoints that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `GET /config`.
    Configuration,
    /// The OAuth token endpoint.
    Token,
    /// A bucket by name or id, and the list of buckets.
    Bucket,
    /// `find/by_path`.
    ByPath,
    /// `make_tmp_credentials`.
    Credentials,
    /// A job.
    Job,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Answers with this status instead.
    Status(u16),
    /// Answers 503 and asks to wait so many seconds.
    RetryAfter(u64),
    /// Does the work, then breaks the connection before the end of the answer.
    Drop,
    /// Answers after so many milliseconds.
    Delay(u64),
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/api/v1/config" => Some(Self::Configuration),
            "/oauth/token" => Some(Self::Token),
            _ if path.starts_with("/api/v1/jobs/") => Some(Self::Job),
            _ if path.ends_with("/make_tmp_credentials") => Some(Self::Credentials),
            _ if path.ends_with("/find/by_path") => Some(Self::ByPath),
            _ if path.contains("/api/v1/buckets/buckets") => Some(Self::Bucket),
            _ => None,
        }
    }
}

/// Notes the request, lets what shall go wrong go wrong, and dates the answer by the platform's clock.
pub(super) async fn inject(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let fault = take(&shared, &request);
    let mut response = match fault {
        None => next.run(request).await,
        Some(FaultKind::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "injected fault").into_response()
        }
        Some(FaultKind::RetryAfter(seconds)) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Some(FaultKind::Drop) => broken(next.run(request).await),
        Some(FaultKind::Delay(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            next.run(request).await
        }
    };
    let date = shared.lock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).expect("a date is a header value"));
    response
}

fn take(shared: &Shared, request: &Request) -> Option<FaultKind> {
    let path = request.uri().path();
    let mut state = shared.lock();
    if !path.starts_with("/control/") {
        state.requests.push(format!("{} {}", request.method(), request.uri()));
    }
    let endpoint = Endpoint::of(path)?;
    let fault = state.faults.iter_mut().find(|fault| fault.endpoint == endpoint && fault.times > 0)?;
    fault.times -= 1;
    Some(fault.kind.clone())
}

/// The same answer with a body that ends too early.
fn broken(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    let pieces = futures_util::stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "injected fault")),
    ]);
    Response::from_parts(parts, Body::from_stream(pieces))
}
