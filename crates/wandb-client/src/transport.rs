//! HTTP to the server: one client with the key, one without it for links to elsewhere, and the retries of both.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use url::Url;

use crate::WandbError;
use crate::access_token::AccessTokens;
use crate::retry::{Conflict, RetryPolicy, Tries, is_temporary, retry_after};
use crate::settings::{BaseUrl, CredentialSource, Credentials, Settings};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a download may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 50 * 1024;

/// Longest text of a foreign answer that goes into a message.
const MAX_MESSAGE: usize = 500;

/// Whether the API key goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// To the server itself.
    Sent,
    /// To links that the server gave: they carry their own permission, and stores refuse a second one.
    Withheld,
}

impl Key {
    /// For a link that the server gave: one that is relative leads to the server itself.
    pub(crate) fn for_link(address: &str) -> Self {
        if address.starts_with('/') { Self::Sent } else { Self::Withheld }
    }
}

/// What is sent to the server.
pub(crate) struct Call<'a> {
    /// The operation in the user's words, for messages.
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) key: Key,
    pub(crate) body: Body,
    /// Headers that the server asked for; with them comes no `Content-Type` of ours.
    pub(crate) headers: HeaderMap,
    pub(crate) conflict: Conflict,
    pub(crate) retry: RetryPolicy,
}

/// What a request carries.
pub(crate) enum Body {
    Empty,
    Bytes(Bytes),
    /// A stretch of a file, read anew for each try.
    File(FilePart),
}

/// A stretch of a file.
pub(crate) struct FilePart {
    pub(crate) path: PathBuf,
    pub(crate) start: u64,
    /// In bytes.
    pub(crate) length: u64,
}

impl Body {
    fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(part) => part.length,
        }
    }

    async fn open(&self) -> std::io::Result<reqwest::Body> {
        match self {
            Self::Empty => Ok(reqwest::Body::default()),
            Self::Bytes(bytes) => Ok(bytes.clone().into()),
            Self::File(part) => {
                let mut file = fs_err::tokio::File::open(&part.path).await?;
                file.seek(SeekFrom::Start(part.start)).await?;
                Ok(reqwest::Body::wrap_stream(ReaderStream::new(file.take(part.length))))
            }
        }
    }
}

/// An answer with a good status, received in full.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The connection to one server.
pub(crate) struct Transport {
    http: reqwest::Client,
    links: reqwest::Client,
    base_url: BaseUrl,
    authorization: Authorization,
    source_of_credentials: CredentialSource,
    server_headers: HeaderMap,
    pub(crate) retry: RetryPolicy,
}

impl Transport {
    pub(crate) fn new(settings: &Settings, retry: RetryPolicy) -> Result<Self, WandbError> {
        Ok(Self {
            http: http_client(settings)?.build().map_err(|error| setup(&error))?,
            links: http_client(settings)?.read_timeout(SILENCE).build().map_err(|error| setup(&error))?,
            base_url: settings.base_url.clone(),
            authorization: Authorization::new(&settings.credentials),
            source_of_credentials: settings.credentials.source(),
            server_headers: server_headers(settings)?,
            retry,
        })
    }

    /// An address that the server gave: absolute, or relative to the server.
    pub(crate) fn resolve(&self, operation: &str, address: &str) -> Result<Url, WandbError> {
        let absolute = if address.starts_with('/') { self.base_url.at(address) } else { address.to_owned() };
        Url::parse(&absolute).map_err(|_| WandbError::Protocol {
            operation: operation.to_owned(),
            message: "it holds an address that is none".to_owned(),
        })
    }

    /// The server's address.
    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The proof of who we are, if it may go to this address at all.
    pub(crate) async fn authorization_for(&self, url: &Url) -> Result<Option<HeaderValue>, WandbError> {
        if !self.base_url.covers(url) {
            return Ok(None);
        }
        match &self.authorization {
            Authorization::ApiKey(header) => Ok(Some(header.clone())),
            // Boxed, since the exchange is itself a request.
            Authorization::IdentityToken(tokens) => Ok(Some(Box::pin(tokens.header(self)).await?)),
        }
    }

