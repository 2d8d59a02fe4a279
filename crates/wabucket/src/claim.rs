//! The claim: a small object that says "an upload into this artifact folder is not finished".
//!
//! A folder in a bucket belongs to a version if and only if a committed version refers to it. The claim is how the
//! leftovers of an upload that was killed are told from a folder that is somebody's: only with a claim may a folder
//! that no version of this project refers to be written again.

use serde::{Deserialize, Serialize};
use wabucket_model::{ArtifactFolder, BucketUrl};
use wabucket_transfer::Bucket;

use crate::Error;

/// Below the bucket URL; artifact folders cannot start with a dot, as no artifact type does.
const CLAIMS: &str = ".wabucket/unfinished";

/// What an upload writes before its first object, and removes after its commit.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Claim {
    /// `entity/project/run` of the upload.
    pub(crate) run: String,
    /// The id of the version whose objects are being replaced, when there is one: until the new version is committed,
    /// it is read with the help of what [`previous_key`] keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<String>,
}

impl Claim {
    /// Reads the claim on a folder, if there is one. One that cannot be read counts as a claim of nobody.
    pub(crate) async fn read(bucket: &Bucket, folder: &ArtifactFolder) -> Result<Option<Self>, Error> {
        let Some(bytes) = bucket.get_small(&claim_key(bucket.url(), folder)).await? else {
            return Ok(None);
        };
        let unreadable = Self { run: String::new(), replaces: None };
        Ok(Some(serde_json::from_slice(&bytes).unwrap_or(unreadable)))
    }

    /// Writes the claim.
    pub(crate) async fn write(&self, bucket: &Bucket, folder: &ArtifactFolder) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).expect("a claim has text keys only");
        Ok(bucket.put_small(&claim_key(bucket.url(), folder), bytes.into()).await?)
    }

    /// Removes the claim.
    pub(crate) async fn remove(bucket: &Bucket, folder: &ArtifactFolder) -> Result<(), Error> {
        Ok(bucket.delete(&[claim_key(bucket.url(), folder)]).await?)
    }
}

fn claim_key(url: &BucketUrl, folder: &ArtifactFolder) -> String {
    url.key(&format!("{CLAIMS}/{folder}.json"))
}

/// Where the object with this key is kept while a new version takes its place.
pub(crate) fn previous_prefix(url: &BucketUrl, folder: &ArtifactFolder) -> String {
    url.key(&format!("{CLAIMS}/{folder}"))
}
