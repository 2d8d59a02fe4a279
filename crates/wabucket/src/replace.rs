//! Writing into an artifact folder that may hold something: leftovers of an upload that was killed, or a version that
//! is to be replaced.
//!
//! A replaced version stays readable until the new one is committed: before the first object is overwritten, the old
//! objects are copied aside, inside the store, and then the claim says so. Every step may be killed and done again: what
//! a claim says is kept aside is never copied again, so a half-replaced folder cannot take the place of the true copy.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use wabucket_model::RelativePath;
use wabucket_transfer::{Bucket, Listing, UploadReport};
use wandb_client::Artifact;

use crate::claim::{Claim, previous_prefix};
use crate::{Error, Existing};

/// Copies inside the store that are under way at once.
const COPIES_AT_ONCE: usize = 16;

/// What is in the folder before the upload.
pub(crate) struct Replacement {
    prefix: String,
    before: Listing,
    claim: Option<Claim>,
    /// The version whose alias is taken over.
    current: Option<Artifact>,
}

impl Replacement {
    /// Looks at the folder. Objects that nobody claims are somebody's: they are refused unless they are to be replaced.
    pub(crate) async fn plan(
        bucket: &Bucket,
        prefix: &str,
        current: Option<Artifact>,
        existing: Existing,
    ) -> Result<Self, Error> {
        let before = bucket.list(prefix).await?;
        let claim = Claim::read(bucket, prefix).await?;
        let is_empty = before.objects.is_empty() && before.odd.is_empty();
        if !is_empty && claim.is_none() && existing == Existing::Refuse {
            return Err(Error::FolderExists { location: bucket.url().reference(prefix) });
        }
        Ok(Self { prefix: prefix.to_owned(), before, claim, current })
    }

    /// Claims the folder, and keeps what is to be replaced aside.
    pub(crate) async fn prepare(&self, bucket: &Bucket, claim: Claim) -> Result<(), Error> {
        let Some(current) = self.current.as_ref().filter(|_| !self.before.objects.is_empty()) else {
            return claim.write(bucket, &self.prefix).await;
        };
        // The claim names the version only when all of it is kept aside.
        let is_kept = self.claim.as_ref().is_some_and(|claim| claim.replaces.as_deref() == Some(&current.id));
        if !is_kept {
            self.keep_aside(bucket).await?;
        }
        Claim { replaces: Some(current.id.clone()), ..claim }.write(bucket, &self.prefix).await
    }

    async fn keep_aside(&self, bucket: &Bucket) -> Result<(), Error> {
        let aside = previous_prefix(&self.prefix);
        remove_all(bucket, &aside).await?;
        let copies = self.before.objects.iter().map(|object| async {
            let target = format!("{aside}/{}", object.path);
            bucket.copy(&object.key, &target).await
        });
        stream::iter(copies).buffer_unordered(COPIES_AT_ONCE).try_collect::<()>().await?;
        Ok(())
    }

    /// Removes what was in the folder before and is not part of the new content.
    pub(crate) async fn remove_strays(&self, bucket: &Bucket, uploaded: &UploadReport) -> Result<(), Error> {
        let new: HashSet<&str> = uploaded.files.iter().map(|file| file.key.as_str()).collect();
        let needed: HashSet<&str> = uploaded
            .files
            .iter()
            .flat_map(|file| file.path.ancestors())
            .chain(uploaded.folders.iter().flat_map(|folder| folder.ancestors().chain([folder.as_str()])))
            .collect();
        let odd = self.before.odd.iter().map(|odd| odd.key.clone());
        let objects = self.before.objects.iter().map(|object| object.key.clone());
        let objects = objects.filter(|key| !new.contains(key.as_str()));
        let folders = self.before.folders.iter().map(RelativePath::as_str).filter(|folder| !needed.contains(folder));
        let folders = folders.map(|folder| format!("{}/{folder}/", self.prefix));
        let strays: Vec<_> = objects.chain(odd).chain(folders).collect();
        if strays.is_empty() {
            return Ok(());
        }
        Ok(bucket.delete(strays).await?)
    }

    /// After the commit: the copies aside and the claim are not needed any more.
    pub(crate) async fn clean_up(&self, bucket: &Bucket) -> Result<(), Error> {
        if self.current.is_some() || self.claim.as_ref().is_some_and(|claim| claim.replaces.is_some()) {
            remove_all(bucket, &previous_prefix(&self.prefix)).await?;
        }
        Claim::remove(bucket, &self.prefix).await
    }
}

async fn remove_all(bucket: &Bucket, prefix: &str) -> Result<(), Error> {
    let listing = bucket.list(prefix).await?;
    let keys: Vec<_> = listing.objects.into_iter().map(|object| object.key).collect();
    if keys.is_empty() {
        return Ok(());
    }
    Ok(bucket.delete(keys).await?)
}
