//! The bucket as `object_store` sees it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::Method;
use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use object_store::client::HttpResponse;
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, Extensions, GetOptions, GetRange, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, RenameTargetMode, Result,
};
use tokio_util::sync::CancellationToken;
use wabucket_model::ETag;

use super::requests::{GcsRequests, Sent};
use super::resource::{ObjectResource, Rewrite};
use super::upload::ResumableUpload;
use crate::options::RetryOptions;
use crate::retry::Patience;

pub(super) const STORE: &str = "GCS";

/// How many objects are deleted at once.
const DELETIONS_AT_ONCE: usize = 16;

/// Content whose kind nobody knows.
pub(super) const BINARY: &str = "application/octet-stream";

/// A bucket of Google Cloud Storage.
pub(super) struct GcsStore {
    requests: Arc<GcsRequests>,
    retry: RetryOptions,
}

impl GcsStore {
    pub(super) fn new(requests: Arc<GcsRequests>, retry: RetryOptions) -> Self {
        Self { requests, retry }
    }

    async fn look_at(&self, location: &Path, generation: Option<&str>) -> Result<ObjectResource> {
        let query: Vec<_> = generation.into_iter().map(|generation| ("generation", generation)).collect();
        self.requests.json(&self.requests.object_url("", location.as_ref(), &query), Sent::new(Method::GET)).await
    }

    /// The generation to read: the one that is asked for, or that of the object with the `ETag` that is asked for.
    async fn generation(&self, location: &Path, options: &GetOptions) -> Result<Option<String>> {
        match (&options.version, &options.if_match) {
            (Some(version), _) => Ok(Some(version.clone())),
            (None, Some(_)) => {
                let found = self.look_at(location, None).await?;
                check_etag(location, options, &found)?;
                Ok(found.generation)
            }
            (None, None) => Ok(None),
        }
    }
}

impl fmt::Debug for GcsStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GcsStore").field("bucket", &self.requests.bucket).finish_non_exhaustive()
    }
}

impl fmt::Display for GcsStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "gs://{}", self.requests.bucket)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for GcsStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let query: &[_] = match options.mode {
            PutMode::Overwrite => &[],
            PutMode::Create => &[("ifGenerationMatch", "0")],
            PutMode::Update(_) => return Err(not_supported("conditional updates")),
        };
        match self.requests.upload(location.as_ref(), &payload, query).await {
            Ok((stored, sent)) => stored.written(sent),
            Err(Error::Precondition { path, source }) => Err(Error::AlreadyExists { path, source }),
            Err(error) => Err(error),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let patience =
            Patience { options: self.retry.clone(), cancellation: CancellationToken::new(), renew_credentials: None };
        Ok(Box::new(ResumableUpload::start(Arc::clone(&self.requests), location, patience).await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            let found = self.look_at(location, options.version.as_deref()).await?;
            check_etag(location, &options, &found)?;
            let meta = found.meta(location);
            let (payload, range) = (GetResultPayload::Stream(futures_util::stream::empty().boxed()), 0..meta.size);
            let (attributes, extensions) = (Attributes::default(), Extensions::default());
            return Ok(GetResult { payload, meta, range, attributes, extensions });
        }
        let generation = self.generation(location, &options).await?;
        let mut query = vec![("alt", "media")];
        query.extend(generation.as_deref().map(|generation| ("generation", generation)));
        // Objects that are stored compressed come as they are stored.
        let mut sent = Sent::new(Method::GET).with_header(ACCEPT_ENCODING, "gzip");
        if let Some(range) = &options.range {
            sent = sent.with_header(RANGE, range_header(range));
        }
        let url = self.requests.object_url("/download", location.as_ref(), &query);
        received(location, self.requests.send(&url, sent).await?)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut pieces = Vec::with_capacity(ranges.len());
        for range in ranges {
            let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
            pieces.push(self.get_opts(location, options).await?.bytes().await?);
        }
        Ok(pieces)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let requests = Arc::clone(&self.requests);
        let delete = move |location: Result<Path>| {
            let requests = Arc::clone(&requests);
            async move {
                let location = location?;
                requests.delete_object(location.as_ref()).await.map(|()| location)
            }
        };
        locations.map(delete).buffered(DELETIONS_AT_ONCE).boxed()
    }

    // Listings go past `object_store`, whose paths cannot spell folder markers.
    fn list(&self, _prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        futures_util::stream::iter([Err(not_supported("listing by path"))]).boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, _offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list(prefix)
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> Result<ListResult> {
        Err(not_supported("listing by path"))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let mut token: Option<String> = None;
        loop {
            let mut query: Vec<(&str, &str)> =
                token.as_deref().map(|token| ("rewriteToken", token)).into_iter().collect();
            if options.mode == CopyMode::Create {
                query.push(("ifGenerationMatch", "0"));
            }
            let url = self.requests.rewrite_url(from.as_ref(), to.as_ref(), &query);
            let rewrite: Rewrite = match self.requests.json(&url, Sent::new(Method::POST)).await {
                Err(Error::Precondition { path, source }) => return Err(Error::AlreadyExists { path, source }),
                rewrite => rewrite?,
            };
            if rewrite.done {
                return Ok(());
            }
            token = rewrite.rewrite_token;
        }
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        self.copy_opts(from, to, CopyOptions { mode, extensions: options.extensions }).await?;
        self.requests.delete_object(from.as_ref()).await
    }
}

/// `ETag`s are compared without quotes: the JSON API has none, requests do.
fn check_etag(location: &Path, options: &GetOptions, found: &ObjectResource) -> Result<()> {
    match &options.if_match {
        Some(wanted) if found.etag.as_deref().map(ETag::new) != Some(ETag::new(wanted)) => {
            let source = "the object has another ETag".into();
            Err(Error::Precondition { path: location.to_string(), source })
        }
        _ => Ok(()),
    }
}

fn not_supported(what: &str) -> Error {
    Error::NotSupported { source: format!("{STORE} does not support {what} here").into() }
}

fn range_header(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(range) => format!("bytes={}-{}", range.start, range.end.saturating_sub(1)),
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(length) => format!("bytes=-{length}"),
    }
}

/// An answer with content. Its `ETag` is not always that of the resource, so none is told: the generation pins it.
fn received(location: &Path, response: HttpResponse) -> Result<GetResult> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let odd = || Error::Generic { store: STORE, source: "the answer does not say how long the content is".into() };
    let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
    let (range, size) = match header(CONTENT_RANGE.as_str()) {
        Some(text) => content_range(&text).ok_or_else(odd)?,
        None => length.map(|length| (0..length, length)).ok_or_else(odd)?,
    };
    let meta = ObjectMeta {
        location: location.clone(),
        last_modified: std::time::SystemTime::UNIX_EPOCH.into(),
        size,
        e_tag: None,
        version: header("x-goog-generation"),
    };
    let body = response.into_body().bytes_stream();
    let body = body.map(|piece| piece.map_err(|error| Error::Generic { store: STORE, source: Box::new(error) }));
    let payload = GetResultPayload::Stream(body.boxed());
    Ok(GetResult { payload, meta, range, attributes: Attributes::default(), extensions: Extensions::default() })
}

/// `bytes 0-9/100`.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, last) = range.split_once('-')?;
    Some((start.parse().ok()?..last.parse::<u64>().ok()? + 1, size.parse().ok()?))
}
