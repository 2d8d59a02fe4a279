//! The HTTP layer below every remote store: failures keep their status and the store's own words as a type.
//!
//! `object_store` flattens a failed answer into text that shows the whole URL. This layer sits below it and turns a
//! failed answer into [`Failure`], which travels through `object_store`'s error as its source, and is found again there.

use std::error::Error;

use async_trait::async_trait;
use md5::Digest;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpService,
    ReqwestConnector,
};
use wabucket_model::Md5;

/// A failed exchange with a store.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// The store answered, and the answer is no.
    #[error("HTTP status {status}{}{}", separated(": ", code), separated(": ", message))]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The store's error code, as `AccessDenied`; empty if it sent none.
        code: String,
        /// The store's own words; may be empty.
        message: String,
    },
    /// There was no complete answer.
    #[error("{message}")]
    Transport {
        /// What kind of failure it was.
        kind: HttpErrorKind,
        /// The chain of causes, without the URL.
        message: String,
    },
}

fn separated(separator: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{separator}{text}") }
}

/// What a failure means for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    NotAuthenticated,
    NotAllowed,
    NoSuchBucket,
    NotFound,
    Temporary,
    Other,
}

/// Error codes of S3 (API reference, "List of error codes") that say the credentials are no good, whatever the status.
const CREDENTIAL_CODES: [&str; 9] = [
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidAuthenticationInfo",
    "InvalidToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// Error codes of S3 that ask for another try although their status does not.
const TEMPORARY_CODES: [&str; 4] = ["InternalError", "RequestTimeout", "SlowDown", "XAmzContentSHA256Mismatch"];

impl Failure {
    /// Finds the failure inside an error of `object_store`.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(failure) = error.downcast_ref::<Self>() {
                return Some(failure.clone());
            }
            if let Some(http) = error.downcast_ref::<HttpError>() {
                match http.source().and_then(|source| source.downcast_ref::<Self>()) {
                    Some(failure) => return Some(failure.clone()),
                    None => return Some(Self::transport(http)),
                }
            }
            next = error.source();
        }
        None
    }

    pub(crate) fn transport(error: &HttpError) -> Self {
        Self::Transport { kind: error.kind(), message: chain(error) }
    }

    /// From an exchange of `reqwest`'s own; the caller has removed the URL.
    pub(crate) fn lost(error: &reqwest::Error) -> Self {
        Self::Transport { kind: HttpErrorKind::Unknown, message: chain(error) }
    }

    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Transport { .. } => FailureKind::Temporary,
            Self::Answer { code, .. } if CREDENTIAL_CODES.contains(&code.as_str()) => FailureKind::NotAuthenticated,
            Self::Answer { code, .. } if TEMPORARY_CODES.contains(&code.as_str()) => FailureKind::Temporary,
            Self::Answer { code, .. } if code == "NoSuchBucket" || code == "ContainerNotFound" => {
                FailureKind::NoSuchBucket
            }
            // The answer to HEAD has no body to say it in; S3 answers 400 there when the session token has expired.
            Self::Answer { status: 400, code, message } if code.is_empty() && message.is_empty() => {
                FailureKind::NotAuthenticated
            }
            Self::Answer { status, .. } => match status {
                401 => FailureKind::NotAuthenticated,
                403 => FailureKind::NotAllowed,
                404 => FailureKind::NotFound,
                408 | 429 | 500..=599 => FailureKind::Temporary,
                _ => FailureKind::Other,
            },
        }
    }

    /// Reads a failed answer: Google's JSON, or what S3 and Azure send, `<Error><Code>…</Code><Message>…</Message></Error>`.
    pub(crate) fn from_answer(status: u16, body: &str) -> Self {
        if let Some((code, message)) = json_error(body) {
            return Self::Answer { status, code, message };
        }
        let element = |name: &str| {
            let start = body.find(&format!("<{name}>"))? + name.len() + 2;
            let end = body[start..].find(&format!("</{name}>"))? + start;
            quick_xml::escape::unescape(&body[start..end]).ok().map(std::borrow::Cow::into_owned)
        };
        let plain = || if body.contains('<') { String::new() } else { body.chars().take(300).collect() };
        Self::Answer {
            status,
            code: element("Code").unwrap_or_default(),
            message: element("Message").unwrap_or_else(plain).trim().to_owned(),
        }
    }
}

