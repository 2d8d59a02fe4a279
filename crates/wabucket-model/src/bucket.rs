//! Where bytes live: bucket URLs, the keys below them and the references that manifests hold.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{ArtifactFolder, InvalidWord};

/// A bucket of the Apolo/Neu.ro platform, fully named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformBucket {
    /// The cluster whose API knows the bucket.
    pub cluster: String,
    /// The organisation; references of the no-org era have none.
    pub org: Option<String>,
    /// The project (in old references: the owner).
    pub project: String,
    /// The bucket's name or id.
    pub bucket: String,
}

impl fmt::Display for PlatformBucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "blob://{}/", self.cluster)?;
        if let Some(org) = &self.org {
            write!(formatter, "{org}/")?;
        }
        write!(formatter, "{}/{}", self.project, self.bucket)
    }
}

/// A place for artifact folders: a bucket, with an optional prefix below which everything is kept.
///
/// Prefixes and keys are raw text, never percent-encoded: what a file is called is what its key is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BucketUrl {
    /// `blob://CLUSTER/ORG/PROJECT/BUCKET`.
    Platform(PlatformBucket),
    /// `s3://BUCKET[/PREFIX]`.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Empty, or segments joined by `/` without a slash at either end.
        prefix: String,
    },
    /// `gs://BUCKET[/PREFIX]`.
    Gcs {
        /// The bucket's name.
        bucket: String,
        /// As for S3.
        prefix: String,
    },
    /// `az://CONTAINER[/PREFIX]`, within a storage account that the environment names.
    Azure {
        /// The storage account in Azure's own cloud, once it is known: a URL does not name it, but a reference does.
        account: Option<String>,
        /// The container's name.
        container: String,
        /// As for S3.
        prefix: String,
    },
    /// `file:///DIR`: a local folder.
    Folder(PathBuf),
}

const WORD: &str = "bucket URL";

/// What follows a storage account's name in the host name of its blobs; W&B's client tells Azure by it.
pub(crate) const AZURE_HOST: &str = ".blob.core.windows.net";

impl BucketUrl {
    /// Parses a URL. The part after the bucket is taken raw: `%20` stays three characters.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        let refuse = |rule| Err(InvalidWord::new(WORD, text, rule));
        let Some((scheme, rest)) = text.split_once("://") else {
            return refuse("must start with s3://, gs://, az://, file:/// or blob://");
        };
        match scheme {
            "s3" => parse_store(text, rest).map(|(bucket, prefix)| Self::S3 { bucket, prefix }),
            "gs" => parse_store(text, rest).map(|(bucket, prefix)| Self::Gcs { bucket, prefix }),
            "az" => parse_store(text, rest).map(|(container, prefix)| Self::Azure { account: None, container, prefix }),
            "file" if rest.starts_with('/') => Ok(Self::Folder(PathBuf::from(rest))),
            "file" => refuse("must hold an absolute path: file:///DIR"),
            "blob" => parse_platform(text, rest).map(Self::Platform),
            _ => refuse("has a scheme that is none of s3, gs, az, file, blob"),
        }
    }

    /// The key prefix, without a slash at its end, below which a version of this folder lies.
    ///
    /// On the platform, keys are the text of percent-encoded URIs: that is what its own tools write and read, so
    /// `TYPE`, `NAME` and `ALIAS` are encoded there. Everywhere else they are raw.
    pub fn folder_prefix(&self, folder: &ArtifactFolder) -> String {
        let segments = [folder.artifact_type.as_str(), folder.name.as_str(), folder.alias.as_str()];
        match self {
            Self::Platform(_) => segments.map(quote_platform_segment).join("/"),
            _ => self.key(&segments.join("/")),
        }
    }

    /// The key of a path that is meant relative to this bucket URL.
    pub fn key(&self, path: &str) -> String {
        match self.prefix() {
            "" => path.to_owned(),
            prefix if path.is_empty() => prefix.to_owned(),
            prefix => format!("{prefix}/{path}"),
        }
    }

    /// The URL of the object with this key, as W&B's own client writes references: raw, nothing encoded. Only in a
    /// `file://` URL, which W&B's client decodes when it reads it, are `%`, `#` and `?` encoded.
    ///
    /// For Azure W&B's form names the storage account; as long as that is not known, this is our `az://` form.
    pub fn reference(&self, key: &str) -> String {
        match self {
            Self::Platform(bucket) => format!("{bucket}/{key}"),
            Self::S3 { bucket, .. } => format!("s3://{bucket}/{key}"),
            Self::Gcs { bucket, .. } => format!("gs://{bucket}/{key}"),
            Self::Azure { account: Some(account), container, .. } => {
                format!("https://{account}{AZURE_HOST}/{container}/{key}")
            }
            Self::Azure { account: None, container, .. } => format!("az://{container}/{key}"),
            Self::Folder(root) => file_uri(&root.join(key)),
        }
    }

    fn prefix(&self) -> &str {
        match self {
            Self::S3 { prefix, .. } | Self::Gcs { prefix, .. } | Self::Azure { prefix, .. } => prefix,
            Self::Platform(_) | Self::Folder(_) => "",
        }
    }

    /// The folder of a `file:///DIR` URL.
    pub fn as_folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(root) => Some(root),
            _ => None,
        }
    }
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, bucket, prefix) = match self {
            Self::Platform(bucket) => return bucket.fmt(formatter),
            Self::Folder(root) => return write!(formatter, "file://{}", root.display()),
            Self::S3 { bucket, prefix } => ("s3", bucket, prefix),
            Self::Gcs { bucket, prefix } => ("gs", bucket, prefix),
            Self::Azure { container, prefix, .. } => ("az", container, prefix),
        };
        write!(formatter, "{scheme}://{bucket}")?;
        if !prefix.is_empty() {
            write!(formatter, "/{prefix}")?;
        }
        Ok(())
    }
}

