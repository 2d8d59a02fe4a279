//! A local folder as an object store, for `file:///DIR`: a key is a path, raw; an object is a file.
//!
//! `object_store`'s own `LocalFileSystem` decodes percent signs, refuses `#` followed by digits, and cannot keep an
//! empty folder. Here a file appears under its name only when it is complete (temporary file, then rename), and nothing
//! is written through a link that leads out of the root.

mod files;
mod listing;
mod upload;

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, Extensions, GetOptions, GetRange, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, RenameTargetMode, Result,
};

use crate::error::{Operation, TransferError};
use crate::provider::{Page, PageRequest};

const STORE: &str = "folder";

/// A folder that holds objects.
#[derive(Debug, Clone)]
pub(crate) struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    pub(crate) fn new(root: &FilePath) -> Self {
        Self { root: root.to_path_buf() }
    }

    fn path(&self, key: &Path) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(key.as_ref().split('/').filter(|segment| !segment.is_empty()));
        path
    }

    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        let (root, request, operation) = (self.root.clone(), request.clone(), operation.clone());
        blocking(move || listing::page(&root, &request, &operation)).await
    }

    pub(crate) async fn create_folder(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        let (root, key) = (self.root.clone(), key.to_owned());
        check_segments(operation, &key)?;
        blocking(move || crate::inside::make_folder(&root, &key).map(drop)).await
    }

    pub(crate) async fn delete_key(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        let (root, key) = (self.root.clone(), key.to_owned());
        check_segments(operation, &key)?;
        let operation = operation.clone();
        blocking(move || files::delete(&root, &key).map_err(|source| TransferError::Io { operation, source })).await
    }
}

fn check_segments(operation: &Operation, key: &str) -> Result<(), TransferError> {
    let key = key.strip_suffix('/').unwrap_or(key);
    if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        let problem = "a key in a folder must not have an empty, '.' or '..' segment".to_owned();
        return Err(TransferError::InvalidOption { operation: operation.clone(), problem });
    }
    Ok(())
}

/// Runs file work where it may wait.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("file work does not panic and is not aborted")
}

/// Sorts an error of the file system as stores sort theirs.
fn store_error(path: &FilePath, error: io::Error) -> Error {
    let name = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path: name, source: error.into() },
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: name, source: error.into() },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path: name, source: error.into() },
        _ => Error::Generic { store: STORE, source: Box::new(error) },
    }
}

fn not_supported(what: &str) -> Error {
    Error::NotSupported { source: format!("a folder does not support {what}").into() }
}

impl fmt::Display for FolderStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "folder {}", self.root.display())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for FolderStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (root, key) = (self.root.clone(), location.to_string());
        let existing = match options.mode {
            PutMode::Overwrite => files::Existing::Replace,
            PutMode::Create => files::Existing::Keep,
            PutMode::Update(_) => return Err(not_supported("conditional updates")),
        };
        let etag = blocking(move || files::write(&root, &key, &payload, existing)).await?;
        Ok(PutResult { e_tag: Some(etag), version: None, extensions: Extensions::default() })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let (root, key) = (self.root.clone(), location.to_string());
        let upload = blocking(move || upload::FolderUpload::start(&root, &key)).await?;
        Ok(Box::new(upload))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.version.is_some() {
            return Err(not_supported("versions"));
        }
        let (path, location) = (self.path(location), location.clone());
        let (file, meta) = blocking(move || files::open(&path, location)).await?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => absolute(range, meta.size)?,
            None => 0..meta.size,
        };
        let (file, path) = file.into_parts();
        let payload = GetResultPayload::File(file, path);
        Ok(GetResult { payload, meta, range, attributes: Attributes::default(), extensions: Extensions::default() })
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
        let root = self.root.clone();
        let delete = move |location: Path| {
            let root = root.clone();
            async move {
                let key = location.to_string();
                let path = root.join(&key);
                blocking(move || files::delete(&root, &key)).await.map_err(|error| store_error(&path, error))?;
                Ok(location)
            }
        };
        locations.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (root, prefix) = (self.root.clone(), prefix.cloned());
        let listed = blocking(move || listing::metas(&root, prefix.as_ref()));
        stream::once(listed).map_ok(|metas| stream::iter(metas.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        let offset = offset.clone();
        self.list(prefix).try_filter(move |meta| std::future::ready(meta.location > offset)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let metas: Vec<ObjectMeta> = self.list(prefix).try_collect().await?;
        Ok(listing::one_level(prefix, metas))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let existing = match options.mode {
            CopyMode::Overwrite => files::Existing::Replace,
            CopyMode::Create => files::Existing::Keep,
        };
        let (root, from, to) = (self.root.clone(), self.path(from), to.to_string());
        blocking(move || files::copy(&root, &from, &to, existing)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        self.copy_opts(from, to, CopyOptions { mode, extensions: options.extensions }).await?;
        let (root, key, path) = (self.root.clone(), from.to_string(), self.path(from));
        blocking(move || files::delete(&root, &key)).await.map_err(|error| store_error(&path, error))
    }
}

/// The bytes that a range means in an object of this size.
fn absolute(range: &GetRange, size: u64) -> Result<Range<u64>> {
    let range = match range {
        GetRange::Bounded(range) => range.start..range.end.min(size),
        GetRange::Offset(start) => *start..size,
        GetRange::Suffix(length) => size.saturating_sub(*length)..size,
    };
    if range.start >= range.end {
        return Err(Error::Generic { store: STORE, source: format!("no bytes {range:?} in {size}").into() });
    }
    Ok(range)
}
