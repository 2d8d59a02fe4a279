#![doc = include_str!("../README.md")]

mod bucket;
mod budget;
mod credentials;
mod download;
mod error;
mod hashes;
mod http;
mod inside;
mod options;
mod provider;
mod reporter;
mod retry;
mod upload;
mod walk;
mod workers;

pub use bucket::{Bucket, Listing, Object, OddKey, WriteMode};
pub use credentials::{CredentialCache, CredentialSource, Expiring};
pub use download::{DownloadFile, DownloadPlan, DownloadReport, Expected, Location, Renewal, Source, UrlProvider};
pub use error::{Cause, DestinationProblem, Operation, SourceProblem, TransferError};
pub use hashes::ContentHashes;
pub use options::{RetryOptions, StoreOptions, TransferOptions};
pub use provider::azure::AzureOptions;
pub use provider::gcs::{GcsAccess, GcsOptions};
pub use provider::s3::S3Options;
pub use reporter::{Phase, Reporter, Silent, Totals};
pub use upload::{UploadPlan, UploadReport, UploadedFile};
pub use walk::{LocalFile, LocalTree};
