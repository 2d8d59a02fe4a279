//! Single objects: look, read, write, copy, delete.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStoreExt, PutMode, PutOptions};
use wabucket_model::{ETag, RelativePath};

use super::{Bucket, Object, object_path};
use crate::error::{Operation, TransferError};

/// What happens to an object that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// It is replaced.
    Overwrite,
    /// Writing fails. Stores that ignore `If-None-Match` overwrite nevertheless (garage does).
    CreateNew,
}

/// How many keys are deleted at a time where each needs a request.
const DELETIONS_AT_ONCE: usize = 16;

impl Bucket {
    /// Looks at one object: size, `ETag` and version.
    pub async fn head(&self, key: &str) -> Result<Object, TransferError> {
        let operation = self.operation("look at", key);
        let path = object_path(&operation, key)?;
        let meta = self.request(&operation, || self.store().head(&path)).await?;
        let name = key.rsplit('/').next().unwrap_or(key);
        Ok(Object {
            key: key.to_owned(),
            path: RelativePath::parse(name).expect("the last segment of a valid key is a valid path"),
            size: meta.size,
            etag: meta.e_tag.as_deref().map(ETag::new),
            version_id: meta.version,
        })
    }

    /// Reads a small object whole.
    pub async fn read(&self, key: &str) -> Result<Bytes, TransferError> {
        let operation = self.operation("read", key);
        let path = object_path(&operation, key)?;
        let get = || async { self.store().get_opts(&path, GetOptions::default()).await?.bytes().await };
        self.request(&operation, get).await
    }

    /// Writes a small object whole.
    pub async fn write(&self, key: &str, content: Bytes, mode: WriteMode) -> Result<(), TransferError> {
        let operation = self.operation("write", key);
        let path = object_path(&operation, key)?;
        let put_mode = match mode {
            WriteMode::Overwrite => PutMode::Overwrite,
            WriteMode::CreateNew => PutMode::Create,
        };
        let mut tries = 0;
        let put = || {
            tries += 1;
            self.store().put_opts(&path, content.clone().into(), PutOptions::from(put_mode.clone()))
        };
        match self.request(&operation, put).await {
            // The answer to the first try may have been lost after the store did its work.
            Err(TransferError::AlreadyExists { .. }) if tries > 1 && self.read(key).await? == content => Ok(()),
            written => written.map(drop),
        }
    }

    /// Copies an object inside the store, without moving bytes through here. Stores copy up to 5 GiB at once.
    pub async fn copy(&self, from: &str, to: &str) -> Result<(), TransferError> {
        let operation = self.operation("copy", from);
        let (source, target) = (object_path(&operation, from)?, object_path(&operation, to)?);
        self.request(&operation, || self.store().copy(&source, &target)).await
    }

    /// Deletes objects and, with keys that end in `/`, folder markers. What is missing already is no error.
    ///
    /// In a folder bucket, folders that become empty go away, too.
    pub async fn delete(&self, keys: impl IntoIterator<Item = String>) -> Result<(), TransferError> {
        let operation = Operation::new("delete from", self.url.to_string());
        let (mut paths, mut others) = (Vec::new(), Vec::new());
        for key in keys {
            match object_path(&operation, &key) {
                Ok(path) => paths.push(path),
                Err(_) => others.push(key),
            }
        }
        self.request(&operation, || self.delete_paths(paths.clone())).await?;
        // Deepest first, so that the folders of a folder bucket are empty when their turn comes.
        others.sort_by_key(|key| std::cmp::Reverse(key.len()));
        let requests = others.into_iter().map(|key| self.delete_marker(key));
        stream::iter(requests).buffered(DELETIONS_AT_ONCE).try_collect().await
    }

    async fn delete_paths(&self, paths: Vec<Path>) -> object_store::Result<()> {
        let deleted = self.store().delete_stream(stream::iter(paths).map(Ok).boxed());
        let missing_is_fine = |result: &object_store::Result<Path>| {
            std::future::ready(!matches!(result, Err(object_store::Error::NotFound { .. })))
        };
        deleted.filter(missing_is_fine).try_for_each(|_| std::future::ready(Ok(()))).await
    }

    async fn delete_marker(&self, key: String) -> Result<(), TransferError> {
        let operation = self.operation("delete", &key);
        self.patience().run(&operation, || self.parts.raw.delete(&operation, &key)).await
    }

    /// Writes the marker of a folder; `key` ends in `/`.
    pub async fn write_marker(&self, key: &str) -> Result<(), TransferError> {
        let operation = self.operation("write", key);
        self.patience().run(&operation, || self.parts.raw.put_marker(&operation, key)).await
    }

    /// Runs one request of `object_store` with the usual patience.
    async fn request<T, F>(&self, operation: &Operation, mut request: impl FnMut() -> F) -> Result<T, TransferError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let attempt = || {
            let answer = request();
            async { answer.await.map_err(|error| TransferError::from_store(operation, error)) }
        };
        self.patience().run(operation, attempt).await
    }
}
