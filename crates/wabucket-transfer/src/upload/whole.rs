//! A file in one request.

use object_store::PutOptions;

use super::UploadedFile;
use super::run::{Job, Upload};
use super::source::SourceFile;
use super::verify::{self, Stored};
use crate::bucket::object_path;
use crate::error::TransferError;
use crate::reporter::{Phase, Totals};

pub(super) async fn send(upload: &Upload, job: &Job) -> Result<UploadedFile, TransferError> {
    let operation = &job.operation;
    let path = object_path(operation, &job.key)?;
    let _room = upload.patience.cancellable(operation, upload.budget.take(job.file.size)).await?;
    let (source, content) = SourceFile::open(job).await?.read(job.file.size).await?;
    let hashes = source.finish().await?;
    let uploaded = verify::until_right(upload, job, hashes, &[], || async {
        let put = || async {
            let put = upload.bucket.store().put_opts(&path, content.clone().into(), PutOptions::default()).await;
            put.map_err(|error| TransferError::from_store(operation, error))
        };
        upload.patience.run(operation, put).await.map(Stored::new)
    })
    .await?;
    upload.reporter.advance(Phase::Transfer, Totals { files: 0, bytes: job.file.size });
    Ok(uploaded)
}
