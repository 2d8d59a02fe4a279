//! The bucket that the settings name, opened.

use wabucket_model::BucketUrl;
use wabucket_transfer::{Bucket, StoreOptions};

use crate::platform::{self, Purpose};
use crate::settings::BucketChoice;
use crate::{Error, Session, Settings};

/// Opens the bucket and makes sure that it is there.
pub(crate) async fn open(session: &Session, purpose: Purpose) -> Result<Bucket, Error> {
    let settings = &session.settings;
    let bucket = match &settings.bucket {
        BucketChoice::Url(BucketUrl::Platform(url)) => {
            return platform::open_at(session, url, purpose).await;
        }
        BucketChoice::Platform(name) => return platform::open(session, name, purpose).await,
        BucketChoice::Url(url) => Bucket::open(url, &store_options(settings)).await?,
        BucketChoice::Embedded(folder) => {
            fs_err::create_dir_all(folder)
                .map_err(|source| Error::Source { operation: "make the folder bucket", source })?;
            Bucket::open(&BucketUrl::Folder(folder.clone()), &store_options(settings)).await?
        }
    };
    bucket.check().await?;
    Ok(bucket)
}

/// How stores are opened with the user's own credentials.
pub(crate) fn store_options(settings: &Settings) -> StoreOptions {
    StoreOptions {
        environment: settings.environment.clone(),
        endpoint_url: settings.endpoint_url.clone(),
        aws_credentials_file: settings.aws_credentials_file.clone(),
        ..StoreOptions::default()
    }
}
