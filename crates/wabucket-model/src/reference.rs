//! What the `ref` of a manifest entry points at.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;

use crate::bucket::{AZURE_HOST, file_uri};
use crate::digest::{decode_hex, encode_hex};

/// A reference, taken apart the way W&B's own handlers do: raw text, decoded only for `file://`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `s3://BUCKET/KEY`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The raw key.
        key: String,
    },
    /// `gs://BUCKET/KEY`.
    Gcs {
        /// The bucket.
        bucket: String,
        /// The raw key.
        key: String,
    },
    /// `https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB`, W&B's form, or `az://CONTAINER/BLOB`, ours where the
    /// account is an emulator's.
    Azure {
        /// The storage account; none means the configured one.
        account: Option<String>,
        /// The container.
        container: String,
        /// The raw blob name.
        key: String,
    },
    /// `file:///PATH`.
    File(PathBuf),
    /// `http://…` or `https://…`.
    Http(String),
    /// `blob://…`: an object or a folder in a platform bucket.
    Platform(String),
    /// `wandb-artifact://HEX_ID/PATH`: an entry of another artifact.
    Artifact {
        /// The other artifact's id as W&B gives it: base64, which the reference spells in hex.
        id: String,
        /// The entry there.
        path: String,
    },
    /// A scheme that nobody here can read.
    Unknown(String),
}

impl Reference {
    /// Sorts a reference by its scheme.
    pub fn parse(text: &str) -> Self {
        let pair = |rest: &str| {
            let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
            (first.to_owned(), second.to_owned())
        };
        match text.split_once("://") {
            Some(("s3", rest)) => {
                let (bucket, key) = pair(rest);
                Self::S3 { bucket, key }
            }
            Some(("gs", rest)) => {
                let (bucket, key) = pair(rest);
                Self::Gcs { bucket, key }
            }
            Some(("az", rest)) => {
                let (container, key) = pair(rest);
                Self::Azure { account: None, container, key }
            }
            Some(("file", rest)) => Self::File(PathBuf::from(percent_decode_str(rest).decode_utf8_lossy().as_ref())),
            Some(("https", rest)) => parse_azure(rest).unwrap_or_else(|| Self::Http(text.to_owned())),
            Some(("http", _)) => Self::Http(text.to_owned()),
            Some(("blob", _)) => Self::Platform(text.to_owned()),
            Some(("wandb-artifact", rest)) => {
                let (hex, path) = pair(rest);
                match decode_hex(&hex) {
                    Some(id) => Self::Artifact { id: BASE64.encode(id), path },
                    None => Self::Unknown(text.to_owned()),
                }
            }
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

/// A blob in Azure's cloud, unless a query says more than which blob it is.
fn parse_azure(rest: &str) -> Option<Reference> {
    let (host, path) = rest.split_once('/')?;
    let account = host.strip_suffix(AZURE_HOST).filter(|account| !account.is_empty())?;
    let (container, key) = path.split_once('/').filter(|(_, key)| !key.is_empty() && !path.contains('?'))?;
    Some(Reference::Azure { account: Some(account.to_owned()), container: container.to_owned(), key: key.to_owned() })
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key } => write!(formatter, "s3://{bucket}/{key}"),
            Self::Gcs { bucket, key } => write!(formatter, "gs://{bucket}/{key}"),
            Self::Azure { account: Some(account), container, key } => {
                write!(formatter, "https://{account}{AZURE_HOST}/{container}/{key}")
            }
            Self::Azure { account: None, container, key } => write!(formatter, "az://{container}/{key}"),
            Self::File(path) => formatter.write_str(&file_uri(path)),
            Self::Http(text) | Self::Platform(text) | Self::Unknown(text) => formatter.write_str(text),
            Self::Artifact { id, path } => {
                let hex = encode_hex(&BASE64.decode(id).unwrap_or_default());
                write!(formatter, "wandb-artifact://{hex}/{path}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_comes_back_as_it_was_written() {
        for text in [
            "s3://b/k ü%41#?+",
            "gs://b/k",
            "az://c/k",
            "file:///a b",
            "https://h/p?q",
            "https://acc.blob.core.windows.net/c/a b%41",
            "https://acc.blob.core.windows.net/c/k?sig=x",
            "https://.blob.core.windows.net/c",
            "blob://c/o/p/b/k",
            "wandb-artifact://ab12/x/y",
            "wandb-artifact://no hex/x",
            "ftp://x",
            "plain",
        ] {
            assert_eq!(Reference::parse(text).to_string(), text);
        }
    }

    #[test]
    fn another_artifact_has_the_id_that_servers_know() {
        // "Artifact:3"
        let parsed = Reference::parse("wandb-artifact://41727469666163743a33/a b");
        assert_eq!(parsed, Reference::Artifact { id: "QXJ0aWZhY3Q6Mw==".to_owned(), path: "a b".to_owned() });
    }

    #[test]
    fn a_blob_in_azures_cloud_names_its_account() {
        let parsed = Reference::parse("https://acc.blob.core.windows.net/c/x/y");
        let (account, container, key) = (Some("acc".to_owned()), "c".to_owned(), "x/y".to_owned());
        assert_eq!(parsed, Reference::Azure { account, container, key });
        assert!(matches!(Reference::parse("https://acc.blob.core.windows.net/c/x?sig=1"), Reference::Http(_)));
    }
}
