//! Are these the bytes that were recorded?

use std::io::Read;
use std::path::Path;

use fs_err::File;
use md5::Digest;
use wabucket_model::{Blake3, Md5, Xxh128};

use super::Expected;
use crate::error::TransferError;

/// The hash that settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Blake3(Blake3),
    Md5(Md5),
    Xxh128(Xxh128),
    /// From an `ETag`: usually the MD5 of the content, but with some kinds of encryption not.
    Likely(Md5),
    Nothing,
}

impl Known {
    pub(super) fn of(expected: &Expected) -> Self {
        let from_etag = || expected.etag.as_ref().and_then(wabucket_model::ETag::md5);
        match (expected.blake3, expected.md5, expected.xxh128) {
            (Some(blake3), _, _) => Self::Blake3(blake3),
            (None, Some(md5), _) => Self::Md5(md5),
            (None, None, Some(hash)) => Self::Xxh128(hash),
            (None, None, None) => from_etag().map_or(Self::Nothing, Self::Likely),
        }
    }

    pub(super) fn check(self, checker: Checker) -> Verdict {
        match (self, checker) {
            (Self::Blake3(known), Checker::Blake3(hasher)) => {
                verdict(known.to_hex(), Blake3::new(hasher.finalize()).to_hex())
            }
            (Self::Md5(known), Checker::Md5(hasher)) => {
                verdict(known.to_hex(), Md5::from_bytes(hasher.finalize().into()).to_hex())
            }
            (Self::Xxh128(known), Checker::Xxh128(hasher)) => {
                verdict(known.to_hex(), Xxh128::new(hasher.digest128()).to_hex())
            }
            (Self::Likely(known), Checker::Md5(hasher)) => {
                match verdict(known.to_hex(), Md5::from_bytes(hasher.finalize().into()).to_hex()) {
                    Verdict::Wrong { found, .. } => Verdict::Doubtful { found },
                    verdict => verdict,
                }
            }
            _ => Verdict::Right,
        }
    }

    pub(super) fn checker(self) -> Checker {
        match self {
            Self::Blake3(_) => Checker::Blake3(Box::default()),
            Self::Md5(_) | Self::Likely(_) => Checker::Md5(md5::Md5::new()),
            Self::Xxh128(_) => Checker::Xxh128(Box::default()),
            Self::Nothing => Checker::None,
        }
    }
}

fn verdict(known: String, found: String) -> Verdict {
    if known == found { Verdict::Right } else { Verdict::Wrong { known, found } }
}

/// What the hash says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As recorded, or nothing was.
    Right,
    /// Other bytes.
    Wrong {
        /// The recorded hash.
        known: String,
        /// The hash of what came.
        found: String,
    },
    /// Not what the `ETag` suggests. If the same bytes come again, the `ETag` is no MD5.
    Doubtful {
        /// The hash of what came.
        found: String,
    },
}

/// Computes the one hash that is needed.
pub(super) enum Checker {
    Blake3(Box<blake3::Hasher>),
    Md5(md5::Md5),
    Xxh128(Box<xxhash_rust::xxh3::Xxh3Default>),
    None,
}

impl Checker {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) => drop(hasher.update(bytes)),
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Xxh128(hasher) => hasher.update(bytes),
            Self::None => {}
        }
    }
}

/// Checks a whole file on disk.
pub(super) fn check_file(path: &Path, known: Known) -> Result<Verdict, TransferError> {
    let io = |error| TransferError::io("read", path, error);
    if known == Known::Nothing {
        return Ok(Verdict::Right);
    }
    let mut file = File::open(path).map_err(io)?;
    let mut checker = known.checker();
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut buffer).map_err(io)? {
            0 => return Ok(known.check(checker)),
            length => checker.update(&buffer[..length]),
        }
    }
}

/// Whether the file at this place has the recorded content already. Without a recorded hash nobody can know.
pub(super) fn is_right(path: &Path, size: Option<u64>, known: Known) -> Result<bool, TransferError> {
    let Ok(metadata) = fs_err::symlink_metadata(path) else { return Ok(false) };
    let may_be_right = metadata.is_file() && size.is_none_or(|size| size == metadata.len()) && known != Known::Nothing;
    Ok(may_be_right && check_file(path, known)? == Verdict::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hash_tells_its_content_from_others() {
        let all = [
            Known::Blake3(Blake3::of(b"content")),
            Known::Md5(Md5::of(b"content")),
            Known::Xxh128(Xxh128::of(b"content")),
        ];
        for known in all {
            let check = |pieces: [&[u8]; 2]| {
                let mut checker = known.checker();
                for piece in pieces {
                    checker.update(piece);
                }
                known.check(checker)
            };
            assert_eq!(check([b"con", b"tent"]), Verdict::Right, "{known:?}");
            assert!(matches!(check([b"con", b"tact"]), Verdict::Wrong { .. }), "{known:?}");
        }
    }
}
