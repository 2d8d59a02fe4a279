//! The bucket that the settings name, opened.

use wabucket_model::BucketUrl;
use wabucket_transfer::{Bucket, StoreOptions};

use crate::settings::BucketChoice;
use crate::{Error, Settings};

/// Opens the bucket and makes sure that it is there.
pub(crate) async fn open(settings: &Settings) -> Result<Bucket, Error> {
    let bucket = match &settings.bucket {
        BucketChoice::Url(url) => Bucket::open(url, &store_options(settings)).await?,
        BucketChoice::Embedded(folder) => {
            fs_err::create_dir_all(folder)
                .map_err(|source| Error::Source { operation: "make the folder bucket", source })?;
            Bucket::open(&BucketUrl::Folder(folder.clone()), &store_options(settings)).await?
        }
        BucketChoice::Platform(name) => return platform(settings, name).await,
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

async fn platform(settings: &Settings, name: &str) -> Result<Bucket, Error> {
    let _ = settings;
    Err(Error::NotLoggedIn { bucket: name.to_owned() })
}
