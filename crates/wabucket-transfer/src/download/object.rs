//! The bytes of an object: small ones in one request, large ones in ranges, several on the way at once.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fs_err::File;
use object_store::{GetOptions, GetRange, GetResult};
use tokio::task::JoinSet;
use wabucket_model::ETag;

use super::DownloadFile;
use super::fetch::{Fetched, operation};
use super::meter::Attempt;
use super::run::Download;
use super::verify::Known;
use crate::bucket::{Bucket, object_path, quoted};
use crate::error::{Operation, TransferError};
use crate::provider::folder::blocking;
use crate::retry::Patience;

/// The size of a range, and the largest file that is fetched whole.
const RANGE: u64 = 8 * 1024 * 1024;

/// What every request for one object shares.
#[derive(Clone)]
struct Request {
    bucket: Arc<Bucket>,
    key: String,
    operation: Operation,
    patience: Patience,
    etag: Option<ETag>,
    version_id: Option<String>,
}

pub(super) async fn fetch(
    download: &Arc<Download>,
    file: &DownloadFile,
    (bucket, key): (&Arc<Bucket>, &String),
    attempt: Attempt,
) -> Result<Fetched, TransferError> {
    let mut request = Request {
        bucket: Arc::clone(bucket),
        key: key.clone(),
        operation: operation(file),
        patience: bucket.patience_until(download.cancellation.clone()),
        etag: file.expected.etag.clone(),
        version_id: file.expected.version_id.clone(),
    };
    let size = match file.size {
        Some(size) => size,
        None => request.find_size().await?,
    };
    if size <= RANGE {
        return whole(download, file, (&request, size), attempt).await;
    }
    ranges(download, &request, size, attempt).await?;
    Ok(Fetched { size, verdict: None })
}

async fn whole(
    download: &Download,
    file: &DownloadFile,
    (request, size): (&Request, u64),
    mut attempt: Attempt,
) -> Result<Fetched, TransferError> {
    let _room = request.patience.cancellable(&request.operation, download.budget.take(size)).await?;
    let content = request.get(None).await?;
    let known = Known::of(&file.expected);
    let operation = request.operation.clone();
    blocking(move || {
        let mut checker = known.checker();
        checker.update(&content);
        std::io::Write::write_all(&mut attempt.handle, &content)
            .map_err(|source| TransferError::Io { operation, source })?;
        attempt.meter.add(content.len() as u64);
        Ok(Fetched { size: content.len() as u64, verdict: Some(known.check(checker)) })
    })
    .await
}

async fn ranges(download: &Arc<Download>, request: &Request, size: u64, attempt: Attempt) -> Result<(), TransferError> {
    let handle = Arc::new(Mutex::new(attempt.handle));
    let mut running = JoinSet::new();
    let mut start = 0;
    while start < size {
        let range = start..size.min(start + RANGE);
        let room = request.patience.cancellable(&request.operation, download.budget.take(RANGE)).await?;
        let turn = Arc::clone(&download.requests).acquire_owned();
        let turn = request.patience.cancellable(&request.operation, turn).await?;
        let (request, handle, meter) = (request.clone(), Arc::clone(&handle), Arc::clone(&attempt.meter));
        start = range.end;
        running.spawn(async move {
            let content = request.get(Some(range.clone())).await?;
            let written = write_at(handle, range.start, content, request.operation).await;
            meter.add(range.end - range.start);
            drop((room, turn));
            written
        });
        while let Some(finished) = running.try_join_next() {
            finished.expect("a range's task neither panics nor is aborted")?;
        }
    }
    while let Some(finished) = running.join_next().await {
        finished.expect("a range's task neither panics nor is aborted")?;
    }
    Ok(())
}

async fn write_at(
    handle: Arc<Mutex<File>>,
    offset: u64,
    content: Bytes,
    operation: Operation,
) -> Result<(), TransferError> {
    blocking(move || {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = handle.lock().expect("nobody panics with the lock");
        let written = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(&content));
        written.map_err(|source| TransferError::Io { operation, source })
    })
    .await
}

impl Request {
    /// Asks for the size of an object of which nothing is recorded; from then on it must stay the same object.
    async fn find_size(&mut self) -> Result<u64, TransferError> {
        let head = || async { self.answer(GetOptions { head: true, ..self.options(None) }).await };
        let meta = self.patience.run(&self.operation, head).await?.meta;
        self.etag = self.etag.take().or(meta.e_tag.as_deref().map(ETag::new));
        Ok(meta.size)
    }

    /// Gets the whole object or a range of it, all of it, from the object that was recorded.
    async fn get(&self, range: Option<Range<u64>>) -> Result<Bytes, TransferError> {
        let get = || async {
            let result = self.answer(self.options(range.clone())).await?;
            let length = result.range.end - result.range.start;
            let content = result.bytes().await.map_err(|error| TransferError::from_store(&self.operation, error))?;
            if content.len() as u64 == length && range.as_ref().is_none_or(|range| range.end - range.start == length) {
                return Ok(content);
            }
            let problem = format!("{} bytes came in place of {length}", content.len());
            Err(TransferError::Integrity { operation: self.operation.clone(), problem })
        };
        self.patience.run(&self.operation, get).await
    }

    fn options(&self, range: Option<Range<u64>>) -> GetOptions {
        GetOptions {
            range: range.map(GetRange::Bounded),
            if_match: self.etag.as_ref().map(|etag| quoted(etag, self.bucket.url())),
            version: self.version_id.clone(),
            ..GetOptions::default()
        }
    }

    /// Some stores ignore `If-Match`, so the `ETag` of the answer is compared, too.
    async fn answer(&self, options: GetOptions) -> Result<GetResult, TransferError> {
        let path = object_path(&self.operation, &self.key)?;
        let result = self.bucket.store().get_opts(&path, options).await;
        let result = result.map_err(|error| TransferError::from_store(&self.operation, error))?;
        match (&self.etag, result.meta.e_tag.as_deref().map(ETag::new)) {
            (Some(known), Some(found)) if *known != found => {
                let problem = format!("the object has the ETag {found}, and {known} was recorded");
                Err(TransferError::Integrity { operation: self.operation.clone(), problem })
            }
            _ => Ok(result),
        }
    }
}
