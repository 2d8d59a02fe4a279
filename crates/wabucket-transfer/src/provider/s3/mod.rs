//! S3 and everything that speaks like it.

mod credentials;
mod listing;
mod requests;
mod settings;

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AwsCredential, Checksum};
use object_store::client::HttpConnector;
use url::Url;

pub(crate) use requests::S3Requests;

use crate::bucket::BucketParts;
use crate::credentials::{CredentialCache, CredentialSource};
use crate::error::{Operation, TransferError};
use crate::http::Connector;
use crate::options::StoreOptions;
use crate::provider::{RawKeys, client_options, no_retry};
use settings::Settings;

/// One bucket of an S3-compatible store, and who may use it.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// The bucket's real name.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The store; absent for AWS itself. With an endpoint, the bucket is part of the path, without one, of the host.
    pub endpoint: Option<Url>,
    /// Where credentials come from; they are kept and renewed in time.
    pub credentials: CredentialSource<AwsCredential>,
}

/// Finds out about a bucket from the user's own surroundings.
pub(crate) async fn options(bucket: &str, options: &StoreOptions) -> Result<S3Options, TransferError> {
    let operation = Operation::new("open", format!("s3://{bucket}"));
    let settings = Settings::read(&operation, options)?;
    let region = match (&settings.region, &settings.endpoint) {
        (Some(region), _) => region.clone(),
        (None, Some(_)) => settings::DEFAULT_REGION.to_owned(),
        (None, None) => discover_region(&operation, bucket).await?,
    };
    Ok(S3Options {
        bucket: bucket.to_owned(),
        region,
        endpoint: settings.endpoint,
        credentials: credentials::from_environment(&operation, options)?,
    })
}

/// AWS tells the region of any bucket, without credentials.
async fn discover_region(operation: &Operation, bucket: &str) -> Result<String, TransferError> {
    let found = object_store::aws::resolve_bucket_region(bucket, &client_options(None)).await;
    found.map_err(|error| TransferError::from_store(operation, error))
}

/// Makes the parts of a [`crate::Bucket`].
pub(crate) fn open(operation: &Operation, options: S3Options) -> Result<BucketParts, TransferError> {
    let credentials = Arc::new(CredentialCache::new(options.credentials));
    let client_options = client_options(options.endpoint.as_ref());
    let bucket_url = bucket_url(&options.bucket, &options.region, options.endpoint.as_ref());
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&options.bucket)
        .with_region(&options.region)
        // For `object_store`, "virtual hosted" means that the endpoint already names the bucket.
        .with_virtual_hosted_style_request(true)
        .with_endpoint(&bucket_url)
        .with_credentials(Arc::clone(&credentials) as _)
        .with_client_options(client_options.clone())
        .with_http_connector(Connector)
        .with_retry(no_retry());
    if options.endpoint.is_none() {
        // AWS checks a CRC64-NVME, which costs a tenth of a SHA-256; TLS guards the request itself. Every other store
        // checks the SHA-256 of a signed payload, and many refuse checksum headers that they do not know.
        builder = builder.with_unsigned_payload(true).with_checksum_algorithm(Checksum::CRC64NVME);
    }
    let refused = |error| TransferError::from_store(operation, error);
    let store = Arc::new(builder.build().map_err(refused)?);
    let requests = S3Requests {
        client: Connector.connect(&client_options).map_err(refused)?,
        credentials: Arc::clone(&credentials),
        region: options.region,
        bucket_url,
    };
    Ok(BucketParts {
        store: Arc::clone(&store) as _,
        multipart: Some(store),
        raw: RawKeys::S3(Arc::new(requests)),
        renew_credentials: Some(Arc::new(move || credentials.invalidate())),
    })
}

/// Where the bucket is, without a slash at the end: below the endpoint, or a host of its own at AWS.
///
/// A bucket name with dots has no valid certificate as a host, so it goes into the path there, too.
fn bucket_url(bucket: &str, region: &str, endpoint: Option<&Url>) -> String {
    match endpoint {
        Some(endpoint) => format!("{}/{bucket}", endpoint.as_str().trim_end_matches('/')),
        None if bucket.contains('.') => format!("https://s3.{region}.amazonaws.com/{bucket}"),
        None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_where_their_store_expects_them() {
        let endpoint = Url::parse("http://127.0.0.1:9000/").unwrap();
        assert_eq!(bucket_url("b", "r", Some(&endpoint)), "http://127.0.0.1:9000/b");
        assert_eq!(bucket_url("b", "eu-west-1", None), "https://b.s3.eu-west-1.amazonaws.com");
        assert_eq!(bucket_url("b.c", "eu-west-1", None), "https://s3.eu-west-1.amazonaws.com/b.c");
    }
}