/// The `file://` URL of a path, with those characters encoded that would end or change the path when W&B's client takes
/// the URL apart. Everything else stays as it is, as W&B's client writes it.
pub(crate) fn file_uri(path: &Path) -> String {
    let encode = |character: char| match character {
        '%' => "%25".to_owned(),
        '#' => "%23".to_owned(),
        '?' => "%3F".to_owned(),
        other => other.to_string(),
    };
    path.to_string_lossy().chars().fold("file://".to_owned(), |uri, character| uri + &encode(character))
}

fn parse_store(text: &str, rest: &str) -> Result<(String, String), InvalidWord> {
    let refuse = |rule| Err(InvalidWord::new(WORD, text, rule));
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return refuse("names no bucket");
    }
    if !bucket.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return refuse("has a bucket name with characters other than letters, digits, '.', '-' and '_'");
    }
    let prefix = prefix.trim_end_matches('/');
    if !prefix.is_empty() && prefix.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("has a prefix with an empty, '.' or '..' segment");
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

fn parse_platform(text: &str, rest: &str) -> Result<PlatformBucket, InvalidWord> {
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let (org, project, bucket) = match segments[..] {
        [_, org, project, bucket] => (Some(org.to_owned()), project, bucket),
        [_, project, bucket] => (None, project, bucket),
        _ => return Err(InvalidWord::new(WORD, text, "must have the form blob://CLUSTER/ORG/PROJECT/BUCKET")),
    };
    if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return Err(InvalidWord::new(WORD, text, "has an empty, '.' or '..' segment"));
    }
    Ok(PlatformBucket {
        cluster: segments[0].to_ascii_lowercase(),
        org,
        project: project.to_owned(),
        bucket: bucket.to_owned(),
    })
}

/// Encodes one segment as the platform's SDK does when it appends text to a URI (observed with apolo-sdk 26.9.0).
fn quote_platform_segment(segment: &str) -> String {
    use fmt::Write;
    let mut quoted = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            write!(quoted, "%{byte:02X}").expect("writing to a String succeeds");
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alias, ArtifactName, ArtifactType};

    fn folder() -> ArtifactFolder {
        ArtifactFolder {
            artifact_type: ArtifactType::parse("my model").unwrap(),
            name: ArtifactName::parse("net").unwrap(),
            alias: Alias::parse("a%b+c").unwrap(),
        }
    }

    #[test]
    fn a_blob_is_referred_to_as_the_client_does_once_its_account_is_known() {
        let at = |account: Option<&str>| BucketUrl::Azure {
            account: account.map(str::to_owned),
            container: "c".to_owned(),
            prefix: "p".to_owned(),
        };
        assert_eq!(at(None).reference("p/a b"), "az://c/p/a b");
        assert_eq!(at(Some("acc")).reference("p/a b"), "https://acc.blob.core.windows.net/c/p/a b");
        assert_eq!(at(Some("acc")).to_string(), "az://c/p");
    }

    #[test]
    fn urls_come_back_as_they_were_written() {
        for text in
            ["s3://b", "s3://b/a/b c", "gs://b/x", "az://c", "file:///tmp/x y", "blob://c/o/p/b", "blob://c/p/b"]
        {
            assert_eq!(BucketUrl::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(BucketUrl::parse("s3://b/").unwrap().to_string(), "s3://b");
    }

    #[test]
    fn malformed_urls_are_refused() {
        for text in
            ["b", "s3://", "s3:///x", "s3://b/../x", "s3://b//x", "s3://b?x", "file://x", "blob://c/b", "ftp://x"]
        {
            assert!(BucketUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_raw_except_on_the_platform() {
        let s3 = BucketUrl::parse("s3://b/pre").unwrap();
        assert_eq!(s3.folder_prefix(&folder()), "pre/my model/net/a%b+c");
        assert_eq!(s3.reference("pre/k ü#"), "s3://b/pre/k ü#");
        let platform = BucketUrl::parse("blob://c/o/p/b").unwrap();
        assert_eq!(platform.folder_prefix(&folder()), "my%20model/net/a%25b+c");
        assert_eq!(platform.reference("x/y"), "blob://c/o/p/b/x/y");
        let local = BucketUrl::parse("file:///tmp/x").unwrap();
        assert_eq!(local.reference("a b/ü"), "file:///tmp/x/a b/ü");
        assert_eq!(local.reference("%41#?"), "file:///tmp/x/%2541%23%3F");
    }
}
