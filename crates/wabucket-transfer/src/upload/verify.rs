//! Is what is stored what was read?
//!
//! A store answers a PUT with an `ETag`. Usually it is the MD5 of the content, or of the parts' MD5s, and then it proves
//! everything. With some kinds of encryption it is not, and the store says that it encrypted; other stores have `ETag`s
//! of their own making. Then the size is asked for. An `ETag` that looks like an MD5, is another one, and comes without
//! a word about encryption is either damage or a store of a rare kind: the object is read back, which always tells.

use futures_util::TryStreamExt;
use object_store::{GetOptions, PutResult};
use wabucket_model::ETag;

use super::UploadedFile;
use super::run::{Job, Upload};
use crate::bucket::object_path;
use crate::error::TransferError;
use crate::hashes::{ContentHashes, Hasher};
use crate::http::{Encrypted, Verified};

/// How often a file is sent again that arrived altered.
const MOST_REPEATS: usize = 2;

/// What the store said about an object that it took.
pub(super) struct Stored {
    pub(super) etag: Option<ETag>,
    pub(super) version_id: Option<String>,
    pub(super) is_encrypted: bool,
    /// The store told the hash of what it received, and it was right.
    pub(super) is_verified: bool,
}

impl Stored {
    pub(super) fn new(result: PutResult) -> Self {
        Self {
            etag: result.e_tag.as_deref().map(ETag::new),
            version_id: result.version,
            is_encrypted: result.extensions.get::<Encrypted>().is_some(),
            is_verified: result.extensions.get::<Verified>().is_some(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Proven,
    Silent,
    Differs,
}

/// Sends a file until it is stored unaltered, or a few times.
pub(super) async fn until_right<F>(
    upload: &Upload,
    job: &Job,
    hashes: ContentHashes,
    etags: &[String],
    send: impl Fn() -> F,
) -> Result<UploadedFile, TransferError>
where
    F: Future<Output = Result<Stored, TransferError>>,
{
    let mut repeats = 0;
    loop {
        match once(upload, job, hashes, etags, send().await?).await {
            Err(error @ TransferError::Integrity { .. }) if repeats < MOST_REPEATS => {
                tracing::warn!(%error, "send it again");
                repeats += 1;
            }
            checked => return checked,
        }
    }
}

/// Checks an object that was just stored; `etags` are identities that would prove it, besides the plain MD5.
pub(super) async fn once(
    upload: &Upload,
    job: &Job,
    hashes: ContentHashes,
    etags: &[String],
    stored: Stored,
) -> Result<UploadedFile, TransferError> {
    match judge(&stored, hashes, etags) {
        Verdict::Proven => {}
        Verdict::Silent => check_size(upload, job).await?,
        Verdict::Differs => read_back(upload, job, hashes).await?,
    }
    Ok(UploadedFile {
        path: job.file.path.clone(),
        key: job.key.clone(),
        size: job.file.size,
        etag: stored.etag,
        version_id: stored.version_id,
        md5: hashes.md5,
        blake3: hashes.blake3,
    })
}

fn judge(stored: &Stored, hashes: ContentHashes, etags: &[String]) -> Verdict {
    if stored.is_verified {
        return Verdict::Proven;
    }
    let Some(etag) = &stored.etag else { return Verdict::Silent };
    let text = etag.as_str().to_ascii_lowercase();
    if text == hashes.md5.to_hex() || etags.contains(&text) {
        return Verdict::Proven;
    }
    let looks_like_md5 = ETag::new(text.split('-').next().unwrap_or_default()).md5().is_some();
    if looks_like_md5 && !stored.is_encrypted { Verdict::Differs } else { Verdict::Silent }
}

async fn check_size(upload: &Upload, job: &Job) -> Result<(), TransferError> {
    let size = upload.bucket.head(&job.key).await?.size;
    if size == job.file.size {
        return Ok(());
    }
    Err(damaged(job, format!("{} bytes were sent and {size} are stored", job.file.size)))
}

async fn read_back(upload: &Upload, job: &Job, hashes: ContentHashes) -> Result<(), TransferError> {
    let operation = upload.bucket.operation("check", &job.key);
    let path = object_path(&operation, &job.key)?;
    let read = || async {
        let read = async {
            let mut content = upload.bucket.store().get_opts(&path, GetOptions::default()).await?.into_stream();
            let mut found = Hasher::default();
            while let Some(piece) = content.try_next().await? {
                found.update(&piece);
            }
            Ok(found.finish())
        };
        read.await.map_err(|error| TransferError::from_store(&operation, error))
    };
    let found = upload.patience.run(&operation, read).await?;
    if found == hashes {
        return Ok(());
    }
    let (sent, found) = (hashes.md5.to_hex(), found.md5.to_hex());
    Err(damaged(job, format!("content with the MD5 {sent} was sent, and with {found} is stored")))
}

fn damaged(job: &Job, problem: String) -> TransferError {
    TransferError::Integrity { operation: job.operation.clone(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_prove_say_nothing_or_differ() {
        let hashes = ContentHashes::of(b"hello");
        let md5 = hashes.md5.to_hex();
        let other = "0".repeat(32);
        let judge = |etag: &str, is_encrypted| {
            let stored = Stored { etag: Some(ETag::new(etag)), version_id: None, is_encrypted, is_verified: false };
            judge(&stored, hashes, &["abc-2".to_owned()])
        };
        assert_eq!(judge(&md5, false), Verdict::Proven);
        assert_eq!(judge(&format!("\"{}\"", md5.to_uppercase()), false), Verdict::Proven);
        assert_eq!(judge("abc-2", false), Verdict::Proven);
        assert_eq!(judge(&other, false), Verdict::Differs);
        assert_eq!(judge(&format!("{other}-3"), false), Verdict::Differs);
        assert_eq!(judge(&other, true), Verdict::Silent);
        assert_eq!(judge("0x8DC", false), Verdict::Silent);
    }
}
