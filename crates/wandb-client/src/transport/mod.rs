//! HTTP to the server: one client with the key, one without it for links to elsewhere, and the retries of both.

mod authorization;
mod call;
mod setup;
mod words;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::WandbError;
use crate::retry::{RetryPolicy, Tries, is_temporary, retry_after};
use crate::settings::{BaseUrl, CredentialSource, Settings};
use authorization::Authorization;
use setup::{http_client, server_headers, setup};

pub(crate) use authorization::secret_header;
pub(crate) use call::{Answer, Body, Call, FilePart, Key};
pub(crate) use words::{graphql_messages, server_message};

/// How long a download may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 50 * 1024;

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
