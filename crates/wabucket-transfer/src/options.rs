//! What a caller can choose about stores and transfers, with the defaults and their reasons.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;
use wabucket_model::Environment;

use crate::reporter::{Reporter, Silent};

/// How a bucket is opened.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// Environment variables and home folder: endpoints, regions, credentials.
    pub environment: Environment,
    /// The store's endpoint, ahead of any environment variable.
    pub endpoint_url: Option<Url>,
    /// An ini file with AWS credentials, used instead of the usual chain.
    pub aws_credentials_file: Option<PathBuf>,
    /// How patiently requests are tried again.
    pub retry: RetryOptions,
}

/// Which requests are tried again, and how long.
///
/// Tried again: no connection, a connection lost, a timeout, 408, 429, 5xx, and a body that ended early or arrived
/// altered. Every request here may be repeated without harm. Credentials are asked for anew on each try.
#[derive(Debug, Clone)]
pub struct RetryOptions {
    /// The most tries after the first.
    pub max_retries: usize,
    /// The time after which no further try begins. Two minutes: longer than a store's restart, shorter than a
    /// user's patience.
    pub budget: Duration,
    /// The first pause; it doubles each time, with jitter, up to ten seconds.
    pub first_pause: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self { max_retries: 10, budget: Duration::from_secs(120), first_pause: Duration::from_millis(100) }
    }
}

/// The longest pause between two tries.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a connection may take to come about: a distant host answers within a second, a lost packet or two within
/// seven.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be silent. Stores answer within a second; a copy inside the store may take longer.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How a plan is carried out.
#[derive(Clone)]
pub struct TransferOptions {
    /// The most files, and also the most parts of all files, on the way at once.
    pub concurrency: usize,
    /// The most bytes of file content held in memory at once. One part of the largest file always fits.
    pub buffer_bytes: usize,
    /// Stops the work soon and cleanly.
    pub cancellation: CancellationToken,
    /// Receives progress.
    pub reporter: Arc<dyn Reporter>,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            concurrency: 32,
            buffer_bytes: 256 * 1024 * 1024,
            cancellation: CancellationToken::new(),
            reporter: Arc::new(Silent),
        }
    }
}

impl std::fmt::Debug for TransferOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TransferOptions")
            .field("concurrency", &self.concurrency)
            .field("buffer_bytes", &self.buffer_bytes)
            .finish_non_exhaustive()
    }
}
