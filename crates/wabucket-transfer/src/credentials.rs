//! Credentials that are renewed by themselves: fetched once for all who wait, early enough, and again on demand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::CredentialProvider;
use tokio::sync::Mutex;

/// A credential and the moment after which the service refuses it.
pub struct Expiring<C> {
    /// The credential.
    pub credential: Arc<C>,
    /// When it ends; permanent ones have no end.
    pub expires_at: Option<Timestamp>,
}

impl<C> Clone for Expiring<C> {
    fn clone(&self) -> Self {
        Self { credential: Arc::clone(&self.credential), expires_at: self.expires_at }
    }
}

/// The credential itself is never shown.
impl<C> fmt::Debug for Expiring<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Expiring").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Where credentials come from: each call fetches new ones.
pub type CredentialSource<C> = Arc<dyn CredentialProvider<Credential = Expiring<C>>>;

/// With less time than this left, a credential is renewed: one request with all its bytes must fit.
const MINIMUM_LIFETIME: Duration = Duration::from_secs(300);

/// A credential that is younger than this is not fetched again, even if the store refused it.
const YOUNG: Duration = Duration::from_millis(500);

/// Keeps one credential and renews it in time. While one caller fetches, the others wait for its result.
pub struct CredentialCache<C> {
    source: CredentialSource<C>,
    state: Mutex<Option<Kept<C>>>,
    refused: AtomicBool,
}

struct Kept<C> {
    value: Expiring<C>,
    fetched: Instant,
    lifetime: Option<Duration>,
}

impl<C> CredentialCache<C> {
    /// Puts a cache before a source.
    pub fn new(source: CredentialSource<C>) -> Self {
        Self { source, state: Mutex::new(None), refused: AtomicBool::new(false) }
    }

    /// Says that the store refused the present credential: the next caller fetches a new one.
    pub fn invalidate(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }
}

impl<C> Kept<C> {
    fn new(value: Expiring<C>) -> Self {
        let lifetime = value.expires_at.map(time_until);
        Self { value, fetched: Instant::now(), lifetime }
    }

    /// Short-lived credentials are used for two thirds of their life, long-lived ones until five minutes are left.
    fn is_fresh(&self) -> bool {
        match (self.value.expires_at, self.lifetime) {
            (Some(end), Some(lifetime)) => time_until(end) > MINIMUM_LIFETIME.min(lifetime / 3),
            _ => true,
        }
    }

    fn is_valid(&self) -> bool {
        self.value.expires_at.is_none_or(|end| !time_until(end).is_zero())
    }
}

fn time_until(end: Timestamp) -> Duration {
    end.duration_since(Timestamp::now()).try_into().unwrap_or(Duration::ZERO)
}

#[async_trait]
impl<C: Send + Sync + 'static> CredentialProvider for CredentialCache<C> {
    type Credential = C;

    async fn get_credential(&self) -> object_store::Result<Arc<C>> {
        let mut state = self.state.lock().await;
        let refused = self.refused.swap(false, Ordering::Relaxed)
            && state.as_ref().is_some_and(|kept| kept.fetched.elapsed() > YOUNG);
        if let Some(kept) = state.as_ref().filter(|kept| !refused && kept.is_fresh()) {
            return Ok(Arc::clone(&kept.value.credential));
        }
        match self.source.get_credential().await {
            Ok(value) => {
                let kept = state.insert(Kept::new((*value).clone()));
                Ok(Arc::clone(&kept.value.credential))
            }
            Err(error) => match state.as_ref().filter(|kept| !refused && kept.is_valid()) {
                Some(kept) => {
                    tracing::warn!(%error, "credentials could not be renewed yet; the present ones are still valid");
                    Ok(Arc::clone(&kept.value.credential))
                }
                None => Err(error),
            },
        }
    }
}

impl<C> fmt::Debug for CredentialCache<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CredentialCache").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Debug, Default)]
    struct Counting {
        calls: AtomicUsize,
        lifetime: Option<Duration>,
    }

    #[async_trait]
    impl CredentialProvider for Counting {
        type Credential = Expiring<String>;

        async fn get_credential(&self) -> object_store::Result<Arc<Expiring<String>>> {
            let number = self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let expires_at = self.lifetime.map(|lifetime| Timestamp::now() + lifetime);
            Ok(Arc::new(Expiring { credential: Arc::new(format!("secret-{number}")), expires_at }))
        }
    }

    fn cache(lifetime: Option<Duration>) -> (Arc<Counting>, Arc<CredentialCache<String>>) {
        let source = Arc::new(Counting { lifetime, ..Counting::default() });
        let cache = CredentialCache::new(Arc::<Counting>::clone(&source) as CredentialSource<String>);
        (source, Arc::new(cache))
    }

    #[tokio::test]
    async fn many_callers_fetch_once() {
        let (source, cache) = cache(None);
        futures_util::future::join_all((0..20).map(|_| cache.get_credential())).await;
        assert_eq!(source.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn short_lived_credentials_are_renewed_in_time_and_not_on_every_call() {
        let (source, cache) = cache(Some(Duration::from_millis(900)));
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-0");
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-0");
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-1");
        assert_eq!(source.calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_refused_credential_is_fetched_again_unless_it_is_new() {
        let (_source, cache) = cache(None);
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-0");
        cache.invalidate();
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-0");
        tokio::time::sleep(YOUNG + Duration::from_millis(50)).await;
        cache.invalidate();
        assert_eq!(*cache.get_credential().await.unwrap(), "secret-1");
    }

    #[tokio::test]
    async fn debug_shows_no_secret() {
        let (_source, cache) = cache(None);
        cache.get_credential().await.unwrap();
        let fetched = Expiring { credential: Arc::new("secret-x".to_owned()), expires_at: None };
        assert!(!format!("{cache:?} {fetched:?}").contains("secret-"));
    }
}
