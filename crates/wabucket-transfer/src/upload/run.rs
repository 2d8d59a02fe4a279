//! Carrying out an upload: all files, then all markers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wabucket_model::RelativePath;
use walkdir::DirEntry;

use super::{UploadReport, UploadedFile, key, marker, parts, whole};
use crate::bucket::Bucket;
use crate::budget::Budget;
use crate::error::{Operation, TransferError};
use crate::inside::sweep;
use crate::options::TransferOptions;
use crate::provider::folder::blocking;
use crate::reporter::{Phase, Reporter, Totals};
use crate::retry::Patience;
use crate::walk::{LocalFile, LocalTree};
use crate::workers;

/// Files up to this size are sent whole: one request in place of at least four, and the `ETag` is then the plain MD5
/// that W&B records.
const WHOLE_UP_TO: u64 = 16 * 1024 * 1024;

/// What the work on every file shares.
pub(super) struct Upload {
    pub(super) bucket: Bucket,
    pub(super) patience: Patience,
    pub(super) budget: Budget,
    /// Bounds the parts of all files that are on the way.
    pub(super) requests: Arc<Semaphore>,
    pub(super) reporter: Arc<dyn Reporter>,
}

/// One file and where it goes.
pub(super) struct Job {
    pub(super) source: std::path::PathBuf,
    pub(super) file: LocalFile,
    pub(super) key: String,
    pub(super) operation: Operation,
}

pub(super) async fn run(
    tree: &LocalTree,
    bucket: &Bucket,
    prefix: &str,
    options: &TransferOptions,
) -> Result<UploadReport, TransferError> {
    let start = Instant::now();
    // A child: the first failure stops the other files, not the caller's other work.
    let cancellation = options.cancellation.child_token();
    let upload = Arc::new(Upload {
        bucket: bucket.clone(),
        patience: bucket.patience_until(cancellation.clone()),
        budget: Budget::new(options.buffer_bytes),
        requests: Arc::new(Semaphore::new(options.concurrency.max(1))),
        reporter: Arc::clone(&options.reporter),
    });
    upload.reporter.start(Phase::Transfer, Some(tree.totals()));
    let sent = send_all(&upload, tree, prefix, options.concurrency, &cancellation).await;
    upload.reporter.finish(Phase::Transfer);
    let mut files = sent?;
    if let Some(root) = bucket.url().as_folder() {
        sweep_leftovers(root, prefix, &files).await;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let folders = tree.empty_folders().to_vec();
    Ok(UploadReport { files, folders, bytes: tree.totals().bytes, duration: start.elapsed() })
}

/// Removes what an earlier upload into the same folder of a folder bucket left when it was killed.
async fn sweep_leftovers(root: &Path, prefix: &str, files: &[UploadedFile]) {
    let wanted: HashSet<_> = files.iter().map(|file| root.join(&file.key)).collect();
    let top = root.join(prefix);
    blocking(move || {
        let entries = walkdir::WalkDir::new(top).into_iter().flatten();
        let folders: Vec<_> = entries.filter(|entry| entry.file_type().is_dir()).map(DirEntry::into_path).collect();
        sweep(folders.iter().map(PathBuf::as_path), &wanted);
    })
    .await;
}

async fn send_all(
    upload: &Arc<Upload>,
    tree: &LocalTree,
    prefix: &str,
    concurrency: usize,
    cancellation: &CancellationToken,
) -> Result<Vec<UploadedFile>, TransferError> {
    let job = |file: &LocalFile| {
        let key = key(prefix, &file.path);
        let operation = upload.bucket.operation("upload", &key);
        Job { source: file.path.below(tree.root()), file: file.clone(), key, operation }
    };
    let send = |job| send_file(Arc::clone(upload), job);
    let files = workers::for_each(tree.files().iter().map(job), concurrency, cancellation, send).await?;
    let mut markers: Vec<String> =
        tree.empty_folders().iter().map(|path: &RelativePath| marker(&key(prefix, path))).collect();
    if files.is_empty() && markers.is_empty() && !prefix.is_empty() {
        markers.push(marker(prefix));
    }
    let put = |key| put_marker(Arc::clone(upload), key);
    workers::for_each(markers, concurrency, cancellation, put).await?;
    Ok(files)
}

async fn send_file(upload: Arc<Upload>, job: Job) -> Result<UploadedFile, TransferError> {
    let uploaded = if job.file.size <= WHOLE_UP_TO {
        whole::send(&upload, &job).await?
    } else {
        parts::send(&upload, &job).await?
    };
    upload.reporter.advance(Phase::Transfer, Totals { files: 1, bytes: 0 });
    Ok(uploaded)
}

async fn put_marker(upload: Arc<Upload>, key: String) -> Result<(), TransferError> {
    let operation = upload.bucket.operation("write", &key);
    upload.patience.run(&operation, || upload.bucket.raw().put_marker(&operation, &key)).await
}
