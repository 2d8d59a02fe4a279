//! A large file in parts, several on the way at once, read one after the other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use md5::Digest;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{MultipartId, PutMultipartOptions};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::UploadedFile;
use super::run::{Job, Upload};
use super::source::SourceFile;
use super::verify::{self, Stored};
use crate::bucket::object_path;
use crate::error::{Operation, TransferError};
use crate::hashes::{ContentHashes, multipart_etag};
use crate::provider::folder::blocking;
use crate::reporter::{Phase, Totals};
use crate::retry::Patience;

const MEBIBYTE: u64 = 1024 * 1024;

/// The smallest part: few requests, and small buffers.
const SMALLEST_PART: u64 = 8 * MEBIBYTE;

/// S3 allows 10 000 parts.
const MOST_PARTS: u64 = 10_000;

/// How long cleaning up after a failed upload may take. It is a courtesy; some credentials do not even allow it.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

/// All parts of an object but the last have the same size: some stores (R2) insist on it.
fn part_size(size: u64) -> u64 {
    SMALLEST_PART.max(size.div_ceil(MOST_PARTS).next_multiple_of(MEBIBYTE))
}

pub(super) async fn send(upload: &Arc<Upload>, job: &Job) -> Result<UploadedFile, TransferError> {
    match upload.bucket.multipart() {
        Some(store) => send_to_multipart(upload, job, Arc::clone(store)).await,
        None => send_in_order(upload, job).await,
    }
}

/// A part that arrived.
struct SentPart {
    index: usize,
    id: PartId,
    md5: [u8; 16],
}

/// One upload of parts under way.
#[derive(Clone)]
struct Target {
    store: Arc<dyn MultipartStore>,
    path: Path,
    id: MultipartId,
    operation: Operation,
    patience: Patience,
}

async fn send_to_multipart(
    upload: &Arc<Upload>,
    job: &Job,
    store: Arc<dyn MultipartStore>,
) -> Result<UploadedFile, TransferError> {
    let operation = job.operation.clone();
    let path = object_path(&operation, &job.key)?;
    let create =
        || async { store.create_multipart(&path).await.map_err(|error| TransferError::from_store(&operation, error)) };
    let id = upload.patience.run(&operation, create).await?;
    let target = Target { store, path, id, operation, patience: upload.patience.clone() };
    let sent = match send_parts(upload, job, &target).await {
        Ok((parts, hashes)) => complete(upload, job, &target, parts, hashes).await,
        Err(error) => Err(error),
    };
    if sent.is_err() {
        let abort = target.store.abort_multipart(&target.path, &target.id);
        let aborted = tokio::time::timeout(ABORT_TIMEOUT, abort).await;
        tracing::debug!(operation = %target.operation, ?aborted, "the unfinished upload was given up");
    }
    sent
}

async fn send_parts(
    upload: &Arc<Upload>,
    job: &Job,
    target: &Target,
) -> Result<(Vec<SentPart>, ContentHashes), TransferError> {
    let mut source = SourceFile::open(job).await?;
    let part_size = part_size(job.file.size);
    let mut running = JoinSet::new();
    let mut sent = Vec::new();
    let (mut offset, mut index) = (0, 0);
    while offset < job.file.size {
        let length = part_size.min(job.file.size - offset);
        let room = target.patience.cancellable(&target.operation, upload.budget.take(length)).await?;
        let content;
        (source, content) = source.read(length).await?;
        running.spawn(send_part(Arc::clone(upload), target.clone(), index, content, room));
        (offset, index) = (offset + length, index + 1);
        while let Some(finished) = running.try_join_next() {
            sent.push(finished.expect("a part's task neither panics nor is aborted")?);
        }
    }
    let hashes = source.finish().await?;
    while let Some(finished) = running.join_next().await {
        sent.push(finished.expect("a part's task neither panics nor is aborted")?);
    }
    sent.sort_by_key(|part| part.index);
    Ok((sent, hashes))
}