/// `{"error": {"message": …, "errors": [{"reason": …}]}}` (JSON API reference, "HTTP status and error codes").
fn json_error(body: &str) -> Option<(String, String)> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let error = answer.get("error")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Some((text(&error["errors"][0]["reason"]), text(&error["message"])))
}

/// The messages of an error and its causes; what repeats its cause is said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}

/// Marks the answer of a store that encrypted what it was sent: its `ETag` need not be the MD5 of the content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encrypted;

/// Marks the answer of a store that said the MD5 of what it received, and it was that of what was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verified;

/// Builds the HTTP clients of the stores.
#[derive(Debug, Default)]
pub(crate) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service { inner }))
    }
}

#[derive(Debug)]
struct Service {
    inner: HttpClient,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let may_fail_inside = request.method() == http::Method::POST
            || (request.method() == http::Method::PUT && request.headers().contains_key("x-amz-copy-source"));
        let sent = (request.method() == http::Method::PUT).then(|| request.body().clone());
        let mut response = self.inner.execute(request).await?;
        let status = response.status();
        // `object_store` gives 304, 409 and 412 a meaning of their own, and redirects too.
        if status.as_u16() >= 400 && !matches!(status.as_u16(), 409 | 412) {
            let body = response.into_body().bytes().await.unwrap_or_default();
            return Err(failed(Failure::from_answer(status.as_u16(), &String::from_utf8_lossy(&body))));
        }
        if let (Some(sent), Some(received)) = (sent, received_md5(response.headers())) {
            if md5_of(sent).await != received {
                let message = "it arrived altered: the store received other bytes than were sent".to_owned();
                return Err(failed(Failure::Transport { kind: HttpErrorKind::Unknown, message }));
            }
            response.extensions_mut().insert(Verified);
        }
        if encrypts(response.headers()) {
            response.extensions_mut().insert(Encrypted);
        }
        if may_fail_inside && status.is_success() {
            return error_inside_success(response).await;
        }
        Ok(response)
    }
}

fn failed(failure: Failure) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, failure)
}

/// Whether the store says that it encrypted with keys that change the `ETag` (SSE-KMS, DSSE-KMS, SSE-C).
fn encrypts(headers: &http::HeaderMap) -> bool {
    headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
        || headers.get("x-amz-server-side-encryption").is_some_and(|value| value.as_bytes().starts_with(b"aws:kms"))
}

/// Azure answers each PUT with the MD5 of what it received (REST reference, "Put Blob" and "Put Block").
fn received_md5(headers: &http::HeaderMap) -> Option<Md5> {
    Md5::from_base64(headers.get("content-md5")?.to_str().ok()?)
}

async fn md5_of(mut body: HttpRequestBody) -> Md5 {
    use http_body_util::BodyExt;
    let mut hasher = md5::Md5::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(bytes) = frame.into_data() {
            hasher.update(&bytes);
        }
    }
    Md5::from_bytes(hasher.finalize().into())
}

/// S3 starts the answer to a long operation before it knows the end, and may send an error under status 200
/// (API reference, `CompleteMultipartUpload` and `CopyObject`).
async fn error_inside_success(response: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let body = body.bytes().await?;
    let text = String::from_utf8_lossy(&body);
    if text.contains("<Error>") && text.contains("<Code>") && !text.contains("<DeleteResult") {
        return Err(failed(Failure::from_answer(500, &text)));
    }
    Ok(HttpResponse::from_parts(parts, body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        let body = "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>a &lt;b&gt;</Message></Error>";
        let failure = Failure::from_answer(400, body);
        assert_eq!(failure.kind(), FailureKind::NotAuthenticated);
        assert_eq!(failure.to_string(), "HTTP status 400: ExpiredToken: a <b>");
        for (status, kind) in [
            (401, FailureKind::NotAuthenticated),
            (403, FailureKind::NotAllowed),
            (404, FailureKind::NotFound),
            (429, FailureKind::Temporary),
            (503, FailureKind::Temporary),
            (400, FailureKind::NotAuthenticated),
            (405, FailureKind::Other),
        ] {
            assert_eq!(Failure::from_answer(status, "").kind(), kind, "{status}");
        }
        assert_eq!(Failure::from_answer(502, "<html>").to_string(), "HTTP status 502");
    }
}
