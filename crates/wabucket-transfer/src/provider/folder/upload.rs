//! A file that arrives in parts: each is written at its place in a temporary file, which gets its name at the end.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::FutureExt;
use object_store::{Error, Extensions, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tempfile::NamedTempFile;

use super::files::{self, Existing};
use super::{STORE, blocking, store_error};

pub(super) struct FolderUpload {
    root: PathBuf,
    key: String,
    /// Gone once the upload is completed or aborted.
    file: Arc<Mutex<Option<NamedTempFile>>>,
    next_offset: u64,
}

impl FolderUpload {
    pub(super) fn start(root: &FilePath, key: &str) -> Result<Self> {
        let file = Arc::new(Mutex::new(Some(files::start(root, key)?)));
        Ok(Self { root: root.to_path_buf(), key: key.to_owned(), file, next_offset: 0 })
    }

    fn take(&self) -> Option<NamedTempFile> {
        self.file.lock().expect("nobody panics with the lock").take()
    }
}

impl std::fmt::Debug for FolderUpload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FolderUpload").field("key", &self.key).finish_non_exhaustive()
    }
}

fn is_over() -> Error {
    Error::Generic { store: STORE, source: "the upload is already over".into() }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl MultipartUpload for FolderUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.next_offset;
        self.next_offset += data.content_length() as u64;
        let (file, path) = (Arc::clone(&self.file), self.root.join(&self.key));
        let write = move || {
            let mut guard = file.lock().expect("nobody panics with the lock");
            let file = guard.as_mut().ok_or_else(is_over)?;
            let mut written = file.seek(SeekFrom::Start(offset)).map(drop);
            for piece in &data {
                written = written.and_then(|()| file.write_all(piece));
            }
            written.map_err(|error| store_error(&path, error))
        };
        blocking(write).boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let file = self.take().ok_or_else(is_over)?;
        let (root, key) = (self.root.clone(), self.key.clone());
        let etag = blocking(move || files::finish(file, &root, &key, Existing::Replace)).await?;
        Ok(PutResult { e_tag: Some(etag), version: None, extensions: Extensions::default() })
    }

    async fn abort(&mut self) -> Result<()> {
        drop(self.take());
        Ok(())
    }
}
