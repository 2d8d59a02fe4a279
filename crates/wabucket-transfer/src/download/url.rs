//! The bytes behind a URL that somebody else signs: fetched in one go, with another URL when one is refused.

use bytes::Bytes;
use fs_err::File;
use futures_util::StreamExt;
use wabucket_model::ETag;

use super::fetch::{Fetched, operation};
use super::meter::Attempt;
use super::run::Download;
use super::verify::{Checker, Known};
use super::{DownloadFile, Location, Renewal, UrlProvider};
use crate::error::{Operation, TransferError};
use crate::http::Failure;
use crate::options::{CONNECT_TIMEOUT, READ_TIMEOUT, RetryOptions};
use crate::provider::folder::blocking;
use crate::retry::Patience;

/// How often another URL is asked for.
const MOST_RENEWALS: usize = 3;

/// The client for URLs: nothing is sent along that the URL's owner did not name.
pub(super) fn client() -> Result<reqwest::Client, TransferError> {
    let operation = || Operation::new("prepare", "the HTTP client");
    let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
    builder.build().map_err(|error| TransferError::unexpected(&operation(), error))
}

/// One file that is being fetched.
struct Fetching {
    web: reqwest::Client,
    operation: Operation,
    known: Known,
    /// What the address had when it was recorded, as far as that is known.
    etag: Option<ETag>,
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
    let web = provider.web().unwrap_or_else(|| download.web.clone());
    let (known, etag) = (Known::of(&file.expected), file.expected.etag.clone());
    let fetching = Fetching { web, operation: operation.clone(), known, etag, attempt };
    let mut location = locate(provider, Renewal::NotNeeded, &operation).await?;
    for _ in 0..MOST_RENEWALS {
        let received = patience.run(&operation, || fetching.receive(&location)).await;
        let Err(refusal) = received else { return received };
        if !refusal.is_refusal() {
            return Err(refusal);
        }
        // A signed URL that has expired is refused; if there is no other, the refusal stands.
        let found = patience.cancellable(&operation, locate(provider, Renewal::Needed, &operation)).await?;
        let Ok(other) = found else { return Err(refusal) };
        location = other;
    }
    patience.run(&operation, || fetching.receive(&location)).await
}

async fn locate(
    provider: &dyn UrlProvider,
    renewal: Renewal,
    operation: &Operation,
) -> Result<Location, TransferError> {
    let found = provider.locate(renewal).await.map_err(|source| TransferError::unexpected(operation, source))?;
    found.ok_or_else(|| TransferError::unexpected(operation, "nobody knows an address for it"))
}

impl Fetching {
    async fn receive(&self, location: &Location) -> Result<Fetched, TransferError> {
        let operation = &self.operation;
        let lost = |error: reqwest::Error| TransferError::from_failure(operation, Failure::lost(&error.without_url()));
        let request = self.web.get(location.url.clone()).headers(location.headers.clone());
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        if !status.is_success() {
            let body = response.text().await.unwrap_or_default();
            return Err(TransferError::from_failure(operation, Failure::from_answer(status.as_u16(), &body)));
        }
        self.check_etag(&response)?;
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

    /// A server that tells another `ETag` than was recorded has other content now.
    fn check_etag(&self, response: &reqwest::Response) -> Result<(), TransferError> {
        let told = response.headers().get(reqwest::header::ETAG).and_then(|value| value.to_str().ok()).map(ETag::new);
        match (&self.etag, told) {
            (Some(known), Some(found)) if *known != found => {
                let problem = format!("the address has the ETag {found} now, and {known} was recorded");
                Err(TransferError::Integrity { operation: self.operation.clone(), problem })
            }
            _ => Ok(()),
        }
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
