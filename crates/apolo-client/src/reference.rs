//! Stored `blob://` references, taken apart into bucket and key.
//!
//! The platform's SDK makes keys of percent-encoded text and never decodes it, so a key here is the text as stored.

use std::fmt;

use percent_encoding::percent_decode_str;
use wabucket_model::PlatformBucket;

use crate::Error;

/// A `blob://CLUSTER/…` reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformReference {
    cluster: String,
    /// What follows the cluster, as stored, without slashes at either end.
    path: String,
}

impl PlatformReference {
    /// Parses a reference; it must at least name a bucket in the form without an organisation.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |rule| Err(Error::InvalidReference { text: text.to_owned(), rule });
        let Some(rest) = text.strip_prefix("blob://") else { return refuse("must start with blob://") };
        let (cluster, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        if cluster.is_empty() {
            return refuse("names no cluster");
        }
        if path.split('/').take(3).any(|segment| matches!(segment, "." | ".." | "")) {
            return refuse("has an empty, '.' or '..' segment before its key");
        }
        if !path.contains('/') {
            return refuse("names no bucket");
        }
        Ok(Self { cluster: cluster.to_ascii_lowercase(), path: path.to_owned() })
    }

    /// The cluster.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Bucket and key text as today's tools mean it: `ORG/PROJECT/BUCKET[/KEY]`. References of the time before projects
    /// have the owner in place of the project.
    pub fn with_organisation(&self) -> Option<(PlatformBucket, String)> {
        let mut segments = self.path.splitn(4, '/');
        let org = segments.next()?.to_owned();
        Some((self.bucket(Some(org), segments.next()?, segments.next()?), segments.next().unwrap_or("").to_owned()))
    }

    /// Bucket and key text as meant before organisations: `OWNER/BUCKET[/KEY]`.
    pub fn without_organisation(&self) -> Option<(PlatformBucket, String)> {
        let mut segments = self.path.splitn(3, '/');
        Some((self.bucket(None, segments.next()?, segments.next()?), segments.next().unwrap_or("").to_owned()))
    }

    fn bucket(&self, org: Option<String>, project: &str, bucket: &str) -> PlatformBucket {
        let (project, bucket) = (project.to_owned(), bucket.to_owned());
        PlatformBucket { cluster: self.cluster.clone(), org, project, bucket }
    }

    /// The path that the server's `find/by_path` takes: decoded.
    pub(crate) fn decoded_path(&self) -> String {
        decoded(&self.path)
    }

    /// The prefixes, without a slash at their ends, under which the objects of a stored key text may lie, likeliest
    /// first: as stored, which is how the platform's tools upload, then decoded, which is how they link.
    pub fn key_prefixes(key_text: &str) -> Vec<String> {
        let stored = key_text.trim_matches('/').to_owned();
        let raw = decoded(&stored);
        if raw == stored { vec![stored] } else { vec![stored, raw] }
    }
}

impl fmt::Display for PlatformReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "blob://{}/{}", self.cluster, self.path)
    }
}

/// Percent-decodes text; what would not be UTF-8 stays as it is.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reference_has_two_readings() {
        let reference = PlatformReference::parse("blob://C1/o/p/bkt/my%20type/name/a+b/").unwrap();
        let (bucket, key) = reference.with_organisation().unwrap();
        assert_eq!((bucket.to_string().as_str(), key.as_str()), ("blob://c1/o/p/bkt", "my%20type/name/a+b"));
        let (bucket, key) = reference.without_organisation().unwrap();
        assert_eq!((bucket.to_string().as_str(), key.as_str()), ("blob://c1/o/p", "bkt/my%20type/name/a+b"));
        assert_eq!(reference.decoded_path(), "o/p/bkt/my type/name/a+b");
        let short = PlatformReference::parse("blob://c1/alice/bkt").unwrap();
        assert_eq!(short.with_organisation(), None);
        assert_eq!(short.without_organisation().unwrap().1, "");
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for text in
            ["", "s3://b/k", "blob:b/k", "blob://", "blob://c", "blob://c/o", "blob:///o/p/b", "blob://c/o/../b"]
        {
            assert!(PlatformReference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stored_key_is_tried_as_stored_and_decoded() {
        assert_eq!(PlatformReference::key_prefixes("t/n/a/"), ["t/n/a"]);
        assert_eq!(PlatformReference::key_prefixes("t%20x/n/a+b"), ["t%20x/n/a+b", "t x/n/a+b"]);
        assert_eq!(PlatformReference::key_prefixes("t%FF/n"), ["t%FF/n"]);
        assert_eq!(PlatformReference::key_prefixes("100%/n"), ["100%/n"]);
    }

    proptest! {
        #[test]
        fn what_parses_comes_back(text in "blob://[a-z]{1,3}(/[a-z.%0-9 é]{1,4}){2,6}") {
            if let Ok(reference) = PlatformReference::parse(&text) {
                prop_assert_eq!(reference.to_string(), text.clone());
                for (bucket, key) in [reference.with_organisation(), reference.without_organisation()].into_iter().flatten() {
                    let joined = if key.is_empty() { bucket.to_string() } else { format!("{bucket}/{key}") };
                    prop_assert_eq!(joined, text.clone());
                }
            }
        }
    }
}
