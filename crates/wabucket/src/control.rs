//! What a caller holds on to while an operation works: the way to stop it, and the eyes on its progress.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wabucket_transfer::{Reporter, Silent, TransferOptions};

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
    pub(crate) fn transfer_options(&self) -> TransferOptions {
        TransferOptions {
            cancellation: self.cancellation.clone(),
            reporter: Arc::clone(&self.reporter),
            ..TransferOptions::default()
        }
    }
}
