//! What differs between providers: how they are opened, and what `object_store::path::Path` cannot spell.
//!
//! `Path` cannot spell a key that ends in `/` (the marker of an empty folder), and strips that slash when it lists, so
//! that `x/` and `x` look alike. Each provider therefore brings its own listing and its own markers.

pub(crate) mod azure;
pub(crate) mod folder;
pub(crate) mod gcs;
pub(crate) mod s3;

use std::sync::Arc;

use object_store::client::HttpError;
use object_store::{ClientOptions, RetryConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use wabucket_model::ETag;

use crate::error::{Operation, SourceProblem, TransferError};
use crate::http::Failure;
use crate::options::{CONNECT_TIMEOUT, READ_TIMEOUT};

/// The longest key that S3, GCS and Azure allow, in bytes (each documents 1024).
const LONGEST_KEY: usize = 1024;

/// The requests that go past `object_store`, by provider.
#[derive(Clone)]
pub(crate) enum RawKeys {
    /// An S3-compatible store.
    S3(Arc<s3::S3Requests>),
    /// A Google bucket.
    Gcs(Arc<gcs::GcsRequests>),
    /// An Azure container.
    Azure(Arc<azure::AzureRequests>),
    /// A local folder.
    Folder(Arc<folder::FolderStore>),
}

/// One entry of a raw listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawObject {
    /// The key as it is; ends in `/` for a folder marker.
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) etag: Option<ETag>,
    /// The version, where listings tell it.
    pub(crate) version: Option<String>,
}

/// A piece of a listing, and where the next one begins.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<RawObject>,
    pub(crate) next: Option<String>,
}

/// Which keys, from where, and how many at most.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageRequest {
    pub(crate) prefix: String,
    pub(crate) from: Option<String>,
    pub(crate) at_most: Option<usize>,
}

impl RawKeys {
    /// Why the store cannot keep an object under this key, if it cannot.
    pub(crate) fn problem_with(&self, key: &str) -> Option<SourceProblem> {
        if key.len() > LONGEST_KEY {
            return Some(SourceProblem::KeyTooLong { length: key.len() });
        }
        // It would come back as another name, and perhaps on top of another file.
        let is_changed = matches!(self, Self::Azure(_)) && key.contains('\\');
        is_changed.then_some(SourceProblem::Backslash)
    }

    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        match self {
            Self::S3(requests) => requests.list_page(operation, request).await,
            Self::Gcs(requests) => requests.list_page(operation, request).await,
            Self::Azure(requests) => requests.list_page(operation, request).await,
            Self::Folder(store) => store.list_page(operation, request).await,
        }
    }

    /// Writes the zero-byte object that keeps an empty folder; `key` ends in `/`.
    pub(crate) async fn put_marker(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self {
            Self::S3(requests) => requests.put_empty(operation, key).await,
            Self::Gcs(requests) => requests.put_empty(operation, key).await,
            Self::Azure(requests) => requests.put_empty(operation, key).await,
            Self::Folder(store) => store.create_folder(operation, key).await,
        }
    }

    /// Deletes one key, whatever it looks like; one that is missing is no error.
    pub(crate) async fn delete(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self {
            Self::S3(requests) => requests.delete(operation, key).await,
            Self::Gcs(requests) => requests.delete(operation, key).await,
            Self::Azure(requests) => requests.delete(operation, key).await,
            Self::Folder(store) => store.delete_key(operation, key).await,
        }
    }
}

/// What `SigV4` leaves as it is (AWS, "Create a canonical request": A-Z a-z 0-9 - . _ ~); the others take it, too.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path, which keeps its slashes.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A URL with a query behind it.
fn with_query(mut url: String, query: &[(&str, &str)]) -> String {
    for (index, (name, value)) in query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, QUERY));
    }
    url
}

/// Refuses a `.` or `..` segment: every URL library would resolve it away, and hit another key.
fn check_dots(operation: &Operation, key: &str) -> Result<(), TransferError> {
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        let problem = "a key with a '.' or '..' segment cannot be requested".to_owned();
        return Err(TransferError::InvalidOption { operation: operation.clone(), problem });
    }
    Ok(())
}

fn lost(operation: &Operation, error: &HttpError) -> TransferError {
    let failure = Failure::of(error).unwrap_or_else(|| Failure::transport(error));
    TransferError::from_failure(operation, failure)
}

/// Plain HTTP is allowed where the user names an endpoint that speaks it.
fn client_options(endpoint: Option<&Url>) -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(READ_TIMEOUT)
        .with_timeout_disabled()
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.scheme() == "http"))
}

/// Retrying is done above, where credentials are asked for anew and the caller can stop it.
fn no_retry() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}
