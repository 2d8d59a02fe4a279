//! What differs between providers: how they are opened, and what `object_store::path::Path` cannot spell.
//!
//! `Path` cannot spell a key that ends in `/` (the marker of an empty folder), and strips that slash when it lists, so
//! that `x/` and `x` look alike. Each provider therefore brings its own listing and its own markers.

pub(crate) mod folder;
pub(crate) mod s3;

use std::sync::Arc;

use wabucket_model::ETag;

use crate::error::{Operation, TransferError};

/// The requests that go past `object_store`, by provider.
#[derive(Clone)]
pub(crate) enum RawKeys {
    /// An S3-compatible store.
    S3(Arc<s3::S3Requests>),
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
    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        match self {
            Self::S3(requests) => requests.list_page(operation, request).await,
            Self::Folder(store) => store.list_page(operation, request).await,
        }
    }

    /// Writes the zero-byte object that keeps an empty folder; `key` ends in `/`.
    pub(crate) async fn put_marker(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self {
            Self::S3(requests) => requests.put_empty(operation, key).await,
            Self::Folder(store) => store.create_folder(operation, key).await,
        }
    }

    /// Deletes one key, whatever it looks like; one that is missing is no error.
    pub(crate) async fn delete(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self {
            Self::S3(requests) => requests.delete(operation, key).await,
            Self::Folder(store) => store.delete_key(operation, key).await,
        }
    }
}
