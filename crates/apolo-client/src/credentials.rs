//! Temporary credentials: what the platform hands out for the store behind a bucket.
//!
//! Endpoint and region are taken exactly as given: neither is ever derived from the other.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;

use crate::bucket::Provider;
use crate::http::{Answer, Call, ClockDifference};
use crate::{Error, Missing, Platform, PlatformBucketInfo};

/// S3 refuses requests whose time is further from its own.
const TOLERATED_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(15);

/// `Date` headers have whole seconds: a difference of less than this may be none.
const RESOLUTION_OF_DATES: SignedDuration = SignedDuration::from_secs(2);

/// Credentials for one bucket, with their end.
#[derive(Debug, Clone)]
pub struct TemporaryCredentials {
    /// The bucket's or container's real name in its store.
    pub bucket_name: String,
    /// What they allow.
    pub access: Access,
    /// When they end by the platform's clock; permanent ones never do.
    pub expiration: Option<Timestamp>,
    /// The credentials themselves.
    pub credentials: Credentials,
    /// How far the local clock is from the platform's.
    pub clock: Option<ClockDifference>,
    received: Instant,
    lifetime: Option<Duration>,
}

/// What credentials allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// List and read.
    ReadOnly,
    /// List, read, write and delete. Never abort an upload or list its parts: the session policy has no such words.
    ReadWrite,
}

/// Credentials by the kind of store.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A store that speaks S3.
    S3(S3Credentials),
    /// Google Cloud Storage.
    Gcs(GcsCredentials),
    /// Azure Blob Storage.
    Azure(AzureCredentials),
}

/// For a store that speaks S3.
#[derive(Debug, Clone)]
pub struct S3Credentials {
    /// Where to send requests, path style; without one, the provider's own address in virtual-host style.
    pub endpoint_url: Option<String>,
    /// The region to sign for, as given: also `any` or `minio`.
    pub region: Option<String>,
    /// The key's public half.
    pub access_key_id: String,
    /// The key's secret half.
    pub secret_access_key: SecretString,
    /// The token that goes with temporary keys.
    pub session_token: Option<SecretString>,
}

/// For Google Cloud Storage.
#[derive(Debug, Clone)]
pub struct GcsCredentials {
    /// The project, where given.
    pub project: Option<String>,
    /// What opens the bucket.
    pub key: GcsKey,
}

/// What opens a Google bucket.
#[derive(Debug, Clone)]
pub enum GcsKey {
    /// An OAuth access token.
    AccessToken(SecretString),
    /// The JSON text of a service account's key.
    ServiceAccount(SecretString),
}

/// For Azure Blob Storage.
#[derive(Debug, Clone)]
pub struct AzureCredentials {
    /// The address of the storage account, `https://ACCOUNT.blob.core.windows.net` or an emulator's.
    pub storage_endpoint: String,
    /// What opens the container.
    pub key: AzureKey,
}

/// What opens an Azure container.
#[derive(Debug, Clone)]
pub enum AzureKey {
    /// A shared access signature, the text of a URL query.
    Sas(SecretString),
    /// The account's key.
    AccountKey(SecretString),
}

#[derive(Deserialize)]
struct CredentialsAnswer {
    provider: String,
    #[serde(default)]
    read_only: bool,
    credentials: Members,
}

/// The members of all providers; which ones are there tells what they are.
#[derive(Deserialize)]
struct Members {
    bucket_name: String,
    endpoint_url: Option<String>,
    region_name: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    session_token: Option<SecretString>,
    expiration: Option<String>,
    project: Option<String>,
    access_token: Option<SecretString>,
    expire_time: Option<String>,
    key_data: Option<String>,
    storage_endpoint: Option<String>,
    sas_token: Option<SecretString>,
    credential: Option<SecretString>,
    expiry: Option<String>,
}

impl Platform {
    /// Asks for credentials to the store behind a bucket.
    pub async fn temporary_credentials(&self, bucket: &PlatformBucketInfo) -> Result<TemporaryCredentials, Error> {
        let mut url = self.buckets_api(&bucket.url.cluster, &[&bucket.id, "make_tmp_credentials"]).await?;
        bucket.set_place(&mut url);
        let received = Instant::now();
        let answer = self.call(&Call::post(format!("get credentials for bucket {}", bucket.url), url)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Error::NotFound {
                missing: Missing::Bucket,
                name: bucket.url.bucket.clone(),
                place: format!("in cluster {:?}, though it was there a moment ago", bucket.url.cluster),
            });
        }
        TemporaryCredentials::from_answer(bucket, &answer.success()?, received)
    }
}

impl TemporaryCredentials {
    /// The time left, by the local monotonic clock and the platform's own; none for permanent credentials.
    pub fn remaining(&self) -> Option<Duration> {
        self.lifetime.map(|lifetime| lifetime.saturating_sub(self.received.elapsed()))
    }

