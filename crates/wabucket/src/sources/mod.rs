//! From a manifest to a download plan: where the bytes of each entry are, whoever wrote the manifest.
//!
//! ```text
//! manifest ┬ platform: one entry stands for a folder of a platform bucket
//!          ├ entry: each other entry says where its object is, and what is known of it
//!          │   ├ urls: native files and web addresses
//!          │   └ artifacts: entries of other versions
//!          └ folders: empty folders, and where bytes are while a version is being replaced
//! ```

mod artifacts;
mod entry;
mod folders;
mod platform;
mod urls;

use std::collections::HashMap;
use std::sync::Arc;

use wabucket_model::{ArtifactFolder, ArtifactPath, BucketUrl, Manifest};
use wabucket_transfer::{Bucket, DownloadPlan};
use wandb_client::{Artifact, Client, NativeLinks};

use crate::{Error, Session, bucket};
use artifacts::Referenced;

pub(crate) use folders::location_of;

/// A version, what is in it, and what it was asked for as.
pub(crate) struct Located<'a> {
    pub(crate) artifact: &'a Artifact,
    pub(crate) manifest: Manifest,
    pub(crate) folder: &'a ArtifactFolder,
}

/// Finds the bytes of every entry. Opens the buckets that references point into.
pub(crate) async fn plan(session: &Session, client: &Client, located: Located<'_>) -> Result<DownloadPlan, Error> {
    let mut planner = Planner {
        session,
        client,
        located: &located,
        links: client.native_links(located.artifact, &located.manifest),
        buckets: HashMap::new(),
        referenced: HashMap::new(),
    };
    if let Some(reference) = platform::reference_of(&located.manifest) {
        return planner.plan_platform(reference).await;
    }
    let mut plan = DownloadPlan::default();
    for (path, entry) in &located.manifest.entries {
        plan.files.push(planner.file(path, entry).await?);
    }
    planner.add_folders(&mut plan).await?;
    Ok(plan)
}

struct Planner<'a> {
    session: &'a Session,
    client: &'a Client,
    located: &'a Located<'a>,
    /// Of the version's native files.
    links: Arc<NativeLinks>,
    /// By URL without prefix.
    buckets: HashMap<BucketUrl, Arc<Bucket>>,
    /// Other versions that entries refer to, by id.
    referenced: HashMap<String, Arc<Referenced>>,
}

impl Planner<'_> {
    async fn bucket(&mut self, url: BucketUrl) -> Result<Arc<Bucket>, Error> {
        if let Some(bucket) = self.buckets.get(&url) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::open(&url, &bucket::store_options(&self.session.settings)).await?);
        self.buckets.insert(url, Arc::clone(&bucket));
        Ok(bucket)
    }

    fn unreadable(&self, problem: String) -> Error {
        let folder = self.located.folder;
        let path = ArtifactPath { name: folder.name.clone(), alias: folder.alias.clone() };
        Error::Unreadable { path, problem }
    }
}
