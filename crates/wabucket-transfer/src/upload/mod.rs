//! From a local folder into a bucket.
//!
//! ```text
//! LocalTree ─ UploadPlan::new ─ run ┬ file by file: read once, hash, PUT whole ─┐
//!                                   │                      or in parts ─────────┤─ check the ETag ─ UploadedFile
//!                                   └ then the markers of empty folders ────────┘                ─ UploadReport
//! ```

mod parts;
mod run;
mod source;
mod verify;
mod whole;

use std::time::Duration;

use wabucket_model::{Blake3, ETag, Md5, RelativePath};

use crate::bucket::Bucket;
use crate::error::TransferError;
use crate::options::TransferOptions;
use crate::walk::LocalTree;

/// What is about to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPlan {
    tree: LocalTree,
}

/// A file that is in the bucket, as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// Relative to the folder.
    pub path: RelativePath,
    /// The whole key.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// As the store gave it.
    pub etag: Option<ETag>,
    /// The version, where the store keeps versions.
    pub version_id: Option<String>,
    /// Of the content.
    pub md5: Md5,
    /// Of the content.
    pub blake3: Blake3,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadReport {
    /// All files, by path.
    pub files: Vec<UploadedFile>,
    /// The empty folders, by path.
    pub folders: Vec<RelativePath>,
    /// The size of all files.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl UploadPlan {
    /// Plans to upload a whole folder.
    pub fn new(tree: LocalTree) -> Self {
        Self { tree }
    }

    /// The folder.
    pub fn tree(&self) -> &LocalTree {
        &self.tree
    }

    /// Uploads everything below `prefix` (without a `/` at its end) and checks that it arrived.
    ///
    /// Files first, then the markers of empty folders; a folder without anything gets a marker of its own. Fails before
    /// anything is sent if a key would be too long. After a failure, files that are already there stay.
    pub async fn run(
        &self,
        bucket: &Bucket,
        prefix: &str,
        options: &TransferOptions,
    ) -> Result<UploadReport, TransferError> {
        let prefix = prefix.trim_end_matches('/');
        self.check_keys(bucket, prefix)?;
        run::run(&self.tree, bucket, prefix, options).await
    }

    fn check_keys(&self, bucket: &Bucket, prefix: &str) -> Result<(), TransferError> {
        let files = self.tree.files().iter().map(|file| (&file.path, key(prefix, &file.path)));
        let markers = self.tree.empty_folders().iter().map(|path| (path, marker(&key(prefix, path))));
        let problem = |path: &RelativePath, key: &str| Some((path.clone(), bucket.raw().problem_with(key)?));
        match files.chain(markers).find_map(|(path, key)| problem(path, &key)) {
            Some((path, problem)) => Err(TransferError::source_problem(path.below(self.tree.root()), problem)),
            None => Ok(()),
        }
    }
}

fn key(prefix: &str, path: &RelativePath) -> String {
    if prefix.is_empty() { path.to_string() } else { format!("{prefix}/{path}") }
}

fn marker(folder_key: &str) -> String {
    format!("{folder_key}/")
}
