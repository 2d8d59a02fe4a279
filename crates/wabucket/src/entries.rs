//! Manifest entries, as W&B's own client writes references to buckets of each kind.

use std::collections::BTreeMap;

use wabucket_model::{BucketUrl, ETag, Extra, Manifest, ManifestEntry, Md5, PLATFORM_ENTRY};
use wabucket_transfer::{Object, UploadedFile};

/// The manifest of an uploaded folder.
pub(crate) fn of_upload(url: &BucketUrl, prefix: &str, files: &[UploadedFile]) -> Manifest {
    let described = files.iter().map(|file| {
        let extra = Extra::default().with_blake3(file.blake3);
        let known = Known { key: &file.key, size: file.size, etag: file.etag.as_ref(), md5: Some(file.md5) };
        (file.path.as_str(), entry(url, &known, file.version_id.as_deref(), extra))
    });
    manifest(url, prefix, described)
}

/// The manifest of a folder that is in the bucket already. `md5s` are those of a folder bucket's files, by key.
pub(crate) fn of_listing(url: &BucketUrl, prefix: &str, objects: &[Object], md5s: &BTreeMap<String, Md5>) -> Manifest {
    let described = objects.iter().map(|object| {
        let md5 = md5s.get(&object.key).copied();
        let known = Known { key: &object.key, size: object.size, etag: object.etag.as_ref(), md5 };
        (object.path.as_str(), entry(url, &known, object.version_id.as_deref(), Extra::default()))
    });
    manifest(url, prefix, described)
}

struct Known<'a> {
    key: &'a str,
    size: u64,
    etag: Option<&'a ETag>,
    md5: Option<Md5>,
}

/// W&B's digest is the store's `ETag`, for local files the MD5 of the content, and where neither is known the reference.
fn entry(url: &BucketUrl, known: &Known, version_id: Option<&str>, extra: Extra) -> ManifestEntry {
    let reference = url.reference(known.key);
    let (digest, extra) = match (url, known.etag, known.md5) {
        (BucketUrl::Folder(_), _, Some(md5)) => (md5.to_base64(), extra),
        (_, Some(etag), _) => (etag.as_str().to_owned(), extra.with_etag(etag)),
        (_, None, _) => (reference.clone(), extra),
    };
    let extra = match version_id {
        // What S3 calls the version of an object in a bucket that keeps none.
        None | Some("null") => extra,
        Some(version) => extra.with_version_id(version),
    };
    ManifestEntry { digest, reference: Some(reference), size: Some(known.size), birth_artifact_id: None, extra }
}

fn manifest<'a>(url: &BucketUrl, prefix: &str, described: impl Iterator<Item = (&'a str, ManifestEntry)>) -> Manifest {
    let mut entries: BTreeMap<_, _> = described.map(|(path, entry)| (entry_path(url, path), entry)).collect();
    if matches!(url, BucketUrl::Platform(_)) {
        let reference = url.reference(prefix);
        let folder =
            ManifestEntry { digest: reference.clone(), reference: Some(reference), ..ManifestEntry::default() };
        entries.insert(PLATFORM_ENTRY.to_owned(), folder);
    }
    Manifest::new(entries)
}

/// On the platform the one entry that the earlier tool reads keeps its path to itself: a file of that name stands
/// below it, where no file can be.
fn entry_path(url: &BucketUrl, path: &str) -> String {
    if matches!(url, BucketUrl::Platform(_)) && (path == PLATFORM_ENTRY || path.starts_with("platform_blob/")) {
        return format!("{PLATFORM_ENTRY}/{path}");
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wabucket_model::{Blake3, RelativePath};

    fn uploaded(path: &str) -> UploadedFile {
        UploadedFile {
            path: RelativePath::parse(path).unwrap(),
            key: format!("t/n/a/{path}"),
            size: 5,
            etag: Some(ETag::new("5d41402abc4b2a76b9719d911017c592")),
            version_id: Some("null".to_owned()),
            md5: Md5::of(b"hello"),
            blake3: Blake3::of(b"hello"),
        }
    }

    fn of(url: &str, path: &str) -> Manifest {
        of_upload(&BucketUrl::parse(url).unwrap(), "t/n/a", &[uploaded(path)])
    }

    #[test]
    fn each_kind_of_bucket_has_the_entries_of_its_handler() {
        let s3 = &of("s3://b", "f").entries["f"];
        assert_eq!(s3.digest, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(s3.reference.as_deref(), Some("s3://b/t/n/a/f"));
        assert_eq!((s3.extra.version_id(), s3.extra.blake3()), (None, Some(Blake3::of(b"hello"))));
        let file = &of("file:///d", "f").entries["f"];
        assert_eq!(file.digest, "XUFAKrxLKna5cZ2REBfFkg==");
        assert_eq!(file.reference.as_deref(), Some("file:///d/t/n/a/f"));
    }

    #[test]
    fn a_platform_manifest_has_the_entry_that_the_earlier_tool_reads() {
        let manifest = of("blob://c/o/p/b", PLATFORM_ENTRY);
        let folder = &manifest.entries[PLATFORM_ENTRY];
        assert_eq!(folder.reference.as_deref(), Some("blob://c/o/p/b/t/n/a"));
        assert_eq!(folder.digest, "blob://c/o/p/b/t/n/a");
        assert_eq!(
            manifest.entries["platform_blob/platform_blob"].reference.as_deref(),
            Some("blob://c/o/p/b/t/n/a/platform_blob")
        );
    }
}
