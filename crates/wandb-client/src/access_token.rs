//! Access tokens: what the server gives in exchange for an identity token, kept while they last and shared through
//! the file that W&B's own client keeps them in.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::WandbError;
use crate::retry::{Conflict, RetryPolicy};
use crate::settings::IdentityToken;
use crate::transport::{Body, Call, Key, Transport, secret_header};

const OPERATION: &str = "exchanging the identity token";

/// A token is renewed when it lasts no longer than this.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// How the cache writes instants, in UTC.
const EXPIRY_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The access tokens of one identity.
pub(crate) struct AccessTokens {
    identity: IdentityToken,
    /// Held during an exchange, so that requests that need a token at the same time make one exchange together.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<AccessToken>,
    /// The server refused a token before its time: what the cache holds is not to be believed any more.
    distrusts_cache: bool,
}

#[derive(Clone)]
struct AccessToken {
    secret: SecretString,
    expires_at: Timestamp,
    renew_at: Timestamp,
}

#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
    /// Seconds.
    expires_in: f64,
}

/// The cache file: `{"credentials": {BASE_URL: {"expires_at": …, "access_token": …}}}`.
#[derive(Default, Deserialize, Serialize)]
struct Cache {
    #[serde(default)]
    credentials: BTreeMap<String, Cached>,
}

#[derive(Deserialize, Serialize)]
struct Cached {
    expires_at: String,
    access_token: String,
}

impl AccessTokens {
    pub(crate) fn new(identity: IdentityToken) -> Self {
        Self { identity, state: Mutex::default() }
    }

    /// The header with a token that lasts.
    pub(crate) async fn header(&self, transport: &Transport) -> Result<HeaderValue, WandbError> {
        let mut state = self.state.lock().await;
        let lasts = |token: &AccessToken| token.renew_at > Timestamp::now();
        if let Some(token) = state.token.as_ref().filter(|token| lasts(token)) {
            return header(token);
        }
        let base_url = transport.base_url().as_str();
        let cached = self.identity.cache_file.as_deref().filter(|_| !state.distrusts_cache);
        if let Some(token) = cached.and_then(|file| read_cache(file, base_url)).filter(lasts) {
            let value = header(&token);
            state.token = Some(token);
            return value;
        }
        let token = self.exchange(transport).await?;
        if let Some(file) = &self.identity.cache_file {
            write_cache(file, base_url, &token).unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot keep the access token; the next command asks for another one");
            });
        }
        let value = header(&token);
        *state = State { token: Some(token), distrusts_cache: false };
        value
    }

    /// A token was refused before its time: the next header holds another one.
    pub(crate) async fn forget(&self, refused: &HeaderValue) {
        let mut state = self.state.lock().await;
        let current = state.token.as_ref().and_then(|token| header(token).ok());
        // Another request may have renewed it meanwhile.
        if current.as_ref() == Some(refused) {
            *state = State { token: None, distrusts_cache: true };
        }
    }

    async fn exchange(&self, transport: &Transport) -> Result<AccessToken, WandbError> {
        let token_file = &self.identity.token_file;
        let jwt = fs_err::read_to_string(token_file).map_err(|_| WandbError::InvalidSetting {
            setting: "WANDB_IDENTITY_TOKEN_FILE".to_owned(),
            text: token_file.display().to_string(),
            rule: "cannot be read",
        })?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", jwt.trim())
            .finish();
        let call = Call {
            operation: OPERATION,
            method: Method::POST,
            url: transport.resolve(OPERATION, "/oidc/token")?,
            key: Key::Withheld,
            body: Body::Bytes(form.into()),
            headers: HeaderMap::from_iter([(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )]),
            conflict: Conflict::Final,
            retry: exchange_policy(transport.retry),
        };
        let answer = transport.send(call).await.map_err(|error| self.refused(transport, error))?;
        let exchanged: Exchanged = serde_json::from_slice(&answer.body).map_err(|_| WandbError::Protocol {
            operation: OPERATION.to_owned(),
            message: "the answer holds no access token".to_owned(),
        })?;
        let life = Duration::try_from_secs_f64(exchanged.expires_in).unwrap_or_default();
        // What a server says need not be a date at all.
        let later = |wait: Duration| Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
        let expires_at = later(life);
        // A token that does not last much longer than the margin is still used for half of its life.
        let renew_at = later(life.saturating_sub(MARGIN.min(life / 2)));
        Ok(AccessToken { secret: exchanged.access_token.into(), expires_at, renew_at })
    }

    fn refused(&self, transport: &Transport, error: WandbError) -> WandbError {
        match error {
            WandbError::NotAllowed { message, .. }
            | WandbError::NotFound { message, .. }
            | WandbError::Refused { message, .. } => WandbError::IdentityTokenRefused {
                host: transport.base_url().host(),
                token_file: self.identity.token_file.clone(),
                message,
            },
            other => other,
        }
    }
}

/// W&B's own client tries four times, and waits 1 to 5 s between: that is what fits into this budget.
fn exchange_policy(transport: RetryPolicy) -> RetryPolicy {
    RetryPolicy {
        budget: Duration::from_secs(12).min(transport.budget),
        first_wait: Duration::from_secs(1).min(transport.first_wait),
        longest_wait: Duration::from_secs(5).min(transport.longest_wait),
        try_timeout: Duration::from_secs(10).min(transport.try_timeout),
    }
}

fn header(token: &AccessToken) -> Result<HeaderValue, WandbError> {
    secret_header(&format!("Bearer {}", token.secret.expose_secret())).ok_or_else(|| WandbError::Protocol {
        operation: OPERATION.to_owned(),
        message: "the access token has characters that no header may have".to_owned(),
    })
}

/// The token that is kept for a server. A cache that cannot be read is none.
fn read_cache(file: &Path, base_url: &str) -> Option<AccessToken> {
    let cache: Cache = serde_json::from_slice(&fs_err::read(file).ok()?).ok()?;
    let cached = cache.credentials.get(base_url)?;
    let expires_at = jiff::civil::DateTime::strptime(EXPIRY_FORMAT, &cached.expires_at).ok()?;
    let expires_at = jiff::tz::TimeZone::UTC.to_timestamp(expires_at).ok()?;
    let secret = SecretString::from(cached.access_token.as_str());
    Some(AccessToken { secret, expires_at, renew_at: expires_at.checked_sub(MARGIN).ok()? })
}

/// Keeps a token beside those of other servers, in a file that only its owner can read.
fn write_cache(file: &Path, base_url: &str, token: &AccessToken) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let known = fs_err::read(file).ok().and_then(|bytes| serde_json::from_slice::<Cache>(&bytes).ok());
    let mut cache = known.unwrap_or_default();
    let expires_at = token.expires_at.strftime(EXPIRY_FORMAT).to_string();
    let access_token = token.secret.expose_secret().to_owned();
    cache.credentials.insert(base_url.to_owned(), Cached { expires_at, access_token });
    // Temporary files are readable by their owner only, and so is what they become.
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(&serde_json::to_vec(&cache)?)?;
    written.persist(file)?;
    Ok(())
}
