//! A request to the server or to a link that it gave, and its answer.

use std::io::SeekFrom;
use std::path::PathBuf;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use url::Url;

use crate::retry::{Conflict, RetryPolicy};

/// Whether the API key goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// To the server itself.
    Sent,
    /// To links that the server gave: they carry their own permission, and stores refuse a second one.
    Withheld,
}

impl Key {
    /// For a link that the server gave: one that is relative leads to the server itself.
    pub(crate) fn for_link(address: &str) -> Self {
        if address.starts_with('/') { Self::Sent } else { Self::Withheld }
    }
}

/// What is sent to the server.
pub(crate) struct Call<'a> {
    /// The operation in the user's words, for messages.
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) key: Key,
    pub(crate) body: Body,
    /// Headers that the server asked for; with them comes no `Content-Type` of ours.
    pub(crate) headers: HeaderMap,
    pub(crate) conflict: Conflict,
    pub(crate) retry: RetryPolicy,
}

/// What a request carries.
pub(crate) enum Body {
    Empty,
    Bytes(Bytes),
    /// A stretch of a file, read anew for each try.
    File(FilePart),
}

/// A stretch of a file.
pub(crate) struct FilePart {
    pub(crate) path: PathBuf,
    pub(crate) start: u64,
    /// In bytes.
    pub(crate) length: u64,
}

impl Body {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(part) => part.length,
        }
    }

    pub(super) async fn open(&self) -> std::io::Result<reqwest::Body> {
        match self {
            Self::Empty => Ok(reqwest::Body::default()),
            Self::Bytes(bytes) => Ok(bytes.clone().into()),
            Self::File(part) => {
                let mut file = fs_err::tokio::File::open(&part.path).await?;
                file.seek(SeekFrom::Start(part.start)).await?;
                Ok(reqwest::Body::wrap_stream(ReaderStream::new(file.take(part.length))))
            }
        }
    }
}

/// An answer with a good status, received in full.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(super) async fn receive(response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await? })
    }
}