    /// How long they were valid when they were received; none for permanent credentials.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    fn from_answer(bucket: &PlatformBucketInfo, answer: &Answer, received: Instant) -> Result<Self, Error> {
        let CredentialsAnswer { provider, read_only, credentials: members } = answer.json()?;
        let expiration = members.expiration(answer)?;
        // Times are compared on the server's clock, so that a wrong local one does no harm here.
        let difference = answer.clock.map_or(SignedDuration::ZERO, ClockDifference::local_ahead_by);
        let negligible = difference.abs() < RESOLUTION_OF_DATES;
        let server_now = if negligible { Timestamp::now() } else { Timestamp::now() - difference };
        let lifetime = expiration.map(|end| end.duration_since(server_now).try_into().unwrap_or_default());
        if lifetime == Some(Duration::ZERO) {
            return Err(answer.unexpected("holds credentials that have already ended"));
        }
        let bucket_name = members.bucket_name.clone();
        let credentials = members.into_credentials(bucket, &provider, answer)?;
        if matches!(credentials, Credentials::S3(_)) {
            check_clock(difference)?;
        }
        let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
        Ok(Self { bucket_name, access, expiration, credentials, clock: answer.clock, received, lifetime })
    }
}

impl Members {
    fn expiration(&self, answer: &Answer) -> Result<Option<Timestamp>, Error> {
        let text = self.expiration.as_ref().or(self.expire_time.as_ref()).or(self.expiry.as_ref());
        text.map(|text| parse_time(text).ok_or_else(|| answer.unexpected("has an end that is not a time"))).transpose()
    }

    fn into_credentials(
        self,
        bucket: &PlatformBucketInfo,
        provider: &str,
        answer: &Answer,
    ) -> Result<Credentials, Error> {
        match Provider::parse(provider) {
            Provider::Gcp => self.into_gcs().map(Credentials::Gcs),
            Provider::Azure => self.into_azure().map(Credentials::Azure),
            Provider::Other(provider) if self.access_key_id.is_none() => {
                return Err(Error::UnsupportedProvider { bucket: bucket.url.bucket.clone(), provider });
            }
            _ => self.into_s3().map(Credentials::S3),
        }
        .ok_or_else(|| answer.unexpected("lacks a part of the credentials"))
    }

    fn into_s3(self) -> Option<S3Credentials> {
        Some(S3Credentials {
            endpoint_url: self.endpoint_url,
            region: self.region_name,
            access_key_id: self.access_key_id?,
            secret_access_key: self.secret_access_key?,
            session_token: self.session_token,
        })
    }

    fn into_gcs(self) -> Option<GcsCredentials> {
        let key = match (self.access_token, self.key_data) {
            (Some(token), _) => GcsKey::AccessToken(token),
            (None, Some(data)) => {
                let json = String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()?;
                GcsKey::ServiceAccount(SecretString::from(json))
            }
            (None, None) => return None,
        };
        Some(GcsCredentials { project: self.project, key })
    }

    fn into_azure(self) -> Option<AzureCredentials> {
        let key = self.sas_token.map(AzureKey::Sas).or(self.credential.map(AzureKey::AccountKey))?;
        Some(AzureCredentials { storage_endpoint: self.storage_endpoint?, key })
    }
}

fn check_clock(difference: SignedDuration) -> Result<(), Error> {
    if difference.abs() < TOLERATED_CLOCK_DIFFERENCE {
        return Ok(());
    }
    let direction = if difference.is_positive() { "ahead of" } else { "behind" };
    Err(Error::ClockSkew { minutes: difference.abs().as_mins().unsigned_abs(), direction })
}

/// ISO 8601 as Python writes it; with `Z`, and without an offset as UTC, too.
fn parse_time(text: &str) -> Option<Timestamp> {
    let naive = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(naive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        let expected: Timestamp = "2026-11-23T21:46:06Z".parse().unwrap();
        for text in
            ["2026-11-23T21:46:06+00:00", "2026-11-23T21:46:06Z", "2026-11-23T21:46:06", "2026-11-23T22:46:06+01:00"]
        {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert_eq!(parse_time("2026-11-23T21:46:06.5+00:00"), Some(expected + SignedDuration::from_millis(500)));
        assert_eq!(parse_time("soon"), None);
    }

    #[test]
    fn a_clock_that_s3_would_refuse_is_an_error_in_both_directions() {
        assert!(check_clock(SignedDuration::from_mins(14)).is_ok());
        let message = |minutes| check_clock(SignedDuration::from_mins(minutes)).unwrap_err().to_string();
        assert_eq!(message(20), "the local clock is 20 minutes ahead of the platform's");
        assert_eq!(message(-90), "the local clock is 90 minutes behind the platform's");
    }
}
