//! Credentials that are always current: renewed well before their end, by one task at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::{Error, Platform, PlatformBucketInfo, TemporaryCredentials};

/// Renew when less than this is left; long uploads outlive any single credential.
const MARGIN: Duration = Duration::from_secs(12 * 60);

/// After a failed renewal, credentials that are still good are used this long before the next attempt.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(15);

/// Gives the credentials of one bucket, renewing them by itself. Share it by reference or in an `Arc`.
#[derive(Debug)]
pub struct CredentialRefresher {
    platform: Platform,
    bucket: PlatformBucketInfo,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<TemporaryCredentials>>,
    /// Not to ask the platform again before this moment.
    wait_until: Option<Instant>,
}

impl CredentialRefresher {
    /// Prepares credentials for a bucket; nothing is asked yet.
    pub fn new(platform: Platform, bucket: PlatformBucketInfo) -> Self {
        Self { platform, bucket, state: Mutex::default() }
    }

    /// The bucket.
    pub fn bucket(&self) -> &PlatformBucketInfo {
        &self.bucket
    }

    /// Credentials with enough time left.
    ///
    /// A renewal that fails for a temporary reason is only an error once the present credentials have ended.
    pub async fn current(&self) -> Result<Arc<TemporaryCredentials>, Error> {
        let mut state = self.state.lock().await;
        let usable = match state.current.clone() {
            Some(current) if !is_due(&current) => return Ok(current),
            current => current.filter(|current| current.remaining().is_none_or(|left| left > Duration::ZERO)),
        };
        if let (Some(usable), Some(moment)) = (&usable, state.wait_until)
            && Instant::now() < moment
        {
            return Ok(Arc::clone(usable));
        }
        match (self.platform.temporary_credentials(&self.bucket).await, usable) {
            (Ok(fresh), _) => Ok(state.replace(fresh)),
            (Err(error), Some(usable)) if error.is_temporary() => {
                tracing::warn!(bucket = %self.bucket.url, %error, "credentials of the bucket were not renewed yet");
                state.wait_until = Some(Instant::now() + PAUSE_AFTER_FAILURE);
                Ok(usable)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Drops credentials that the store has refused, unless others have replaced them already.
    pub async fn invalidate(&self, refused: &Arc<TemporaryCredentials>) {
        let mut state = self.state.lock().await;
        if state.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, refused)) {
            *state = State::default();
        }
    }
}

impl State {
    fn replace(&mut self, fresh: TemporaryCredentials) -> Arc<TemporaryCredentials> {
        let fresh = Arc::new(fresh);
        *self = Self { current: Some(Arc::clone(&fresh)), wait_until: None };
        fresh
    }
}

/// Short-lived credentials are renewed when a third of their life is left, others at the margin.
fn is_due(credentials: &TemporaryCredentials) -> bool {
    match (credentials.remaining(), credentials.lifetime()) {
        (Some(left), Some(lifetime)) => left <= MARGIN.min(lifetime / 3),
        _ => false,
    }
}
