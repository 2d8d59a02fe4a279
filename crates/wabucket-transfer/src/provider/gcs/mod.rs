//! Google Cloud Storage, through its JSON API.
//!
//! The XML API, which `object_store` speaks, has other `ETag`s than the JSON API: those are what W&B's own client
//! records and compares. The JSON API also tells the MD5 of what was stored, and takes any key.

mod requests;
mod resource;
mod settings;
mod store;
mod upload;

use std::fmt;
use std::sync::Arc;

use object_store::client::HttpConnector;
use object_store::gcp::{GcpCredential, GcpCredentialProvider, GoogleCloudStorageBuilder};
use url::Url;

pub(crate) use requests::GcsRequests;

use crate::bucket::BucketParts;
use crate::credentials::{CredentialCache, CredentialSource};
use crate::error::{Operation, TransferError};
use crate::http::Connector;
use crate::options::{RetryOptions, StoreOptions};
use crate::provider::{RawKeys, client_options, no_retry};
use settings::{Access, Settings};
use store::GcsStore;

/// Where buckets are, unless somebody says otherwise.
const ENDPOINT: &str = "https://storage.googleapis.com";

/// One bucket of Google Cloud Storage, and who may use it.
#[derive(Debug, Clone)]
pub struct GcsOptions {
    /// The bucket's name.
    pub bucket: String,
    /// An emulator; absent for Google itself.
    pub endpoint: Option<Url>,
    /// What opens the bucket.
    pub access: GcsAccess,
}

/// What opens a Google bucket.
#[derive(Clone)]
pub enum GcsAccess {
    /// Access tokens; they are kept and renewed in time.
    Tokens(CredentialSource<GcpCredential>),
    /// The JSON text of a service account's key.
    ServiceAccountKey(String),
}

/// Keys are not shown.
impl fmt::Debug for GcsAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tokens(_) => "Tokens",
            Self::ServiceAccountKey(_) => "ServiceAccountKey",
        })
    }
}

/// Makes the parts of a [`crate::Bucket`] from the user's own surroundings.
pub(crate) fn open_own(
    operation: &Operation,
    bucket: &str,
    options: &StoreOptions,
) -> Result<BucketParts, TransferError> {
    let settings = Settings::read(operation, options)?;
    let builder = builder(bucket);
    let refused = |error| TransferError::from_store(operation, error);
    let credentials = match settings.access {
        Access::Nothing => None,
        Access::File(path) => {
            let builder = builder.with_application_credentials(path.to_string_lossy());
            Some(Arc::clone(builder.build().map_err(refused)?.credentials()))
        }
        Access::Machine => Some(Arc::clone(builder.build().map_err(refused)?.credentials())),
    };
    let place = Place { endpoint: settings.endpoint, bucket: bucket.to_owned() };
    parts(operation, place, credentials, options.retry.clone())
}

/// Makes the parts of a [`crate::Bucket`] that somebody else describes.
pub(crate) fn open(
    operation: &Operation,
    options: GcsOptions,
    retry: RetryOptions,
) -> Result<BucketParts, TransferError> {
    let endpoint = options.endpoint.unwrap_or_else(|| Url::parse(ENDPOINT).expect("the constant is a URL"));
    let place = Place { endpoint, bucket: options.bucket };
    match options.access {
        GcsAccess::Tokens(source) => {
            let cache = Arc::new(CredentialCache::new(source));
            let parts = parts(operation, place, Some(Arc::clone(&cache) as _), retry)?;
            Ok(BucketParts { renew_credentials: Some(Arc::new(move || cache.invalidate())), ..parts })
        }
        GcsAccess::ServiceAccountKey(key) => {
            let opened = builder(&place.bucket).with_service_account_key(key).build();
            // The text of this error could show the key.
            let opened = opened.map_err(|_| TransferError::InvalidOption {
                operation: operation.clone(),
                problem: "the service account's key cannot be understood".to_owned(),
            })?;
            parts(operation, place, Some(Arc::clone(opened.credentials())), retry)
        }
    }
}

/// A bucket's address.
struct Place {
    endpoint: Url,
    bucket: String,
}

/// Only knows how to get tokens.
fn builder(bucket: &str) -> GoogleCloudStorageBuilder {
    GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_client_options(client_options(None))
        .with_http_connector(Connector)
        .with_retry(no_retry())
}

fn parts(
    operation: &Operation,
    place: Place,
    credentials: Option<GcpCredentialProvider>,
    retry: RetryOptions,
) -> Result<BucketParts, TransferError> {
    let client = Connector.connect(&client_options(Some(&place.endpoint)));
    let requests = Arc::new(GcsRequests {
        client: client.map_err(|error| TransferError::from_store(operation, error))?,
        credentials,
        endpoint: place.endpoint.as_str().trim_end_matches('/').to_owned(),
        bucket: place.bucket,
    });
    Ok(BucketParts {
        store: Arc::new(GcsStore::new(Arc::clone(&requests), retry)),
        multipart: None,
        raw: RawKeys::Gcs(requests),
        renew_credentials: None,
    })
}
