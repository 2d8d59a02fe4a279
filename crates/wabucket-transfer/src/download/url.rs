//! The bytes behind a URL that somebody else signs: fetched in one go, with a new URL when the old one is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fs_err::File;
use futures_util::StreamExt;

use super::fetch::{Fetched, operation};
use super::meter::Attempt;
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

/// One file that is being fetched.
struct Fetching<'a> {
    web: &'a reqwest::Client,
    provider: &'a dyn UrlProvider,
    operation: Operation,
    known: Known,
    attempt: Attempt,
}

/// A response that is being written to disk.
struct Receiving {
    handle: File,
    checker: Checker,
    size: u64,
}

pub(super) async fn fetch(
    download: &Download,
    file: &DownloadFile,
    provider: &dyn UrlProvider,
    attempt: Attempt,
) -> Result<Fetched, TransferError> {
    let operation = operation(file);
    let patience = Patience {
        options: RetryOptions::default(),
        cancellation: download.cancellation.clone(),
        renew_credentials: None,
    };
    let fetching = Fetching { web: &download.web, provider, operation, known: Known::of(&file.expected), attempt };
    let renewal_needed = AtomicBool::new(false);
    let renewed = AtomicBool::new(false);
    let attempt = || async {
        let renewal = if renewal_needed.swap(false, Ordering::Relaxed) { Renewal::Needed } else { Renewal::NotNeeded };
        match fetching.receive(renewal).await {
            // A signed URL that has expired is refused; once more with a new one, then the refusal stands.
            Err(error) if error.concerns_credentials() && !renewed.swap(true, Ordering::Relaxed) => {
                renewal_needed.store(true, Ordering::Relaxed);
                let operation = fetching.operation.clone();
                let (retries, elapsed) = (0, Duration::ZERO);
                Err(TransferError::Unavailable { operation, retries, elapsed, source: Box::new(error) })
            }
            received => received,
        }
    };
    patience.run(&fetching.operation, attempt).await
}

impl Fetching<'_> {
    async fn receive(&self, renewal: Renewal) -> Result<Fetched, TransferError> {
        let operation = &self.operation;
        let location =
            self.provider.locate(renewal).await.map_err(|source| TransferError::unexpected(operation, source))?;
        let lost = |error: reqwest::Error| TransferError::from_failure(operation, Failure::lost(&error.without_url()));
        let response = self.web.get(location.url).headers(location.headers).send().await.map_err(lost)?;
        let status = response.status();
        if !status.is_success() {
            let body = response.text().await.unwrap_or_default();
            return Err(TransferError::from_failure(operation, Failure::from_answer(status.as_u16(), &body)));
        }
        let mut receiving = self.start()?;
        let mut body = response.bytes_stream();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(lost)?;
            let length = piece.len() as u64;
            receiving = receiving.write(piece, operation).await?;
            self.attempt.meter.add(length);
        }
        Ok(Fetched { size: receiving.size, verdict: Some(self.known.check(receiving.checker)) })
    }

    /// From the beginning, whatever an earlier attempt left.
    fn start(&self) -> Result<Receiving, TransferError> {
        let io = |source| TransferError::Io { operation: self.operation.clone(), source };
        self.attempt.meter.restart();
        let mut handle = self.attempt.handle.try_clone().map_err(io)?;
        std::io::Seek::rewind(&mut handle).and_then(|()| handle.set_len(0)).map_err(io)?;
        Ok(Receiving { handle, checker: self.known.checker(), size: 0 })
    }
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
