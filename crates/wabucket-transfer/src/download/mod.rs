//! From buckets and URLs into a local folder.
//!
//! ```text
//! DownloadPlan ─ run ┬ plan: no conflicts, nothing leads out of the destination
//!                    ├ compare: what is already right stays
//!                    └ fetch into a temporary file, check hashes, rename ─ DownloadReport
//! ```

mod destination;
mod fetch;
mod meter;
mod object;
mod run;
mod url;
mod verify;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wabucket_model::{Blake3, ETag, Md5, RelativePath, Xxh128};

use crate::bucket::Bucket;
use crate::error::{Cause, TransferError};
use crate::options::TransferOptions;

/// What is about to be downloaded.
#[derive(Debug, Clone, Default)]
pub struct DownloadPlan {
    /// The files, in any order.
    pub files: Vec<DownloadFile>,
    /// Folders that must be there, also if they are empty.
    pub folders: Vec<RelativePath>,
}

/// One file, and where its bytes are.
#[derive(Debug, Clone)]
pub struct DownloadFile {
    /// Relative to the destination.
    pub path: RelativePath,
    /// In bytes, where it is known.
    pub size: Option<u64>,
    /// Where the bytes are.
    pub source: Source,
    /// What is known about them.
    pub expected: Expected,
}

/// Where bytes are.
#[derive(Clone)]
pub enum Source {
    /// An object in a bucket.
    Object {
        /// The bucket.
        bucket: Arc<Bucket>,
        /// The whole key.
        key: String,
    },
    /// A URL that somebody else knows, and may have to renew.
    Url {
        /// Knows the URL.
        provider: Arc<dyn UrlProvider>,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { bucket, key } => formatter.write_str(&bucket.url().reference(key)),
            Self::Url { provider } => formatter.write_str(&provider.name()),
        }
    }
}

/// What is known about a file's bytes. The strongest is checked: BLAKE3, else MD5, else
/// XXH128, else the `ETag`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The store's identity of the content; the object must still have it.
    pub etag: Option<ETag>,
    /// The version to read.
    pub version_id: Option<String>,
    /// Of the content.
    pub md5: Option<Md5>,
    /// Of the content.
    pub xxh128: Option<Xxh128>,
    /// Of the content.
    pub blake3: Option<Blake3>,
}

/// Finds the URL of a file, and finds it anew when it has expired.
#[async_trait]
pub trait UrlProvider: Send + Sync {
    /// What messages call the file. Never a signed URL.
    fn name(&self) -> String;

    /// Finds the URL. After a refusal: another one, or none if there is no other.
    async fn locate(&self, renewal: Renewal) -> Result<Option<Location>, Cause>;

    /// The client that reaches the URL, where an ordinary one would not: it has its proxies and certificates.
    fn web(&self) -> Option<reqwest::Client> {
        None
    }
}

/// Whether a URL that was found before will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It will.
    NotNeeded,
    /// It was refused.
    Needed,
}

/// A URL and what must be sent along.
#[derive(Clone)]
pub struct Location {
    /// Where; its query may be a secret.
    pub url: ::url::Url,
    /// Request headers; they may be secrets.
    pub headers: ::http::HeaderMap,
}

/// Neither query nor headers are shown.
impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.url.host_str().unwrap_or_default();
        formatter.debug_struct("Location").field("host", &shown).finish_non_exhaustive()
    }
}

/// What a download did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DownloadReport {
    /// Files that were fetched.
    pub fetched: Vec<RelativePath>,
    /// Files that were already right.
    pub already_right: Vec<RelativePath>,
    /// Bytes that were fetched.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl DownloadPlan {
    /// Fetches everything into `destination`, which is made if it is not there.
    ///
    /// Fails before anything is written if two entries cannot both be there, if the destination is a file, or if a link
    /// would lead out of it. A file appears under its name only when it is complete and checked. Files that are already
    /// right, and files that the plan does not know, are left alone.
    pub async fn run(&self, destination: &Path, options: &TransferOptions) -> Result<DownloadReport, TransferError> {
        run::run(self, destination, options).await
    }
}