    /// Sends, and again while that may help. The answer has a good status and is complete.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, WandbError> {
        let mut tries = Tries::new(call.retry);
        let mut has_renewed = false;
        loop {
            tries.count += 1;
            let authorization = match call.key {
                Key::Sent => self.authorization_for(&call.url).await?,
                Key::Withheld => None,
            };
            let body = call.body.open().await?;
            let failure = match self.request(&call, body, authorization.as_ref()).send().await {
                Ok(response) if response.status().is_success() => match Answer::receive(response).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => Failure::of_network(error),
                },
                Ok(response) => {
                    let is_refused = response.status() == StatusCode::UNAUTHORIZED && !has_renewed;
                    if is_refused && self.forget(authorization.as_ref()).await {
                        has_renewed = true;
                        continue;
                    }
                    self.failure(&call, response).await?
                }
                Err(error) if is_certificate(&error) => {
                    let host = call.url.host_str().unwrap_or_default().to_owned();
                    return Err(WandbError::UntrustedCertificate { host, message: describe(&error) });
                }
                Err(error) if error.is_builder() || error.is_redirect() => {
                    return Err(unavailable(&call, &tries, Failure::of_network(error)));
                }
                Err(error) => Failure::of_network(error),
            };
            tracing::debug!(operation = call.operation, tries = tries.count, failure = %failure.message, "failed, may try again");
            if !tries.wait(failure.wait).await {
                return Err(unavailable(&call, &tries, failure));
            }
        }
    }

    /// An access token was refused: the next request gets another one. Whether there can be another one.
    async fn forget(&self, refused: Option<&HeaderValue>) -> bool {
        let (Authorization::IdentityToken(tokens), Some(refused)) = (&self.authorization, refused) else {
            return false;
        };
        tokens.forget(refused).await;
        true
    }

    fn request(
        &self,
        call: &Call<'_>,
        body: reqwest::Body,
        authorization: Option<&HeaderValue>,
    ) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .timeout(call.retry.try_timeout + Duration::from_secs(call.body.length() / SLOWEST_UPLOAD))
            .headers(call.headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization).headers(self.server_headers.clone());
        }
        if matches!(call.body, Body::Empty) {
            return request;
        }
        // Object stores refuse bodies of unknown length. This replaces what a server may have listed.
        let length = [(CONTENT_LENGTH, HeaderValue::from(call.body.length()))];
        request.headers(HeaderMap::from_iter(length)).body(body)
    }

    /// A bad status: an error if it is final, else what to know before the next try.
    async fn failure(&self, call: &Call<'_>, response: Response) -> Result<Failure, WandbError> {
        let status = response.status();
        let wait = retry_after(response.headers());
        let message = server_message(&response.text().await.unwrap_or_default());
        if is_temporary(status, call.conflict) {
            return Ok(Failure { wait, message: format!("status {}: {message}", status.as_u16()), source: None });
        }
        if call.key == Key::Withheld && status == StatusCode::UNAUTHORIZED {
            // Nothing of ours was sent that could be wrong: the link is.
            return Err(WandbError::NotAllowed { operation: call.operation.to_owned(), message });
        }
        Err(self.refusal(call.operation, status, message))
    }

    /// The error for a final status.
    pub(crate) fn refusal(&self, operation: &str, status: StatusCode, message: String) -> WandbError {
        let operation = operation.to_owned();
        match status {
            StatusCode::UNAUTHORIZED => self.not_authenticated(),
            StatusCode::FORBIDDEN => WandbError::NotAllowed { operation, message },
            StatusCode::NOT_FOUND => WandbError::NotFound { operation, message },
            _ => WandbError::Refused { operation, status, message },
        }
    }

    pub(crate) fn not_authenticated(&self) -> WandbError {
        let source_of_credentials = self.source_of_credentials.clone();
        WandbError::NotAuthenticated { host: self.base_url.host(), source_of_credentials }
    }

    /// A client for downloads from links that may lead anywhere; it gives up on those that fall silent.
    pub(crate) fn links(&self) -> &reqwest::Client {
        &self.links
    }
}

/// What goes into the header of that name.
enum Authorization {
    ApiKey(HeaderValue),
    IdentityToken(AccessTokens),
}

impl Authorization {
    fn new(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::ApiKey { key, .. } => {
                let encoded = BASE64.encode(format!("api:{}", key.expose_secret()));
                Self::ApiKey(secret_header(&format!("Basic {encoded}")).expect("base64 is a header value"))
            }
            Credentials::IdentityToken(identity) => Self::IdentityToken(AccessTokens::new(identity.clone())),
        }
    }
}

