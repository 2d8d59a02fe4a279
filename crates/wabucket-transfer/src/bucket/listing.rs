//! What lies below a prefix.

use wabucket_model::{ETag, RelativePath};

use super::Bucket;
use crate::error::TransferError;
use crate::provider::{PageRequest, RawObject};

/// An object below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The whole key.
    pub key: String,
    /// The key relative to the prefix.
    pub path: RelativePath,
    /// In bytes.
    pub size: u64,
    /// The store's identity of the content; always there, in practice.
    pub etag: Option<ETag>,
    /// The version, where the store keeps versions. Listings of S3 do not tell; [`Bucket::head`] does.
    pub version_id: Option<String>,
}

/// A key that cannot become a file below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddKey {
    /// The whole key.
    pub key: String,
    /// What is wrong with it, as a clause: "must not contain …".
    pub problem: String,
}

/// Everything below a prefix, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects that can become files.
    pub objects: Vec<Object>,
    /// Folders that have a marker of their own: empty ones, and on the platform all.
    pub folders: Vec<RelativePath>,
    /// Keys that cannot become files or folders. Never silently lost, never written.
    pub odd: Vec<OddKey>,
    /// Whether the prefix itself has a marker.
    pub has_own_marker: bool,
}

impl Bucket {
    /// Lists everything below `prefix`, which has no `/` at its end; the empty prefix means the whole bucket.
    pub async fn list(&self, prefix: &str) -> Result<Listing, TransferError> {
        let operation = self.operation("list", prefix);
        let mut request = PageRequest { prefix: with_slash(prefix), ..PageRequest::default() };
        let mut listing = Listing::default();
        loop {
            let page = self.patience().run(&operation, || self.parts.raw.list_page(&operation, &request)).await?;
            for object in page.objects {
                listing.add(object, &request.prefix);
            }
            match page.next {
                Some(next) => request.from = Some(next),
                None => break,
            }
        }
        listing.objects.sort_by(|one, other| one.key.cmp(&other.key));
        listing.folders.sort();
        Ok(listing)
    }

    /// Whether nothing lies below `prefix`, with one request for one object.
    pub async fn is_empty_below(&self, prefix: &str) -> Result<bool, TransferError> {
        let operation = self.operation("list", prefix);
        let request = PageRequest { prefix: with_slash(prefix), at_most: Some(1), ..PageRequest::default() };
        let page = self.patience().run(&operation, || self.parts.raw.list_page(&operation, &request)).await?;
        Ok(page.objects.is_empty())
    }
}

fn with_slash(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("{}/", prefix.trim_end_matches('/')) }
}

impl Listing {
    fn add(&mut self, object: RawObject, prefix: &str) {
        let RawObject { key, size, etag, version } = object;
        let relative = key.strip_prefix(prefix).unwrap_or(&key);
        if relative.is_empty() {
            self.has_own_marker = true;
            return;
        }
        match (RelativePath::parse(relative.strip_suffix('/').unwrap_or(relative)), relative.ends_with('/')) {
            (Err(error), _) => self.odd.push(OddKey { problem: error.rule.to_owned(), key }),
            (Ok(path), true) => self.folders.push(path),
            (Ok(path), false) if object_store::path::Path::parse(&key).is_ok() => {
                self.objects.push(Object { path, key, size, etag, version_id: version });
            }
            (Ok(_), false) => {
                let problem = "must not contain a control character".to_owned();
                self.odd.push(OddKey { key, problem });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_become_folders_and_odd_keys_are_reported() {
        let mut listing = Listing::default();
        for key in ["p/", "p/x", "p/x/", "p/y/z/", "p/../up", "p//x", "p/a\nb", "p/%41"] {
            listing.add(RawObject { key: key.to_owned(), size: 1, etag: None, version: None }, "p/");
        }
        let objects: Vec<_> = listing.objects.iter().map(|object| object.path.as_str()).collect();
        let folders: Vec<_> = listing.folders.iter().map(RelativePath::as_str).collect();
        let odd: Vec<_> = listing.odd.iter().map(|odd| odd.key.as_str()).collect();
        assert_eq!(objects, ["x", "%41"]);
        assert_eq!(folders, ["x", "y/z"]);
        assert_eq!(odd, ["p/../up", "p//x", "p/a\nb"]);
        assert!(listing.has_own_marker);
    }
}
