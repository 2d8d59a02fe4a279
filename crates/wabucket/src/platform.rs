//! The platform: its buckets with credentials that renew themselves, and the job that this process may be.

use std::sync::Arc;

use apolo_client::{
    Access, BucketName, Configuration, ConnectOptions, Credentials, Platform, PlatformBucketInfo, PlatformReference,
    TemporaryCredentials, job_id, job_run_tags,
};
use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use secrecy::ExposeSecret;
use url::Url;
use wabucket_model::{BucketUrl, Environment, PlatformBucket};
use wabucket_transfer::{Bucket, Expiring, RetryOptions, S3Options};

use crate::Error;

/// What stores of S3's kind are signed for when the platform names no region.
const DEFAULT_REGION: &str = "us-east-1";

/// Whether an operation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    Write,
}

/// Logs in with what `apolo login` left, or what a job was given. Warnings are for the user.
pub(crate) async fn connect(environment: &Environment, bucket: &str) -> Result<(Platform, Vec<String>), Error> {
    let configuration = Configuration::find(environment)?;
    let configuration = configuration.ok_or_else(|| Error::NotLoggedIn { bucket: bucket.to_owned() })?;
    let warnings = configuration.warnings().iter().map(ToString::to_string).collect();
    Ok((Platform::connect(configuration, ConnectOptions::default()).await?, warnings))
}

/// Opens a bucket of the current project by name or id.
pub(crate) async fn open(platform: &Platform, name: &str, purpose: Purpose) -> Result<Bucket, Error> {
    let info = platform.bucket(&BucketName::parse(name)?).await?;
    open_info(platform, info, purpose).await
}

/// Opens the bucket that a bucket URL names in full.
pub(crate) async fn open_at(platform: &Platform, url: &PlatformBucket, purpose: Purpose) -> Result<Bucket, Error> {
    let info = platform.bucket_at(url).await?;
    open_info(platform, info, purpose).await
}

/// Opens the bucket that a stored reference points into, and returns the key prefixes it may mean, likeliest first.
pub(crate) async fn open_reference(platform: &Platform, reference: &str) -> Result<(Bucket, Vec<String>), Error> {
    let resolved = platform.resolve(&PlatformReference::parse(reference)?).await?;
    let prefixes = PlatformReference::key_prefixes(&resolved.key_text);
    Ok((open_info(platform, resolved.bucket, Purpose::Read).await?, prefixes))
}

async fn open_info(platform: &Platform, info: PlatformBucketInfo, purpose: Purpose) -> Result<Bucket, Error> {
    let first = platform.temporary_credentials(&info).await?;
    if purpose == Purpose::Write && first.access == Access::ReadOnly {
        return Err(Error::ReadOnlyBucket { bucket: info.url.to_string() });
    }
    let Credentials::S3(s3) = &first.credentials else {
        return Err(Error::UnsupportedStore { bucket: info.url.to_string() });
    };
    let endpoint = s3.endpoint_url.as_deref().map(Url::parse).transpose();
    let endpoint =
        endpoint.map_err(|_| Error::InvalidEndpoint { text: s3.endpoint_url.clone().unwrap_or_default() })?;
    let options = S3Options {
        bucket: first.bucket_name.clone(),
        region: s3.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()),
        endpoint,
        credentials: Arc::new(Renewing { platform: platform.clone(), info: info.clone() }),
    };
    let bucket = Bucket::open_s3(BucketUrl::Platform(info.url), options, RetryOptions::default())?;
    bucket.check().await?;
    Ok(bucket)
}

/// Asks the platform for new credentials each time; whoever uses it keeps them while they last.
#[derive(Debug)]
struct Renewing {
    platform: Platform,
    info: PlatformBucketInfo,
}

#[async_trait]
impl CredentialProvider for Renewing {
    type Credential = Expiring<AwsCredential>;

    async fn get_credential(&self) -> object_store::Result<Arc<Self::Credential>> {
        let fail = |source| object_store::Error::Generic { store: "platform", source };
        let fetched = self.platform.temporary_credentials(&self.info).await.map_err(|error| fail(Box::new(error)))?;
        let credential = aws_credential(&fetched).ok_or_else(|| fail("the bucket's provider has changed".into()))?;
        Ok(Arc::new(Expiring { credential: Arc::new(credential), expires_at: fetched.expiration }))
    }
}

fn aws_credential(fetched: &TemporaryCredentials) -> Option<AwsCredential> {
    let Credentials::S3(s3) = &fetched.credentials else { return None };
    Some(AwsCredential {
        key_id: s3.access_key_id.clone(),
        secret_key: s3.secret_access_key.expose_secret().to_owned(),
        token: s3.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
    })
}

/// The tags that a run in a platform job gets, and a warning if the job cannot be asked about.
pub(crate) async fn job_tags(environment: &Environment) -> (Vec<String>, Option<String>) {
    let Some(id) = job_id(environment) else { return (Vec::new(), None) };
    let asked = match connect(environment, id).await {
        Ok((platform, _)) => platform.job(id).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    match asked {
        Ok(job) => (job_run_tags(environment, Some(&job)), None),
        Err(error) => {
            let warning = format!("cannot read the tags of platform job {id}: {error}");
            (job_run_tags(environment, None), Some(warning))
        }
    }
}
