//! What a caller holds on to while an operation works: the way to stop it, and the eyes on its progress.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wabucket_transfer::{Reporter, Silent, TransferOptions};

use crate::Error;

/// Handed to each operation.
#[derive(Clone)]
pub struct Control {
    /// Cancelled by the caller to stop in order: the run ends as failed, nothing half-done becomes visible.
    pub cancellation: CancellationToken,
    /// Told of progress.
    pub reporter: Arc<dyn Reporter>,
}

impl Default for Control {
    fn default() -> Self {
        Self { cancellation: CancellationToken::new(), reporter: Arc::new(Silent) }
    }
}

impl Control {
    /// Does what comes before a run; when the caller stops it there, nothing has to be ended.
    pub(crate) async fn before_run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            result = work => result,
            () = self.cancellation.cancelled() => Err(Error::Interrupted { remains: "nothing was moved".to_owned() }),
        }
    }

    pub(crate) fn transfer_options(&self) -> TransferOptions {
        TransferOptions {
            cancellation: self.cancellation.clone(),
            reporter: Arc::clone(&self.reporter),
            ..TransferOptions::default()
        }
    }
}
