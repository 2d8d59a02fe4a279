//! What the `ref` of a manifest entry points at.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::bucket::file_uri;

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
    /// `az://CONTAINER/BLOB`, ours; the account is the configured one.
    Azure {
        /// The container.
        container: String,
        /// The raw blob name.
        key: String,
    },
    /// `file:///PATH`.
    File(PathBuf),
    /// `http://…` or `https://…`, also W&B's form of Azure blobs.
    Http(String),
    /// `blob://…`: an object or a folder in a platform bucket.
    Platform(String),
    /// `wandb-artifact://HEX_ID/PATH`: an entry of another artifact.
    Artifact {
        /// The other artifact's id in hex.
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
                Self::Azure { container, key }
            }
            Some(("file", rest)) => Self::File(PathBuf::from(percent_decode_str(rest).decode_utf8_lossy().as_ref())),
            Some(("http" | "https", _)) => Self::Http(text.to_owned()),
            Some(("blob", _)) => Self::Platform(text.to_owned()),
            Some(("wandb-artifact", rest)) => {
                let (id, path) = pair(rest);
                Self::Artifact { id, path }
            }
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key } => write!(formatter, "s3://{bucket}/{key}"),
            Self::Gcs { bucket, key } => write!(formatter, "gs://{bucket}/{key}"),
            Self::Azure { container, key } => write!(formatter, "az://{container}/{key}"),
            Self::File(path) => formatter.write_str(&file_uri(path)),
            Self::Http(text) | Self::Platform(text) | Self::Unknown(text) => formatter.write_str(text),
            Self::Artifact { id, path } => write!(formatter, "wandb-artifact://{id}/{path}"),
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
            "blob://c/o/p/b/k",
            "wandb-artifact://ab12/x/y",
            "ftp://x",
            "plain",
        ] {
            assert_eq!(Reference::parse(text).to_string(), text);
        }
    }
}
