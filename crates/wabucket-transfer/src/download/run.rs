//! Carrying out a download: check, compare, fetch.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wabucket_model::RelativePath;

use super::verify::{Known, is_right};
use super::{DownloadFile, DownloadPlan, DownloadReport, destination, fetch};
use crate::budget::Budget;
use crate::error::{Operation, TransferError};
use crate::inside::{make_folder, sweep};
use crate::options::TransferOptions;
use crate::provider::folder::blocking;
use crate::reporter::{Phase, Reporter, Totals};
use crate::workers;

/// What the work on every file shares.
pub(super) struct Download {
    pub(super) destination: PathBuf,
    pub(super) cancellation: CancellationToken,
    pub(super) budget: Budget,
    /// Bounds the ranges of all files that are on the way.
    pub(super) requests: Arc<Semaphore>,
    pub(super) reporter: Arc<dyn Reporter>,
    /// For files that are not in a bucket.
    pub(super) web: reqwest::Client,
}

pub(super) async fn run(
    plan: &DownloadPlan,
    destination: &Path,
    options: &TransferOptions,
) -> Result<DownloadReport, TransferError> {
    let start = Instant::now();
    prepare(plan, destination).await?;
    let cancellation = options.cancellation.child_token();
    let download = Arc::new(Download {
        destination: destination.to_path_buf(),
        cancellation: cancellation.clone(),
        budget: Budget::new(options.buffer_bytes),
        requests: Arc::new(Semaphore::new(options.concurrency.max(1))),
        reporter: Arc::clone(&options.reporter),
        web: super::url::client()?,
    });
    let (already_right, missing) = compare(&download, plan, options).await?;
    let fetched = fetch_all(&download, missing, options).await?;
    sweep_leftovers(plan, destination).await;
    let bytes = fetched.iter().map(|(_, size)| size).sum();
    let mut report = DownloadReport {
        fetched: fetched.into_iter().map(|(path, _)| path).collect(),
        already_right,
        bytes,
        duration: start.elapsed(),
    };
    report.fetched.sort();
    report.already_right.sort();
    Ok(report)
}

/// Checks everything, then makes the folders.
async fn prepare(plan: &DownloadPlan, destination: &Path) -> Result<(), TransferError> {
    let (plan, destination) = (plan.clone(), destination.to_path_buf());
    blocking(move || {
        destination::check(&plan, &destination)?;
        fs_err::create_dir_all(&destination).map_err(|error| TransferError::io("make folder", &destination, error))?;
        plan.folders.iter().try_for_each(|folder| make_folder(&destination, folder.as_str()).map(drop))
    })
    .await
}

/// Removes what an earlier download into the same folders left when it was killed.
async fn sweep_leftovers(plan: &DownloadPlan, destination: &Path) {
    let wanted: HashSet<_> = plan.files.iter().map(|file| file.path.below(destination)).collect();
    blocking(move || {
        let folders: BTreeSet<_> = wanted.iter().filter_map(|path| path.parent()).collect();
        sweep(folders, &wanted);
    })
    .await;
}

/// Separates the files that are already right from the others.
async fn compare(
    download: &Arc<Download>,
    plan: &DownloadPlan,
    options: &TransferOptions,
) -> Result<(Vec<RelativePath>, Vec<DownloadFile>), TransferError> {
    let sum = plan.files.iter().filter_map(|file| file.size).sum();
    let totals = Totals { files: plan.files.len() as u64, bytes: sum };
    download.reporter.start(Phase::Compare, Some(totals));
    let look = |file: DownloadFile| look(Arc::clone(download), file);
    let files = plan.files.iter().cloned();
    let looked = workers::for_each(files, options.concurrency, &download.cancellation, look).await;
    download.reporter.finish(Phase::Compare);
    let (right, missing): (Vec<_>, Vec<_>) = looked?.into_iter().partition(|(_, is_right)| *is_right);
    Ok((right.into_iter().map(|(file, _)| file.path).collect(), missing.into_iter().map(|(file, _)| file).collect()))
}

async fn look(download: Arc<Download>, file: DownloadFile) -> Result<(DownloadFile, bool), TransferError> {
    if download.cancellation.is_cancelled() {
        let operation = Operation::new("compare", download.destination.display().to_string());
        return Err(TransferError::Interrupted { operation });
    }
    let path = file.path.below(&download.destination);
    let (size, known) = (file.size, Known::of(&file.expected));
    let is_right = blocking(move || is_right(&path, size, known)).await?;
    download.reporter.advance(Phase::Compare, Totals { files: 1, bytes: file.size.unwrap_or_default() });
    Ok((file, is_right))
}

async fn fetch_all(
    download: &Arc<Download>,
    mut files: Vec<DownloadFile>,
    options: &TransferOptions,
) -> Result<Vec<(RelativePath, u64)>, TransferError> {
    let sum = files.iter().filter_map(|file| file.size).sum();
    download.reporter.start(Phase::Transfer, Some(Totals { files: files.len() as u64, bytes: sum }));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let fetch = |file| fetch::fetch(Arc::clone(download), file);
    let fetched = workers::for_each(files, options.concurrency, &download.cancellation, fetch).await;
    download.reporter.finish(Phase::Transfer);
    fetched
}
