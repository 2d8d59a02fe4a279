//! The bytes behind a URL that somebody else signs: fetched in one go, with a new URL when the old one is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use fs_err::File;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::fetch::{Fetched, operation};
use super::run::Download;
use super::verify::{Checker, Known};
use super::{DownloadFile, Renewal, UrlProvider};
use crate::error::{Operation, TransferError};
use crate::http::Failure;
use crate::options::{CONNECT_TIMEOUT, READ_TIMEOUT, RetryOptions};
use crate::provider::folder::blocking;
use crate::retry::Patience;

/// The client for URLs: nothing is sent along that the URL's owner did not name.
pub(super) fn client() -> Result<reqwest::Client, TransferError> {
    let operation = || Operation::new("prepare", "the HTTP client");
    let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
    builder.build().map_err(|error| TransferError::unexpected(&operation(), error))
}

/// A response that is being written to disk.
struct Receiving {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    handle: File,
    checker: Checker,
    size: u64,
}

pub(super) async fn fetch(
    download: &Download,
    file: &DownloadFile,
    provider: &dyn UrlProvider,
    handle: File,
) -> Result<Fetched, TransferError> {
    let operation = operation(file);
    let patience = Patience {
        options: RetryOptions::default(),
        cancellation: download.cancellation.clone(),
        renew_credentials: None,
    };
    let started = Instant::now();
    let known = Known::of(&file.expected);
    let renewal_needed = AtomicBool::new(false);
    let renewed = AtomicBool::new(false);
    let attempt = || async {
        let renewal = if renewal_needed.swap(false, Ordering::Relaxed) { Renewal::Needed } else { Renewal::NotNeeded };
        match receive(download, provider, &operation, &handle, known, renewal).await {
            // A signed URL that has expired is refused; once more with a new one, then the refusal stands.
            Err(error) if error.concerns_credentials() && !renewed.swap(true, Ordering::Relaxed) => {
                renewal_needed.store(true, Ordering::Relaxed);
                let (retries, elapsed) = (0, started.elapsed());
                Err(TransferError::Unavailable {
                    operation: operation.clone(),
                    retries,
                    elapsed,
                    source: Box::new(error),
                })
            }
            received => received,
        }
    };
    patience.run(&operation, attempt).await
}

async fn receive(
    download: &Download,
    provider: &dyn UrlProvider,
    operation: &Operation,
    handle: &File,
    known: Known,
    renewal: Renewal,
) -> Result<Fetched, TransferError> {
    let location = provider.locate(renewal).await.map_err(|source| TransferError::unexpected(operation, source))?;
    let lost = |error: reqwest::Error| {
        let failure = Failure::lost(error.without_url());
        TransferError::from_failure(operation, failure)
    };
    let response = download.web.get(location.url).headers(location.headers).send().await.map_err(lost)?;
    let status = response.status();
    if !status.is_success() {
        let body = response.text().await.unwrap_or_default();
        return Err(TransferError::from_failure(operation, Failure::from_answer(status.as_u16(), &body)));
    }
    let io = |source| TransferError::Io { operation: operation.clone(), source };
    let mut handle = handle.try_clone().map_err(io)?;
    std::io::Seek::rewind(&mut handle).and_then(|()| handle.set_len(0)).map_err(io)?;
    let body = response.bytes_stream().boxed();
    let mut receiving = Receiving { body, handle, checker: known.checker(), size: 0 };
    while let Some(piece) = receiving.body.next().await {
        receiving = receiving.write(piece.map_err(lost)?, operation).await?;
    }
    Ok(Fetched { size: receiving.size, verdict: Some(known.check(receiving.checker)) })
}

impl Receiving {
    async fn write(mut self, piece: Bytes, operation: &Operation) -> Result<Self, TransferError> {
        let operation = operation.clone();
        blocking(move || {
            let written = std::io::Write::write_all(&mut self.handle, &piece);
            written.map_err(|source| TransferError::Io { operation, source })?;
            self.checker.update(&piece);
            self.size += piece.len() as u64;
            Ok(self)
        })
        .await
    }
}
