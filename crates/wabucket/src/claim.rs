//! The claim: a small object that says "an upload into this artifact folder is not finished".
//!
//! A folder in a bucket belongs to a version if and only if a committed version refers to it. The claim is how the
//! leftovers of an upload that was killed are told from a folder that is somebody's: only with a claim may a folder
//! that no version of this project refers to be written again.

use serde::{Deserialize, Serialize};
use wabucket_transfer::{Bucket, TransferError, WriteMode};

use crate::Error;

/// Beside the types' folders; none of them starts with a dot, as no artifact type does.
const CLAIMS: &str = ".wabucket/unfinished";

/// `TYPE/NAME/ALIAS`.
const FOLDER_SEGMENTS: usize = 3;

/// What an upload writes before its first object, and removes after its commit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Claim {
    /// `entity/project/run` of the upload.
    pub(crate) run: String,
    /// The id of the version whose objects are being replaced, when there is one: until the new version is committed,
    /// it is read with the help of what [`previous_prefix`] keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<String>,
}

impl Claim {
    /// Reads the claim on a folder, if there is one. One that cannot be read counts as a claim of nobody.
    pub(crate) async fn read(bucket: &Bucket, prefix: &str) -> Result<Option<Self>, Error> {
        match bucket.read(&claim_key(prefix)).await {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).unwrap_or_default())),
            Err(TransferError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the claim.
    pub(crate) async fn write(&self, bucket: &Bucket, prefix: &str) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).expect("a claim has text keys only");
        Ok(bucket.write(&claim_key(prefix), bytes.into(), WriteMode::Overwrite).await?)
    }

    /// Removes the claim.
    pub(crate) async fn remove(bucket: &Bucket, prefix: &str) -> Result<(), Error> {
        Ok(bucket.delete([claim_key(prefix)]).await?)
    }
}

fn claim_key(prefix: &str) -> String {
    format!("{}/claim.json", beside(prefix))
}

/// Where the objects of a version are kept while those of a new one take their place.
pub(crate) fn previous_prefix(prefix: &str) -> String {
    format!("{}/previous", beside(prefix))
}

/// The place for claims on the artifact folder with this key prefix. It is found from the prefix alone, so that readers
/// who know only where the objects are find it, too.
fn beside(prefix: &str) -> String {
    let folder_start = prefix.rmatch_indices('/').nth(FOLDER_SEGMENTS - 1).map_or(0, |(index, _)| index + 1);
    let (root, folder) = prefix.split_at(folder_start);
    format!("{root}{CLAIMS}/{folder}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_lie_beside_the_types() {
        assert_eq!(claim_key("t/n/a"), ".wabucket/unfinished/t/n/a/claim.json");
        assert_eq!(previous_prefix("x/y/t/n/a"), "x/y/.wabucket/unfinished/t/n/a/previous");
        assert_eq!(previous_prefix("a"), ".wabucket/unfinished/a/previous");
    }
}