/// A header's value that no message shows.
pub(crate) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Answer {
    async fn receive(response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await? })
    }
}

struct Failure {
    wait: Option<Duration>,
    message: String,
    source: Option<reqwest::Error>,
}

impl Failure {
    fn of_network(error: reqwest::Error) -> Self {
        Self { wait: None, message: describe(&error), source: Some(error.without_url()) }
    }
}

fn unavailable(call: &Call<'_>, tries: &Tries, failure: Failure) -> WandbError {
    WandbError::Unavailable {
        operation: call.operation.to_owned(),
        message: failure.message,
        tries: tries.count,
        elapsed: tries.elapsed(),
        source: failure.source,
    }
}

fn is_certificate(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        if source.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = source.source();
    }
    false
}

fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    // The innermost cause is the one that says something: "connection refused".
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The server's own words, out of any of the shapes it answers in.
pub(crate) fn server_message(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(body) else {
        let is_page = body.trim_start().starts_with('<');
        let text = if is_page { "the answer is a web page, not W&B's" } else { body.trim() };
        return shorten(if text.is_empty() { "no message" } else { text });
    };
    if let Some(messages) = graphql_messages(&value) {
        return shorten(&messages);
    }
    let error = &value["error"];
    let text = error.as_str().or_else(|| error["message"].as_str()).map_or_else(|| value.to_string(), str::to_owned);
    shorten(&text)
}

/// The messages of a GraphQL answer, if it has errors: one as it is, several as `[a; b]`.
pub(crate) fn graphql_messages(value: &serde_json::Value) -> Option<String> {
    let errors = value.get("errors")?.as_array().filter(|errors| !errors.is_empty())?;
    let message = |error: &serde_json::Value| {
        error["message"].as_str().or_else(|| error.as_str()).map_or_else(|| error.to_string(), str::to_owned)
    };
    let messages: Vec<_> = errors.iter().map(message).collect();
    Some(if messages.len() == 1 { messages[0].clone() } else { format!("[{}]", messages.join("; ")) })
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn setup(error: &reqwest::Error) -> WandbError {
    WandbError::Setup(describe(error))
}

fn http_client(settings: &Settings) -> Result<reqwest::ClientBuilder, WandbError> {
    let network = &settings.network;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("wabucket/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT);
    if settings.base_url.is_loopback() {
        // No proxy can reach a server on this machine.
        builder = builder.no_proxy();
    }
    let authorities = network.authorities.read()?;
    builder = authorities.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    if let Some(proxy) = &network.http_proxy {
        builder = builder.proxy(reqwest::Proxy::http(proxy).map_err(|error| setup(&error))?);
    }
    if let Some(proxy) = &network.https_proxy {
        builder = builder.proxy(reqwest::Proxy::https(proxy).map_err(|error| setup(&error))?);
    }
    if network.accepts_any_certificate {
        builder = builder.danger_accept_invalid_certs(true);
    }
    Ok(builder)
}

fn server_headers(settings: &Settings) -> Result<HeaderMap, WandbError> {
    let network = &settings.network;
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), WandbError> {
        let bad = || WandbError::Setup(format!("{name} cannot be a header"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.insert(name, secret_header(value).ok_or_else(bad)?);
        Ok(())
    };
    for (name, value) in [("X-WANDB-USERNAME", &network.user_name), ("X-WANDB-USER-EMAIL", &network.user_email)] {
        if let Some(value) = value {
            add(name, value)?;
        }
    }
    for (name, value) in &network.extra_headers {
        add(name, value.expose_secret())?;
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_server_are_found_in_every_shape() {
        for (body, message) in [
            (r#"{"errors":[{"message":"a"}]}"#, "a"),
            (r#"{"errors":["a",{"message":"b"}]}"#, "[a; b]"),
            (r#"{"error":"a"}"#, "a"),
            (r#"{"error":{"message":"a"}}"#, "a"),
            ("plain", "plain"),
            ("", "no message"),
            ("<html>x</html>", "the answer is a web page, not W&B's"),
        ] {
            assert_eq!(server_message(body), message);
        }
        assert!(server_message(&"x".repeat(10_000)).chars().count() <= MAX_MESSAGE + 1);
    }
}
