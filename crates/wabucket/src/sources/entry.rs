//! One entry: where its bytes are, and what is known of them.

use std::path::Path;
use std::sync::Arc;

use wabucket_model::{BucketUrl, ContentDigest, ETag, ManifestEntry, Md5, Reference, RelativePath};
use wabucket_transfer::{DownloadFile, Expected, Source};
use wandb_client::NativeLinks;

use super::Planner;
use super::urls::{Fixed, Native};
use crate::Error;

impl Planner<'_> {
    pub(super) async fn file(&mut self, path: &str, entry: &ManifestEntry) -> Result<DownloadFile, Error> {
        let relative =
            RelativePath::parse(path).map_err(|error| self.unreadable(format!("its manifest names the {error}")))?;
        let (entry, links) = match entry.reference.as_deref().map(Reference::parse) {
            Some(Reference::Artifact { id, path: inner }) => self.referenced_entry(path, &id, &inner).await?,
            _ => (entry.clone(), Arc::clone(&self.links)),
        };
        let Some(reference) = &entry.reference else {
            return native(path, relative, &entry, &links);
        };
        if let Some(url) = self.public_blob(reference) {
            let source = Source::Url { provider: Arc::new(Fixed::new(url)) };
            let expected = etag_of(&entry, reference);
            return Ok(DownloadFile { path: relative, size: known_size(&entry), source, expected });
        }
        if let Some((bucket, key)) = place_of(reference) {
            let is_local = matches!(bucket, BucketUrl::Folder(_));
            let expected = if is_local { content_of(&entry) } else { etag_of(&entry, reference) };
            let source = Source::Object { bucket: self.bucket(bucket).await?, key };
            return Ok(DownloadFile { path: relative, size: known_size(&entry), source, expected });
        }
        match Reference::parse(reference) {
            Reference::Http(url) => {
                let fixed =
                    Fixed::parse(&url).map_err(|error| self.unreadable(format!("it refers to {url:?}: {error}")))?;
                let source = Source::Url { provider: Arc::new(fixed) };
                let expected = etag_of(&entry, reference);
                Ok(DownloadFile { path: relative, size: known_size(&entry), source, expected })
            }
            _ => Err(self.unreadable(format!("nothing here can read {reference:?}, which {path} refers to"))),
        }
    }
}

impl Planner<'_> {
    /// The address of a blob in Azure's cloud, for a user who has no credentials there: it may be public.
    fn public_blob(&self, reference: &str) -> Option<url::Url> {
        let Reference::Azure { account: Some(account), container, key } = Reference::parse(reference) else {
            return None;
        };
        let mut variables = self.session.settings.environment.variables();
        if variables.any(|(name, value)| name.starts_with("AZURE_") && !value.is_empty()) {
            return None;
        }
        let mut url = url::Url::parse(&format!("https://{account}.blob.core.windows.net")).ok()?;
        url.path_segments_mut().ok()?.push(&container).extend(key.split('/'));
        Some(url)
    }
}

fn native(
    path: &str,
    relative: RelativePath,
    entry: &ManifestEntry,
    links: &Arc<NativeLinks>,
) -> Result<DownloadFile, Error> {
    let source = Source::Url { provider: Arc::new(Native::new(path, links.source(path, entry)?)) };
    Ok(DownloadFile { path: relative, size: entry.size, source, expected: content_of(entry) })
}

/// The bucket, without prefix, and the key of the object that a reference means.
pub(super) fn place_of(reference: &str) -> Option<(BucketUrl, String)> {
    match Reference::parse(reference) {
        Reference::S3 { bucket, key } => Some((BucketUrl::S3 { bucket, prefix: String::new() }, key)),
        Reference::Gcs { bucket, key } => Some((BucketUrl::Gcs { bucket, prefix: String::new() }, key)),
        Reference::Azure { account, container, key } => {
            Some((BucketUrl::Azure { account, container, prefix: String::new() }, key))
        }
        Reference::File(decoded) => {
            // W&B's client writes names raw but decodes them when it reads: a name that is there as written wins.
            let raw = Path::new(reference.strip_prefix("file://")?);
            let path = if raw.exists() && !decoded.exists() { raw } else { &decoded };
            Some((BucketUrl::Folder("/".into()), path.to_string_lossy().trim_start_matches('/').to_owned()))
        }
        Reference::Platform(_) | Reference::Http(_) | Reference::Artifact { .. } | Reference::Unknown(_) => None,
    }
}

/// A size of 0 is what clients write when they do not know.
fn known_size(entry: &ManifestEntry) -> Option<u64> {
    let is_ours = entry.extra.blake3().is_some();
    entry.size.filter(|size| *size > 0 || is_ours)
}

/// The content's hash, unless the digest is that of the reference or, from older clients, of the size in digits: what
/// clients write that did not read the content.
fn content_of(entry: &ManifestEntry) -> Expected {
    let blake3 = entry.extra.blake3();
    let stand_ins = entry.reference.iter().flat_map(|reference| {
        [Some(Md5::of(reference.as_bytes())), entry.size.map(|size| Md5::of(size.to_string().as_bytes()))]
    });
    match entry.content_digest() {
        Some(ContentDigest::Md5(md5)) if !stand_ins.flatten().any(|stand_in| stand_in == md5) => {
            Expected { md5: Some(md5), blake3, ..Expected::default() }
        }
        Some(ContentDigest::Xxh128(hash)) => Expected { xxh128: Some(hash), blake3, ..Expected::default() },
        _ => Expected { blake3, ..Expected::default() },
    }
}

/// The object's `ETag`, unless the digest is the reference itself.
pub(super) fn etag_of(entry: &ManifestEntry, reference: &str) -> Expected {
    let digest = || (entry.digest != reference).then(|| ETag::new(&entry.digest));
    let etag = entry.extra.etag().or_else(digest);
    let (version_id, blake3) = (entry.extra.version_id(), entry.extra.blake3());
    Expected { etag, version_id, blake3, ..Expected::default() }
}
