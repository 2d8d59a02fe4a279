//! One file: fetched into a temporary file, checked, and only then given its name.

use std::sync::Arc;

use tempfile::{NamedTempFile, TempPath};
use wabucket_model::RelativePath;

use super::meter::{Attempt, Meter};
use super::run::Download;
use super::verify::{Known, Verdict, check_file};
use super::{DownloadFile, Source, object, url};
use crate::error::{Operation, TransferError};
use crate::inside::{make_folder, split_parent, unfinished_file};
use crate::provider::folder::blocking;
use crate::reporter::{Phase, Totals};

/// How often a file is fetched again that came altered.
const MOST_REPEATS: usize = 2;

/// What came, and whether its hash was already checked on the way.
pub(super) struct Fetched {
    pub(super) size: u64,
    pub(super) verdict: Option<Verdict>,
}

pub(super) async fn fetch(download: Arc<Download>, file: DownloadFile) -> Result<(RelativePath, u64), TransferError> {
    let meter = Meter::new(&download.reporter);
    let mut doubtful: Option<String> = None;
    let mut repeats = 0;
    loop {
        let (temporary, fetched) = match fetch_once(&download, &file, &meter).await {
            Err(error @ TransferError::Integrity { .. }) if repeats < MOST_REPEATS => {
                tracing::warn!(%error, "fetch it again");
                repeats += 1;
                continue;
            }
            fetched => fetched?,
        };
        let verdict = if let Some(verdict) = fetched.verdict {
            verdict
        } else {
            let (path, known) = (temporary.to_path_buf(), Known::of(&file.expected));
            blocking(move || check_file(&path, known)).await?
        };
        let problem = match verdict {
            Verdict::Doubtful { found } if doubtful.as_ref() != Some(&found) => {
                let problem = format!("its ETag suggests other content than that with the MD5 {found}");
                doubtful = Some(found);
                problem
            }
            Verdict::Wrong { known, found } => format!("content with the hash {known} was recorded, and {found} came"),
            Verdict::Right | Verdict::Doubtful { .. } => {
                finish(&download, &file, temporary).await?;
                download.reporter.advance(Phase::Transfer, Totals { files: 1, bytes: 0 });
                return Ok((file.path, fetched.size));
            }
        };
        if repeats == MOST_REPEATS {
            return Err(TransferError::Integrity { operation: operation(&file), problem });
        }
        tracing::warn!(path = %file.path, %problem, "fetch it again");
        repeats += 1;
    }
}

/// The operation on a file, for messages.
pub(super) fn operation(file: &DownloadFile) -> Operation {
    Operation::new("download", format!("{:?}", file.source))
}

async fn fetch_once(
    download: &Arc<Download>,
    file: &DownloadFile,
    meter: &Arc<Meter>,
) -> Result<(TempPath, Fetched), TransferError> {
    meter.restart();
    let (destination, path) = (download.destination.clone(), file.path.clone());
    let temporary: NamedTempFile = blocking(move || {
        let folder = make_folder(&destination, split_parent(path.as_str()).0)?;
        unfinished_file(&folder)
    })
    .await?;
    let (handle, temporary) = temporary.into_parts();
    let handle = fs_err::File::from_parts(handle, temporary.to_path_buf());
    let attempt = Attempt { handle, meter: Arc::clone(meter) };
    let fetched = match &file.source {
        Source::Object { bucket, key } => object::fetch(download, file, (bucket, key), attempt).await?,
        Source::Url { provider } => url::fetch(download, file, &**provider, attempt).await?,
    };
    if let Some(size) = file.size.filter(|size| *size != fetched.size) {
        let problem = format!("{size} bytes were recorded, and {} came", fetched.size);
        return Err(TransferError::Integrity { operation: operation(file), problem });
    }
    Ok((temporary, fetched))
}

async fn finish(download: &Download, file: &DownloadFile, temporary: TempPath) -> Result<(), TransferError> {
    let path = file.path.below(&download.destination);
    blocking(move || temporary.persist(&path).map_err(|error| TransferError::io("write", &path, error.error))).await
}
