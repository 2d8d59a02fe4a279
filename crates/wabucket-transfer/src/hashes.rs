//! The hashes that are computed while bytes pass by.

use std::io::Read;
use std::path::Path;

use md5::Digest;
use tokio_util::sync::CancellationToken;
use wabucket_model::{Blake3, Md5};

use crate::error::{Operation, TransferError};

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// MD5 and BLAKE3 of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentHashes {
    /// What W&B records, and what stores answer as `ETag` of a single PUT.
    pub md5: Md5,
    /// Our own.
    pub blake3: Blake3,
}

impl ContentHashes {
    /// Hashes bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self { md5: Md5::of(bytes), blake3: Blake3::of(bytes) }
    }

    /// Hashes a local file, piece by piece, until it is cancelled.
    pub async fn of_file(path: &Path, cancellation: &CancellationToken) -> Result<Self, TransferError> {
        let (path, cancellation) = (path.to_path_buf(), cancellation.clone());
        let hash = move || {
            let io = |error| TransferError::io("read", &path, error);
            let mut file = fs_err::File::open(&path).map_err(io)?;
            let mut buffer = vec![0; PIECE_BYTES];
            let mut hasher = Hasher::default();
            loop {
                if cancellation.is_cancelled() {
                    return Err(TransferError::Interrupted {
                        operation: Operation::new("read", path.display().to_string()),
                    });
                }
                match file.read(&mut buffer).map_err(io)? {
                    0 => return Ok(hasher.finish()),
                    count => hasher.update(&buffer[..count]),
                }
            }
        };
        tokio::task::spawn_blocking(hash).await.expect("hashing does not panic")
    }
}

/// Computes [`ContentHashes`] piece by piece.
#[derive(Default)]
pub(crate) struct Hasher {
    md5: md5::Md5,
    blake3: blake3::Hasher,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.blake3.update(bytes);
    }

    pub(crate) fn finish(self) -> ContentHashes {
        ContentHashes { md5: Md5::from_bytes(self.md5.finalize().into()), blake3: Blake3::new(self.blake3.finalize()) }
    }
}

/// The `ETag` that S3 gives to an object of several parts: the MD5 of the parts' MD5s, and their number.
pub(crate) fn multipart_etag(parts: &[[u8; 16]]) -> String {
    let joined: Vec<u8> = parts.concat();
    format!("{}-{}", Md5::of(&joined).to_hex(), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"hel");
        hasher.update(b"lo");
        assert_eq!(hasher.finish(), ContentHashes::of(b"hello"));
    }

    #[test]
    fn a_multipart_etag_is_the_md5_of_md5s() {
        // Two parts "a" and "b": md5(unhex(md5("a")) + unhex(md5("b"))), computed with Python's hashlib.
        let parts = [md5::Md5::digest(b"a").into(), md5::Md5::digest(b"b").into()];
        assert_eq!(multipart_etag(&parts), "96e024ba2074fe77e8e965ba43a704be-2");
    }
}