async fn send_part(
    upload: Arc<Upload>,
    target: Target,
    index: usize,
    content: Bytes,
    room: OwnedSemaphorePermit,
) -> Result<SentPart, TransferError> {
    let operation = &target.operation;
    let _turn = target.patience.cancellable(operation, upload.requests.acquire()).await?;
    let hashed = content.clone();
    let md5 = blocking(move || md5::Md5::digest(&hashed).into()).await;
    let put = || async {
        let put = target.store.put_part(&target.path, &target.id, index, content.clone().into()).await;
        put.map_err(|error| TransferError::from_store(operation, error))
    };
    let id = target.patience.run(operation, put).await?;
    upload.reporter.advance(Phase::Transfer, Totals { files: 0, bytes: content.len() as u64 });
    drop(room);
    Ok(SentPart { index, id, md5 })
}

async fn complete(
    upload: &Upload,
    job: &Job,
    target: &Target,
    parts: Vec<SentPart>,
    hashes: ContentHashes,
) -> Result<UploadedFile, TransferError> {
    let md5s: Vec<[u8; 16]> = parts.iter().map(|part| part.md5).collect();
    let ids: Vec<PartId> = parts.into_iter().map(|part| part.id).collect();
    let etag = multipart_etag(&md5s);
    let mut tries = 0;
    let complete = || {
        tries += 1;
        let ids = ids.clone();
        async move {
            let completed = target.store.complete_multipart(&target.path, &target.id, ids).await;
            completed.map_err(|error| TransferError::from_store(&target.operation, error))
        }
    };
    let stored = match target.patience.run(&target.operation, complete).await {
        Ok(completed) => Stored::new(completed),
        Err(error) if tries > 1 => done_before(upload, job, &etag, error).await?,
        Err(error) => return Err(error),
    };
    verify::once(upload, job, hashes, &[etag], stored).await
}

/// The answer to the first try to complete may have been lost after the store did its work. Then the upload is gone,
/// which stores report in different ways, and the object is there.
async fn done_before(upload: &Upload, job: &Job, etag: &str, error: TransferError) -> Result<Stored, TransferError> {
    let Ok(object) = upload.bucket.head(&job.key).await else { return Err(error) };
    let is_ours = object.etag.as_ref().is_some_and(|found| found.as_str() == etag);
    // An `ETag` of the store's own making cannot be known; but S3 says of an upload that is done that it is not found.
    let may_be_ours = matches!(error, TransferError::NotFound { .. }) && object.size == job.file.size;
    if is_ours || may_be_ours {
        return Ok(Stored {
            etag: object.etag,
            version_id: object.version_id,
            is_encrypted: false,
            is_verified: false,
        });
    }
    Err(error)
}

/// For stores where one handle takes all parts in their order: folders, Google.
async fn send_in_order(upload: &Upload, job: &Job) -> Result<UploadedFile, TransferError> {
    let operation = &job.operation;
    let failed = |error| TransferError::from_store(operation, error);
    let path = object_path(operation, &job.key)?;
    let mut handle =
        upload.bucket.store().put_multipart_opts(&path, PutMultipartOptions::default()).await.map_err(failed)?;
    let mut source = SourceFile::open(job).await?;
    let part_size = part_size(job.file.size);
    let mut offset = 0;
    while offset < job.file.size {
        let length = part_size.min(job.file.size - offset);
        let _room = upload.patience.cancellable(operation, upload.budget.take(length)).await?;
        let content;
        (source, content) = source.read(length).await?;
        upload.patience.cancellable(operation, handle.put_part(content.into())).await?.map_err(failed)?;
        upload.reporter.advance(Phase::Transfer, Totals { files: 0, bytes: length });
        offset += length;
    }
    let hashes = source.finish().await?;
    let completed = handle.complete().await.map_err(failed)?;
    verify::once(upload, job, hashes, &[], Stored::new(completed)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_and_few_enough() {
        assert_eq!(part_size(1), SMALLEST_PART);
        assert_eq!(part_size(80_000 * MEBIBYTE), 8 * MEBIBYTE);
        assert_eq!(part_size(80_000 * MEBIBYTE + 1), 9 * MEBIBYTE);
        for size in [17 * MEBIBYTE, 5 << 40, (5 << 40) - 1] {
            assert!(size.div_ceil(part_size(size)) <= MOST_PARTS && part_size(size).is_multiple_of(MEBIBYTE));
        }
    }
}
