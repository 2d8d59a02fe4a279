//! The one retry loop: which failures are tried again, how often, and what is reported when it was in vain.

use std::sync::Arc;
use std::time::Instant;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

use crate::error::{Operation, TransferError};
use crate::options::{LONGEST_PAUSE, RetryOptions};

/// What a request to one bucket needs besides itself.
#[derive(Clone)]
pub(crate) struct Patience {
    pub(crate) options: RetryOptions,
    pub(crate) cancellation: CancellationToken,
    /// Makes the store forget its credentials, so that the next request asks for new ones.
    pub(crate) renew_credentials: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Patience {
    /// Does something until it succeeds, fails for good, or the patience is at its end.
    ///
    /// A refusal that concerns credentials is tried once more with new ones, where they can be renewed.
    pub(crate) async fn run<T, F>(
        &self,
        operation: &Operation,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, TransferError>
    where
        F: Future<Output = Result<T, TransferError>>,
    {
        let start = Instant::now();
        let mut pauses = self.pauses();
        let mut retries = 0;
        let mut renewed = false;
        loop {
            let error = match self.cancellable(operation, attempt()).await? {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let pause = if error.is_temporary() && start.elapsed() < self.options.budget {
                pauses.next()
            } else if error.concerns_credentials() && !renewed && self.renew() {
                renewed = true;
                Some(std::time::Duration::ZERO)
            } else {
                None
            };
            let Some(pause) = pause else { return Err(counted(error, retries, start)) };
            tracing::debug!(%operation, retries, pause_ms = pause.as_millis(), %error, "try again");
            self.cancellable(operation, tokio::time::sleep(pause)).await?;
            retries += 1;
        }
    }

    /// Waits for something unless the caller asks to stop.
    pub(crate) async fn cancellable<T>(
        &self,
        operation: &Operation,
        future: impl Future<Output = T>,
    ) -> Result<T, TransferError> {
        let interrupted = || TransferError::Interrupted { operation: operation.clone() };
        self.cancellation.run_until_cancelled(future).await.ok_or_else(interrupted)
    }

    fn pauses(&self) -> impl Iterator<Item = std::time::Duration> {
        ExponentialBuilder::default()
            .with_min_delay(self.options.first_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.options.max_retries)
            .with_jitter()
            .build()
    }

    fn renew(&self) -> bool {
        self.renew_credentials.as_ref().inspect(|renew| renew()).is_some()
    }
}

fn counted(error: TransferError, retries: usize, start: Instant) -> TransferError {
    match error {
        TransferError::Unavailable { operation, source, .. } => {
            TransferError::Unavailable { operation, retries, elapsed: start.elapsed(), source }
        }
        other => other,
    }
}
