//! What no entry tells: empty folders, and where the bytes are while a version is being replaced.

use std::sync::Arc;

use wabucket_model::{ArtifactFolder, BucketUrl, Manifest};
use wabucket_transfer::{Bucket, DownloadPlan, Source};

use super::Planner;
use super::entry::place_of;
use crate::claim::{Claim, previous_prefix};
use crate::platform::Purpose;
use crate::{Error, bucket};

impl Planner<'_> {
    /// Empty folders have no entry: their markers lie in the artifact folder.
    pub(super) async fn add_folders(&mut self, plan: &mut DownloadPlan) -> Result<(), Error> {
        let Some((bucket, prefix)) = self.artifact_folder().await? else { return Ok(()) };
        plan.folders = bucket.list(&prefix).await?.folders;
        self.read_kept_aside(&bucket, &prefix, plan).await
    }

    /// While this very version is being replaced, its objects are read from where they are kept aside.
    pub(super) async fn read_kept_aside(
        &self,
        bucket: &Bucket,
        prefix: &str,
        plan: &mut DownloadPlan,
    ) -> Result<(), Error> {
        let claim = Claim::read(bucket, prefix).await?;
        if claim.and_then(|claim| claim.replaces).as_deref() != Some(self.located.artifact.id.as_str()) {
            return Ok(());
        }
        let aside = previous_prefix(prefix);
        for file in &mut plan.files {
            if let Source::Object { key, .. } = &mut file.source {
                *key = format!("{aside}/{}", file.path);
                // A copy of an object that was written in parts has another `ETag`.
                let etag = file.expected.etag.take();
                file.expected.md5 = file.expected.md5.or_else(|| etag.and_then(|etag| etag.md5()));
                file.expected.version_id = None;
            }
        }
        Ok(())
    }

    /// The bucket and the prefix of the folder that all entries share; for a version without any entry, the folder
    /// that one of its aliases names in the configured bucket.
    async fn artifact_folder(&mut self) -> Result<Option<(Arc<Bucket>, String)>, Error> {
        match folder_of(&self.located.manifest) {
            Some((url, prefix)) => Ok(Some((self.bucket(url).await?, prefix))),
            None => self.folder_by_alias().await,
        }
    }

    async fn folder_by_alias(&mut self) -> Result<Option<(Arc<Bucket>, String)>, Error> {
        if !self.located.manifest.entries.is_empty() {
            return Ok(None);
        }
        let bucket = Arc::new(bucket::open(self.session, Purpose::Read).await?);
        let artifact = self.located.artifact;
        let asked = std::iter::once(&self.located.folder.alias);
        for alias in asked.chain(&artifact.aliases) {
            let folder = ArtifactFolder { alias: alias.clone(), ..self.located.folder.clone() };
            let prefix = bucket.url().folder_prefix(&folder);
            if !bucket.is_empty_below(&prefix).await? {
                return Ok(Some((bucket, prefix)));
            }
        }
        Ok(None)
    }
}

/// The folder that the references of all entries share: each means the object of that folder and the entry's path.
fn folder_of(manifest: &Manifest) -> Option<(BucketUrl, String)> {
    let mut found: Option<(BucketUrl, String)> = None;
    for (path, entry) in &manifest.entries {
        let (url, key) = place_of(entry.reference.as_deref()?)?;
        let prefix = key.strip_suffix(path.as_str())?.strip_suffix('/')?;
        match &found {
            Some((known, folder)) if (known, folder.as_str()) != (&url, prefix) => return None,
            Some(_) => {}
            None => found = Some((url, prefix.to_owned())),
        }
    }
    found
}

/// The URL of the folder that a version's bytes lie in, if all lie in one.
pub(crate) fn location_of(manifest: &Manifest) -> Option<String> {
    folder_of(manifest).map(|(url, prefix)| url.reference(&prefix))
}
