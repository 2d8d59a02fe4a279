//! Reading a local file once: its bytes and hashes, and the certainty that it did not change meanwhile.

use std::io::Read;
use std::path::PathBuf;

use bytes::Bytes;
use fs_err::File;

use super::run::Job;
use crate::error::TransferError;
use crate::hashes::{ContentHashes, Hasher};
use crate::provider::folder::blocking;
use crate::walk::LocalFile;

/// A file that is being read from its start to its end.
pub(super) struct SourceFile {
    path: PathBuf,
    expected: LocalFile,
    file: File,
    hasher: Hasher,
}

impl SourceFile {
    pub(super) async fn open(job: &Job) -> Result<Self, TransferError> {
        let (path, expected) = (job.source.clone(), job.file.clone());
        blocking(move || {
            let file = File::open(&path).map_err(|error| TransferError::io("read", &path, error))?;
            let source = Self { path, expected, file, hasher: Hasher::default() };
            source.check_unchanged()?;
            Ok(source)
        })
        .await
    }

    /// Reads the next `length` bytes, which must be there.
    pub(super) async fn read(mut self, length: u64) -> Result<(Self, Bytes), TransferError> {
        blocking(move || {
            let length = usize::try_from(length).expect("a part fits into memory");
            let mut buffer = vec![0; length];
            match self.file.read_exact(&mut buffer) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(self.changed()),
                Err(error) => return Err(TransferError::io("read", &self.path, error)),
            }
            self.hasher.update(&buffer);
            Ok((self, Bytes::from(buffer)))
        })
        .await
    }

    /// Makes sure that this was all, and that it is still the file that was found.
    pub(super) async fn finish(mut self) -> Result<ContentHashes, TransferError> {
        blocking(move || {
            let more = self.file.read(&mut [0]).map_err(|error| TransferError::io("read", &self.path, error))?;
            if more > 0 {
                return Err(self.changed());
            }
            self.check_unchanged()?;
            Ok(self.hasher.finish())
        })
        .await
    }

    fn check_unchanged(&self) -> Result<(), TransferError> {
        let metadata = self.file.metadata().map_err(|error| TransferError::io("look at", &self.path, error))?;
        if metadata.len() == self.expected.size && metadata.modified().ok() == self.expected.modified {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    fn changed(&self) -> TransferError {
        TransferError::Changed { path: self.path.clone() }
    }
}
