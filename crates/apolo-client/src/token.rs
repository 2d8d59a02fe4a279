//! The access token: used until its time, renewed by one task at a time, shared with the platform's own tools.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::Error;
use crate::configuration::{Configuration, Renewal, Source, StoredToken, Token, read_token, write_token};
use crate::http::{Call, Http};

/// The platform's own tools renew after three quarters of a token's life, and store that moment.
const USED_SHARE_OF_LIFE: f64 = 0.75;

/// How long another process may take from its renewal to its row, in pauses before each look.
const STORING_TAKES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(500)];

/// Hands out the access token.
pub(crate) struct Tokens {
    http: Http,
    origin: String,
    database: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    token: Token,
    renewal: Option<Renewal>,
}

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    expires_in: f64,
    refresh_token: Option<String>,
}

impl Tokens {
    pub(crate) fn new(http: Http, configuration: &Configuration) -> Self {
        Self {
            http,
            origin: configuration.url.origin().ascii_serialization(),
            database: match &configuration.source {
                Source::Database(path) => Some(path.clone()),
                Source::Variable(_) => None,
            },
            state: Mutex::new(State { token: configuration.token.clone(), renewal: configuration.renewal.clone() }),
        }
    }

    /// A token whose time has not come; renewed first if need be.
    ///
    /// Without a way to renew it, a token is used for as long as the platform takes it, whatever the local clock says.
    pub(crate) async fn current(&self) -> Result<SecretString, Error> {
        let mut state = self.state.lock().await;
        if state.is_due() {
            self.adopt_stored(&mut state).await;
        }
        if state.is_due() && state.renewal.is_some() {
            self.renew(&mut state).await?;
        }
        Ok(state.token.access.clone())
    }

    /// The token as it is, for reading what it says.
    pub(crate) async fn current_unchecked(&self) -> SecretString {
        self.state.lock().await.token.access.clone()
    }

    /// The error for a token that is refused though it is new.
    pub(crate) fn refused(&self) -> Error {
        self.not_authenticated("its token was refused")
    }

    fn not_authenticated(&self, reason: &'static str) -> Error {
        Error::NotAuthenticated { url: self.origin.clone(), reason }
    }

    /// Another token after the platform has refused this one.
    pub(crate) async fn after_refusal(&self, refused: &SecretString) -> Result<SecretString, Error> {
        let mut state = self.state.lock().await;
        if state.holds(refused) {
            self.adopt_stored(&mut state).await;
        }
        if state.holds(refused) {
            self.renew(&mut state).await?;
        }
        Ok(state.token.access.clone())
    }

    /// Takes over what another process has stored meanwhile. A database that cannot be read now changes nothing.
    async fn adopt_stored(&self, state: &mut State) {
        let Some(path) = self.database.clone() else { return };
        let read = tokio::task::spawn_blocking(move || read_token(&path)).await;
        if let Ok(Ok(stored)) = read {
            state.adopt(stored);
        }
    }

    /// After a refused renewal: another process may have used up a refresh token that works only once, and is about to
    /// store what it got for it.
    async fn adopt_from_another_process(&self, state: &mut State) -> Result<(), Error> {
        let before = state.token.access.clone();
        for pause in STORING_TAKES {
            if self.database.is_some() {
                tokio::time::sleep(pause).await;
            }
            self.adopt_stored(state).await;
            if !state.holds(&before) {
                return Ok(());
            }
        }
        Err(self.not_authenticated("it has ended or was revoked"))
    }

    async fn renew(&self, state: &mut State) -> Result<(), Error> {
        let Some(renewal) = state.renewal.clone() else {
            return Err(self.not_authenticated("its token was refused and cannot be renewed"));
        };
        let requested_at = unix_seconds();
        let answer = self.http.send(&renewal.call(), None).await?;
        if answer.status.is_client_error() {
            return self.adopt_from_another_process(state).await;
        }
        let renewed: Renewed = answer.success()?.json()?;
        let old = state.token.access.clone();
        state.adopt(StoredToken {
            access: SecretString::from(renewed.access_token),
            renew_at: Some(requested_at + USED_SHARE_OF_LIFE * renewed.expires_in),
            refresh_token: renewed.refresh_token.map_or(renewal.refresh_token, SecretString::from),
        });
        self.store(old, state).await;
        Ok(())
    }

    /// Stores the new token for the other tools. They come to no harm if that fails, so it is only noted.
    async fn store(&self, old: SecretString, state: &State) {
        let (Some(path), Some(renewal)) = (self.database.clone(), &state.renewal) else { return };
        let new = StoredToken {
            access: state.token.access.clone(),
            renew_at: state.token.renew_at,
            refresh_token: renewal.refresh_token.clone(),
        };
        let written = tokio::task::spawn_blocking(move || write_token(&path, &old, &new)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the renewed platform login could not be stored; other tools renew it themselves");
        }
    }
}

impl State {
    fn is_due(&self) -> bool {
        self.token.renew_at.is_some_and(|moment| moment <= unix_seconds())
    }

    fn holds(&self, token: &SecretString) -> bool {
        self.token.access.expose_secret() == token.expose_secret()
    }

    fn adopt(&mut self, stored: StoredToken) {
        self.token = Token { access: stored.access, renew_at: stored.renew_at };
        if let Some(renewal) = &mut self.renewal {
            renewal.refresh_token = stored.refresh_token;
        }
    }
}

impl Renewal {
    fn call(&self) -> Call {
        let form = vec![
            ("grant_type", SecretString::from("refresh_token")),
            ("refresh_token", self.refresh_token.clone()),
            ("client_id", SecretString::from(self.client_id.clone())),
        ];
        Call { form: Some(form), ..Call::post("renew the platform login".to_owned(), self.token_url.clone()) }
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}
