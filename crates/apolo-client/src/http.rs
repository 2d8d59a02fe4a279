//! One request to the platform, repeated as long as that is safe and may help.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_LENGTH, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use crate::Error;

/// Long enough for a slow link, short enough to notice a dead one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest silence within one answer; the platform's own client waits as long.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of the platform's own message goes into ours.
const MESSAGE_CHARACTERS: usize = 300;

/// How often and how long to repeat a request that failed for a temporary reason.
///
/// Repeated are: no connection, a connection that broke, 429, 502, 503 and 504, and 500 where the request asks for it.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Repetitions after the first attempt.
    pub repetitions: usize,
    /// The first pause; each next one is twice as long, with jitter.
    pub first_pause: Duration,
    /// The longest pause, also where the platform asks for a longer one.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { repetitions: 5, first_pause: Duration::from_millis(500), longest_pause: Duration::from_secs(20) }
    }
}

/// What the status 500 means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InternalError {
    /// A hiccup, worth another try.
    Temporary,
    /// An answer: the server knows no better word for "not found".
    Final,
}

/// One request, without its token.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Operation and object, for messages.
    pub(crate) operation: String,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) form: Option<Vec<(&'static str, SecretString)>>,
    pub(crate) internal_error: InternalError,
}

impl Call {
    pub(crate) fn get(operation: String, url: Url) -> Self {
        Self { operation, method: Method::GET, url, form: None, internal_error: InternalError::Temporary }
    }

    pub(crate) fn post(operation: String, url: Url) -> Self {
        Self { method: Method::POST, ..Self::get(operation, url) }
    }
}

/// An answer of any status that was not worth another try.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) operation: String,
    pub(crate) status: StatusCode,
    pub(crate) clock: Option<ClockDifference>,
    body: Body,
}

/// The body of an answer; it may hold tokens, so it is not shown.
struct Body(Vec<u8>);

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

/// How far the local clock is from the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockDifference(pub(crate) SignedDuration);

impl ClockDifference {
    /// Positive where the local clock is ahead.
    pub fn local_ahead_by(self) -> SignedDuration {
        self.0
    }

    fn of(headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let text = headers.get(DATE)?.to_str().ok()?;
        let server = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Self(now.duration_since(server)))
    }
}

impl Answer {
    /// The body as JSON. The parser's own complaint is not kept: it can quote a token.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        use serde_json::error::Category;
        serde_json::from_slice(&self.body.0).map_err(|error| {
            self.unexpected(match error.classify() {
                Category::Eof => "is cut off",
                Category::Data => "lacks a field, or has one of another type",
                Category::Syntax | Category::Io => "is not JSON",
            })
        })
    }

    /// The error for an answer without the promised form.
    pub(crate) fn unexpected(&self, problem: &'static str) -> Error {
        Error::UnexpectedAnswer { operation: self.operation.clone(), problem }
    }

    /// The platform's own words: the `error` or `description` of a JSON body, the missing permissions, or the text.
    pub(crate) fn message(&self) -> String {
        let text = match serde_json::from_slice::<serde_json::Value>(&self.body.0) {
            Ok(json) => ["error", "description", "missing"]
                .into_iter()
                .find_map(|key| json.get(key))
                .map_or_else(|| json.to_string(), |value| value.as_str().map_or(value.to_string(), str::to_owned)),
            Err(_) => String::from_utf8_lossy(&self.body.0).into_owned(),
        };
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(MESSAGE_CHARACTERS).collect()
    }

    /// The answer itself if its status is a success, else the error that the status means.
    pub(crate) fn success(self) -> Result<Self, Error> {
        let operation = self.operation.clone();
        match self.status {
            status if status.is_success() => Ok(self),
            StatusCode::FORBIDDEN => Err(Error::NotAllowed { operation, message: self.message() }),
            status => Err(Error::Refused { operation, status: status.as_u16(), message: self.message() }),
        }
    }
}

/// The HTTP client with its manners: who it says it is, how long it waits, how often it tries.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    policy: RetryPolicy,
}

/// A failed attempt that may be worth another.
enum Failure {
    Connection(reqwest::Error),
    Status(StatusCode, Option<Duration>),
}

impl Http {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        let client = Client::builder()
            .user_agent(concat!("wabucket/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .expect("a client of constant settings is valid");
        Self { client, policy }
    }

    /// Sends the request until it is answered for good.
    pub(crate) async fn send(&self, call: &Call, token: Option<&SecretString>) -> Result<Answer, Error> {
        let started = Instant::now();
        let attempts = AtomicUsize::new(0);
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.policy.first_pause)
            .with_max_delay(self.policy.longest_pause)
            .with_max_times(self.policy.repetitions)
            .with_jitter();
        let attempt = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            self.attempt(call, token)
        };
        let longest = self.policy.longest_pause;
        attempt
            .retry(backoff)
            .notify(|failure, pause| tracing::debug!(operation = call.operation, ?pause, "{} again", failure.reason()))
            .adjust(|failure, pause| match failure {
                Failure::Status(_, Some(asked)) => pause.map(|_| (*asked).min(longest)),
                _ => pause,
            })
            .await
            .map_err(|failure| Error::Unavailable {
                operation: call.operation.clone(),
                reason: failure.reason(),
                attempts: attempts.load(Ordering::Relaxed),
                elapsed: started.elapsed(),
                source: failure.source(),
            })
    }

    async fn attempt(&self, call: &Call, token: Option<&SecretString>) -> Result<Answer, Failure> {
        let mut request = self.client.request(call.method.clone(), call.url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token.expose_secret());
        }
        request = match &call.form {
            Some(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
                request.form(&fields)
            }
            None if call.method == Method::POST => request.header(CONTENT_LENGTH, 0),
            None => request,
        };
        let response = request.send().await.map_err(Failure::connection)?;
        let status = response.status();
        if is_temporary(status, call.internal_error) {
            return Err(Failure::Status(status, retry_after(response.headers())));
        }
        let clock = ClockDifference::of(response.headers(), Timestamp::now());
        let body = response.bytes().await.map_err(Failure::connection)?;
        Ok(Answer { operation: call.operation.clone(), status, clock, body: Body(body.to_vec()) })
    }
}

impl Failure {
    /// Keeps the cause without its URL, whose query may be nobody's business.
    fn connection(error: reqwest::Error) -> Self {
        Self::Connection(error.without_url())
    }

    fn reason(&self) -> String {
        match self {
            Self::Connection(error) if error.is_timeout() => "the platform did not answer in time".to_owned(),
            Self::Connection(error) if error.is_connect() => "no connection to the platform".to_owned(),
            Self::Connection(_) => "the connection to the platform broke".to_owned(),
            Self::Status(status, _) => format!("the platform answered {}", status.as_u16()),
        }
    }

    fn source(self) -> Option<reqwest::Error> {
        match self {
            Self::Connection(error) => Some(error),
            Self::Status(..) => None,
        }
    }
}

fn is_temporary(status: StatusCode, internal_error: InternalError) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => true,
        StatusCode::INTERNAL_SERVER_ERROR => internal_error == InternalError::Temporary,
        _ => false,
    }
}

/// The pause a server asks for, in its form of seconds; the form of a date is rare enough to use our own pause.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
