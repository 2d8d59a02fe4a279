//! The platform: its buckets with credentials that renew themselves, and the job that this process may be.

use std::sync::Arc;

use apolo_client::{
    Access, AzureKey, BucketName, Configuration, ConnectOptions, Credentials, GcsKey, Platform, PlatformBucketInfo,
    PlatformReference, TemporaryCredentials, job_id, job_run_tags,
};
use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use object_store::azure::{AzureAccessKey, AzureCredential, split_sas};
use object_store::gcp::GcpCredential;
use secrecy::ExposeSecret;
use url::Url;
use wabucket_model::{BucketUrl, Environment, PlatformBucket};
use wabucket_transfer::{AzureOptions, Bucket, Expiring, GcsAccess, GcsOptions, RetryOptions, S3Options};

use crate::{Error, Session};

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
pub(crate) async fn open(session: &Session, name: &str, purpose: Purpose) -> Result<Bucket, Error> {
    let platform = session.platform(name).await?;
    let info = platform.bucket(&BucketName::parse(name)?).await?;
    open_info(session, platform, info, purpose).await
}

/// Opens the bucket that a bucket URL names in full.
pub(crate) async fn open_at(session: &Session, url: &PlatformBucket, purpose: Purpose) -> Result<Bucket, Error> {
    let platform = session.platform(&url.bucket).await?;
    let info = platform.bucket_at(url).await?;
    open_info(session, platform, info, purpose).await
}

/// Opens the bucket that a stored reference points into, and returns the key prefixes it may mean, likeliest first.
pub(crate) async fn open_reference(session: &Session, reference: &str) -> Result<(Bucket, Vec<String>), Error> {
    let platform = session.platform(reference).await?;
    let resolved = platform.resolve(&PlatformReference::parse(reference)?).await?;
    let prefixes = PlatformReference::key_prefixes(&resolved.key_text);
    Ok((open_info(session, platform, resolved.bucket, Purpose::Read).await?, prefixes))
}

async fn open_info(
    session: &Session,
    platform: &Platform,
    info: PlatformBucketInfo,
    purpose: Purpose,
) -> Result<Bucket, Error> {
    let first = platform.temporary_credentials(&info).await?;
    if purpose == Purpose::Write && first.access == Access::ReadOnly {
        return Err(Error::ReadOnlyBucket { bucket: info.url.to_string() });
    }
    let renewing = Renewing { platform: platform.clone(), info };
    let bucket = open_store(&session.settings.environment, renewing, &first)?;
    bucket.check().await?;
    Ok(bucket)
}

/// Opens the store behind a bucket, with credentials that renew themselves.
fn open_store(environment: &Environment, renewing: Renewing, first: &TemporaryCredentials) -> Result<Bucket, Error> {
    let url = BucketUrl::Platform(renewing.info.url.clone());
    let (bucket, retry) = (first.bucket_name.clone(), RetryOptions::default());
    let opened = match &first.credentials {
        Credentials::S3(s3) => {
            let endpoint = s3.endpoint_url.as_deref().map(parse_endpoint).transpose()?;
            let region = s3.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
            let credentials = Arc::new(RenewingAs { renewing, convert: aws_credential });
            Bucket::open_s3(url, S3Options { bucket, region, endpoint, credentials }, retry)
        }
        Credentials::Azure(azure) => {
            let endpoint = parse_endpoint(&azure.storage_endpoint)?;
            let credentials = Arc::new(RenewingAs { renewing, convert: azure_credential });
            Bucket::open_azure(url, AzureOptions { container: bucket, endpoint, credentials }, retry)
        }
        Credentials::Gcs(gcs) => {
            let access = match &gcs.key {
                GcsKey::AccessToken(_) => GcsAccess::Tokens(Arc::new(RenewingAs { renewing, convert: gcp_credential })),
                GcsKey::ServiceAccount(key) => GcsAccess::ServiceAccountKey(key.expose_secret().to_owned()),
            };
            // The platform names no address here; an emulator is found as Google's own libraries find it.
            let endpoint = environment.variable("STORAGE_EMULATOR_HOST").map(parse_endpoint).transpose()?;
            Bucket::open_gcs(url, GcsOptions { bucket, endpoint, access }, retry)
        }
    };
    Ok(opened?)
}

fn parse_endpoint(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| Error::InvalidEndpoint { text: text.to_owned() })
}

/// Asks the platform for new credentials each time; whoever uses it keeps them while they last.
#[derive(Debug)]
struct Renewing {
    platform: Platform,
    info: PlatformBucketInfo,
}

/// The credentials in the form that one kind of store takes.
struct RenewingAs<C> {
    renewing: Renewing,
    convert: fn(&Credentials) -> Option<C>,
}

impl<C> std::fmt::Debug for RenewingAs<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.renewing.fmt(formatter)
    }
}

#[async_trait]
impl<C: Send + Sync + 'static> CredentialProvider for RenewingAs<C> {
    type Credential = Expiring<C>;

    async fn get_credential(&self) -> object_store::Result<Arc<Self::Credential>> {
        let fail = |source| object_store::Error::Generic { store: "platform", source };
        let Renewing { platform, info } = &self.renewing;
        let fetched = platform.temporary_credentials(info).await.map_err(|error| fail(Box::new(error)))?;
        let changed = || fail("the bucket's provider has changed".into());
        let credential = (self.convert)(&fetched.credentials).ok_or_else(changed)?;
        Ok(Arc::new(Expiring { credential: Arc::new(credential), expires_at: fetched.expiration }))
    }
}

fn aws_credential(credentials: &Credentials) -> Option<AwsCredential> {
    let Credentials::S3(s3) = credentials else { return None };
    Some(AwsCredential {
        key_id: s3.access_key_id.clone(),
        secret_key: s3.secret_access_key.expose_secret().to_owned(),
        token: s3.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
    })
}

fn azure_credential(credentials: &Credentials) -> Option<AzureCredential> {
    let Credentials::Azure(azure) = credentials else { return None };
    match &azure.key {
        AzureKey::Sas(sas) => split_sas(sas.expose_secret()).ok().map(AzureCredential::SASToken),
        AzureKey::AccountKey(key) => AzureAccessKey::try_new(key.expose_secret()).ok().map(AzureCredential::AccessKey),
    }
}

fn gcp_credential(credentials: &Credentials) -> Option<GcpCredential> {
    let Credentials::Gcs(gcs) = credentials else { return None };
    match &gcs.key {
        GcsKey::AccessToken(token) => Some(GcpCredential { bearer: token.expose_secret().to_owned() }),
        GcsKey::ServiceAccount(_) => None,
    }
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
