//! What a caller holds on to while an operation works: the way to stop it, and the eyes on its progress.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wabucket_transfer::Reporter;

/// Handed to each operation.
#[derive(Clone)]
pub struct Control {
    /// Cancelled by the caller to stop in order: the run ends as failed, nothing half-done becomes visible.
    pub cancellation: CancellationToken,
    /// Told of progress.
    pub reporter: Arc<dyn Reporter>,
}
