//! Bytes in and out: signed links, which need no key, and downloads by content, which do.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use wabucket_model::Md5;

use super::error;
use crate::access::Permission;
use crate::graphql::State;
use crate::objects::{content_name, expected_md5};

pub(super) async fn upload(
    Shared(state): Shared<Arc<State>>,
    Path((expires, signature, object)): Path<(i64, String, String)>,
    body: Body,
) -> Response {
    if !state.access.verify(Permission::Upload, &object, expires, &signature) {
        return error(StatusCode::FORBIDDEN, "this link is not valid, or not any more");
    }
    match state.objects.write(&object, expected_md5(&object), body.into_data_stream()).await {
        Ok(Some(md5)) => (StatusCode::OK, [(header::ETAG, format!("\"{}\"", md5.to_hex()))]).into_response(),
        Ok(None) => error(StatusCode::BAD_REQUEST, "the bytes do not have the MD5 that was announced"),
        Err(failure) if failure.kind() == std::io::ErrorKind::InvalidInput => {
            error(StatusCode::BAD_REQUEST, "this is no name of a file")
        }
        Err(failure) => error(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string()),
    }
}

pub(super) async fn download(
    Shared(state): Shared<Arc<State>>,
    Path((expires, signature, object)): Path<(i64, String, String)>,
    headers: HeaderMap,
) -> Response {
    if !state.access.verify(Permission::Download, &object, expires, &signature) {
        return error(StatusCode::FORBIDDEN, "this link is not valid, or not any more");
    }
    send(state.objects.path(&object), &headers).await
}

/// `/artifacts/ENTITY/MD5` and the longer forms of later clients: the MD5 in hex is one of the segments.
pub(super) async fn download_by_content(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let md5 = path.split('/').rev().find_map(Md5::from_hex);
    send(md5.and_then(|md5| state.objects.path(&content_name(md5))), &headers).await
}

/// Sends a file, or the range of it that is asked for.
async fn send(path: Option<PathBuf>, headers: &HeaderMap) -> Response {
    let missing = || error(StatusCode::NOT_FOUND, "file not found");
    let Some(path) = path else { return missing() };
    let Ok(mut file) = fs_err::tokio::File::open(path).await else { return missing() };
    let Ok(metadata) = file.metadata().await else { return missing() };
    let size = metadata.len();
    let Some((start, end)) = headers.get(header::RANGE).and_then(|value| range(value.to_str().ok()?, size)) else {
        let stream = Body::from_stream(ReaderStream::with_capacity(file, 256 * 1024));
        return ([(header::CONTENT_LENGTH, size.to_string())], stream).into_response();
    };
    if let Err(failure) = file.seek(std::io::SeekFrom::Start(start)).await {
        return error(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string());
    }
    let length = end + 1 - start;
    let headers =
        [(header::CONTENT_LENGTH, length.to_string()), (header::CONTENT_RANGE, format!("bytes {start}-{end}/{size}"))];
    let stream = Body::from_stream(ReaderStream::with_capacity(file.take(length), 256 * 1024));
    (StatusCode::PARTIAL_CONTENT, headers, stream).into_response()
}

/// `bytes=A-B`, `bytes=A-`, `bytes=-N`, as first and last byte. Other forms count as no range, which is allowed.
fn range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(end)) => (start, end.min(size.checked_sub(1)?)),
        (Ok(start), Err(_)) if last.is_empty() => (start, size.checked_sub(1)?),
        (Err(_), Ok(count)) if first.is_empty() => (size.saturating_sub(count), size.checked_sub(1)?),
        _ => return None,
    };
    (start <= end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        for (text, found) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=5-", Some((5, 9))),
            ("bytes=-4", Some((6, 9))),
            ("bytes=0-99", Some((0, 9))),
            ("bytes=9-3", None),
            ("bytes=10-", None),
            ("", None),
        ] {
            assert_eq!(range(text, 10), found, "{text}");
        }
        assert_eq!(range("bytes=0-0", 0), None);
    }
}
