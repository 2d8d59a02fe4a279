//! A bucket: one place for objects, whatever kind of store it is.
//!
//! Keys are whole keys, raw: what a file is called is what its key is called. A key that ends in `/` is the marker of a
//! folder.

mod listing;
mod objects;

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use tokio_util::sync::CancellationToken;
use wabucket_model::{BucketUrl, ETag};

pub use listing::{Listing, Object, OddKey};
pub use objects::WriteMode;

use crate::error::{Operation, TransferError};
use crate::options::{RetryOptions, StoreOptions};
use crate::provider::azure::{self, AzureOptions};
use crate::provider::folder::FolderStore;
use crate::provider::gcs::{self, GcsOptions};
use crate::provider::s3::{self, S3Options};
use crate::provider::{PageRequest, RawKeys};
use crate::retry::Patience;

/// What a provider brings along.
#[derive(Clone)]
pub(crate) struct BucketParts {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Absent where parts can only be written through one handle, in this process.
    pub(crate) multipart: Option<Arc<dyn MultipartStore>>,
    pub(crate) raw: RawKeys,
    pub(crate) renew_credentials: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// An open bucket. Cloning is cheap; clones share connections and credentials.
#[derive(Clone)]
pub struct Bucket {
    url: BucketUrl,
    parts: BucketParts,
    retry: RetryOptions,
}

impl Bucket {
    /// Opens a bucket with the user's own surroundings. Nothing is asked of the store yet, except for the region of an
    /// AWS bucket that nobody configured.
    pub async fn open(url: &BucketUrl, options: &StoreOptions) -> Result<Self, TransferError> {
        let operation = Operation::new("open", url.to_string());
        let mut url = url.clone();
        let parts = match &mut url {
            BucketUrl::S3 { bucket, .. } => s3::open(&operation, s3::options(bucket, options).await?)?,
            BucketUrl::Folder(root) => folder_parts(root),
            BucketUrl::Azure { account, container, .. } => {
                let (parts, found) = azure::open_own(&operation, (account.as_deref(), container), options)?;
                *account = found;
                parts
            }
            BucketUrl::Gcs { bucket, .. } => gcs::open_own(&operation, bucket, options)?,
            BucketUrl::Platform(_) => {
                let problem =
                    "buckets of this kind cannot be opened with the credentials of the environment".to_owned();
                return Err(TransferError::InvalidOption { operation, problem });
            }
        };
        Ok(Self { url, parts, retry: options.retry.clone() })
    }

    /// Opens an S3-compatible bucket that somebody else describes, with credentials that they renew.
    pub fn open_s3(url: BucketUrl, s3_options: S3Options, retry: RetryOptions) -> Result<Self, TransferError> {
        let operation = Operation::new("open", url.to_string());
        Ok(Self { parts: s3::open(&operation, s3_options)?, url, retry })
    }

    /// Opens a Google bucket that somebody else describes, with credentials that they renew.
    pub fn open_gcs(url: BucketUrl, gcs_options: GcsOptions, retry: RetryOptions) -> Result<Self, TransferError> {
        let operation = Operation::new("open", url.to_string());
        Ok(Self { parts: gcs::open(&operation, gcs_options, retry.clone())?, url, retry })
    }

    /// Opens an Azure container that somebody else describes, with credentials that they renew.
    pub fn open_azure(url: BucketUrl, azure_options: AzureOptions, retry: RetryOptions) -> Result<Self, TransferError> {
        let operation = Operation::new("open", url.to_string());
        Ok(Self { parts: azure::open(&operation, azure_options)?, url, retry })
    }

    /// The URL the bucket was opened with.
    pub fn url(&self) -> &BucketUrl {
        &self.url
    }

    /// Makes sure that the bucket exists and may be listed.
    pub async fn check(&self) -> Result<(), TransferError> {
        let operation = Operation::new("open", self.url.to_string());
        if let Some(root) = self.url.as_folder() {
            return match fs_err::tokio::metadata(root).await {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                Ok(_) => Err(TransferError::destination(root, crate::error::DestinationProblem::IsAFile)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Err(TransferError::NotFound { operation, missing: "the folder".to_owned() })
                }
                Err(error) => Err(TransferError::io("open", root, error)),
            };
        }
        let request = PageRequest { at_most: Some(1), ..PageRequest::default() };
        let request = &request;
        let listed = self.patience().run(&operation, || self.parts.raw.list_page(&operation, request)).await;
        listed.map(drop).map_err(|error| match error {
            // Whatever else the answer says, here it is about the bucket.
            TransferError::NotFound { operation, .. } => {
                TransferError::NotFound { operation, missing: "the bucket".to_owned() }
            }
            error => error,
        })
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.parts.store
    }

    pub(crate) fn multipart(&self) -> Option<&Arc<dyn MultipartStore>> {
        self.parts.multipart.as_ref()
    }

    pub(crate) fn raw(&self) -> &RawKeys {
        &self.parts.raw
    }

    /// The patience of single requests, which nobody stops.
    pub(crate) fn patience(&self) -> Patience {
        self.patience_until(CancellationToken::new())
    }

    pub(crate) fn patience_until(&self, cancellation: CancellationToken) -> Patience {
        let renew_credentials = self.parts.renew_credentials.clone();
        Patience { options: self.retry.clone(), cancellation, renew_credentials }
    }

    /// The operation on one key, for messages.
    pub(crate) fn operation(&self, verb: &'static str, key: &str) -> Operation {
        Operation::new(verb, self.url.reference(key))
    }
}

/// A key as `object_store` wants it. Never percent-encoded, and refused rather than changed.
pub(crate) fn object_path(operation: &Operation, key: &str) -> Result<Path, TransferError> {
    match Path::parse(key) {
        Ok(path) if path.as_ref() == key => Ok(path),
        _ => {
            let problem = "the key has an empty, '.' or '..' segment, a control character or a '/' at an end";
            Err(TransferError::InvalidOption { operation: operation.clone(), problem: problem.to_owned() })
        }
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bucket").field("url", &self.url).finish_non_exhaustive()
    }
}

fn folder_parts(root: &std::path::Path) -> BucketParts {
    let store = Arc::new(FolderStore::new(root));
    BucketParts {
        store: Arc::clone(&store) as _,
        multipart: None,
        raw: RawKeys::Folder(store),
        renew_credentials: None,
    }
}

/// An `ETag` as requests and answers spell it: in quotes.
pub(crate) fn quoted(etag: &ETag, url: &BucketUrl) -> String {
    match url {
        BucketUrl::Folder(_) => etag.to_string(),
        _ => format!("\"{etag}\""),
    }
}
