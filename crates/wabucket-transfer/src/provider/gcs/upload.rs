//! A resumable upload: one piece after the other, each confirmed (JSON API guide, "Resumable uploads").

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use http::{Method, StatusCode};
use md5::Digest;
use object_store::client::HttpResponse;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tokio::sync::Mutex;
use wabucket_model::Md5;

use super::requests::{GcsRequests, Sent, parse};
use super::resource::ObjectResource;
use super::store::{BINARY, STORE};
use crate::error::{Operation, TransferError};
use crate::retry::Patience;

pub(super) struct ResumableUpload {
    session: Arc<Session>,
    state: Arc<Mutex<State>>,
}

/// Where pieces go.
struct Session {
    requests: Arc<GcsRequests>,
    /// Carries its own permission: not for messages.
    url: String,
    operation: Operation,
    patience: Patience,
}

#[derive(Default)]
struct State {
    /// Bytes that the store has confirmed.
    confirmed: u64,
    /// Only the last piece may say how large all are together, so each waits for the next one.
    waiting: Option<PutPayload>,
    hasher: md5::Md5,
}

/// What the store says after a piece.
enum Progress {
    /// It has this many bytes.
    Incomplete(u64),
    Done(ObjectResource),
}

impl ResumableUpload {
    pub(super) async fn start(requests: Arc<GcsRequests>, location: &Path, patience: Patience) -> Result<Self> {
        let operation = Operation::new("upload", format!("gs://{}/{location}", requests.bucket));
        let url = requests.objects_url("/upload", &[("uploadType", "resumable"), ("name", location.as_ref())]);
        let start = || async {
            let sent = Sent::new(Method::POST)
                .with_header(CONTENT_TYPE, "application/json")
                .with_header(http::HeaderName::from_static("x-upload-content-type"), BINARY)
                .with_body(PutPayload::from_static(b"{}"));
            let answer = requests.send(&url, sent).await;
            answer.map_err(|error| TransferError::from_store(&operation, error))
        };
        let answer = patience.run(&operation, start).await.map_err(own)?;
        let session = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let missing = || Error::Generic { store: STORE, source: "the answer names no place for the upload".into() };
        let url = session.ok_or_else(missing)?.to_owned();
        let session = Arc::new(Session { requests, url, operation, patience });
        Ok(Self { session, state: Arc::default() })
    }
}

impl Session {
    /// Sends a piece that begins where the store is, until the store has all of it.
    async fn send(&self, start: u64, piece: PutPayload, total: Option<u64>) -> Result<Progress> {
        let content = Bytes::from(piece);
        let end = start + content.len() as u64;
        let (confirmed, is_first) = (AtomicU64::new(start), AtomicBool::new(true));
        let order = Ordering::Relaxed;
        let attempt = || async {
            // After a failure nobody but the store knows how much of it arrived.
            if !is_first.swap(false, order) {
                match self.put(None, total, PutPayload::default()).await? {
                    Progress::Incomplete(has) => confirmed.store(has.max(start), order),
                    done @ Progress::Done(_) => return Ok(done),
                }
            }
            loop {
                let from = confirmed.load(order);
                if from >= end && total.is_none() {
                    return Ok(Progress::Incomplete(from));
                }
                let rest = content.slice(usize::try_from(from - start).unwrap_or(usize::MAX).min(content.len())..);
                match self.put(Some((from, end)), total, rest.into()).await? {
                    Progress::Incomplete(has) if has > from => confirmed.store(has, order),
                    Progress::Incomplete(_) => return Err(self.stuck()),
                    done @ Progress::Done(_) => return Ok(done),
                }
            }
        };
        self.patience.run(&self.operation, attempt).await.map_err(own)
    }

    /// Sends a range, or asks how far the upload is.
    async fn put(
        &self,
        range: Option<(u64, u64)>,
        total: Option<u64>,
        body: PutPayload,
    ) -> Result<Progress, TransferError> {
        let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        let range = match range {
            Some((from, end)) if end > from => format!("bytes {from}-{}/{total}", end - 1),
            _ => format!("bytes */{total}"),
        };
        let sent = Sent::new(Method::PUT).with_header(CONTENT_RANGE, range).with_body(body);
        let progress = async { progress(self.requests.send_plainly(&self.url, sent).await?).await };
        progress.await.map_err(|error| TransferError::from_store(&self.operation, error))
    }

    fn stuck(&self) -> TransferError {
        let source = "the store takes no further bytes".into();
        let elapsed = Duration::ZERO;
        TransferError::Unavailable { operation: self.operation.clone(), retries: 0, elapsed, source }
    }
}

async fn progress(response: HttpResponse) -> Result<Progress> {
    if response.status() != StatusCode::PERMANENT_REDIRECT {
        return Ok(Progress::Done(parse(response).await?));
    }
    // `bytes=0-LAST`; absent while there is nothing.
    let range = response.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let last = range.and_then(|text| text.rsplit_once('-')?.1.parse::<u64>().ok());
    Ok(Progress::Incomplete(last.map_or(0, |last| last + 1)))
}

/// Our own error inside one of `object_store`'s, where it is found again.
fn own(error: TransferError) -> Error {
    Error::Generic { store: STORE, source: Box::new(error) }
}

impl std::fmt::Debug for ResumableUpload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ResumableUpload").field("operation", &self.session.operation).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl MultipartUpload for ResumableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (session, state) = (Arc::clone(&self.session), Arc::clone(&self.state));
        let put = async move {
            let mut state = state.lock().await;
            for piece in &data {
                state.hasher.update(piece);
            }
            if let Some(piece) = state.waiting.replace(data) {
                match session.send(state.confirmed, piece, None).await? {
                    Progress::Incomplete(confirmed) => state.confirmed = confirmed,
                    Progress::Done(_) => return Err(own(session.stuck())),
                }
            }
            Ok(())
        };
        put.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let mut state = self.state.lock().await;
        let piece = state.waiting.take().unwrap_or_default();
        let total = state.confirmed + piece.content_length() as u64;
        match self.session.send(state.confirmed, piece, Some(total)).await? {
            Progress::Done(stored) => {
                let hasher = std::mem::take(&mut state.hasher);
                stored.written(Md5::from_bytes(hasher.finalize().into()))
            }
            Progress::Incomplete(_) => Err(own(self.session.stuck())),
        }
    }

    /// What is not completed, the store forgets by itself.
    async fn abort(&mut self) -> Result<()> {
        let sent = self.session.requests.send_plainly(&self.session.url, Sent::new(Method::DELETE));
        // The store answers 499 to this.
        drop(sent.await);
        Ok(())
    }
}
