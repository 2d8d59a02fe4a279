//! The layer before the S3 server that makes things go wrong.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, ETAG, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};
use s3s::dto::StreamingBlob;
use s3s::service::S3Service;
use s3s::{Body, HttpError};

use crate::faults::{Fault, Faults, RequestInfo};

#[derive(Clone)]
pub(super) struct Layer {
    inner: S3Service,
    faults: Faults,
}

impl Layer {
    pub(super) fn new(inner: S3Service, faults: Faults) -> Self {
        Self { inner, faults }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
        let fault = self.faults.next(info(&request));
        if let Some(Fault::Refuse { status, code }) = fault {
            return Ok(refusal(status, code));
        }
        let is_listing = request.uri().query().is_some_and(|query| query.contains("list-type=2"));
        let mut answer = Service::call(&self.inner, request).await?;
        if is_listing {
            answer = admit_plain_keys(answer).await?;
        }
        match fault {
            None => Ok(answer),
            Some(fault) => spoil(answer, fault).await,
        }
    }
}

impl Service<Request<Incoming>> for Layer {
    type Response = Response<Body>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, HttpError>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

/// `s3s-fs` says that the keys of a listing are encoded, and does not encode them. Without that word, keys are plain.
async fn admit_plain_keys(answer: Response<Body>) -> Result<Response<Body>, HttpError> {
    let (mut parts, body) = whole(answer).await?;
    let text = String::from_utf8_lossy(&body).replace("<EncodingType>url</EncodingType>", "");
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Body::from(Bytes::from(text))))
}

fn info(request: &Request<Incoming>) -> RequestInfo {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let access_key = header("authorization").and_then(|text| text.split("Credential=").nth(1)?.split('/').next());
    RequestInfo {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        token: header("x-amz-security-token").map(str::to_owned),
        access_key: access_key.map(str::to_owned),
    }
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected</Message></Error>");
    let mut answer = Response::new(Body::from(Bytes::from(body)));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a fault has a valid status");
    answer
}

async fn spoil(mut answer: Response<Body>, fault: Fault) -> Result<Response<Body>, HttpError> {
    match fault {
        Fault::Refuse { .. } => Ok(answer),
        Fault::LoseAnswer => Err(HttpError::new(Box::new(io::Error::other("injected: the answer is lost")))),
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            Ok(answer)
        }
        Fault::ForgeEtag { etag } => {
            let value = HeaderValue::from_str(&format!("\"{etag}\"")).expect("an ETag is a valid header");
            answer.headers_mut().insert(ETAG, value);
            Ok(answer)
        }
        Fault::AddHeader { name, value } => {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
            Ok(answer)
        }
        Fault::CutBody { after } => {
            let (parts, body) = whole(answer).await?;
            let piece = body.slice(..after.min(body.len()));
            let pieces = [Ok(piece), Err(io::Error::other("injected: the connection is cut"))];
            // The piece must be on its way before the connection dies.
            let slowly = stream::iter(pieces).then(async |piece| {
                tokio::time::sleep(Duration::from_millis(20)).await;
                piece
            });
            Ok(Response::from_parts(parts, Body::from(StreamingBlob::wrap(slowly))))
        }
        Fault::Shorten { by } => {
            let (mut parts, body) = whole(answer).await?;
            let body = body.slice(..body.len().saturating_sub(by));
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
            Ok(Response::from_parts(parts, Body::from(body)))
        }
        Fault::Corrupt { at } => {
            let (parts, body) = whole(answer).await?;
            let mut bytes = body.to_vec();
            if let Some(last) = bytes.len().checked_sub(1) {
                bytes[at.min(last)] ^= 1;
            }
            Ok(Response::from_parts(parts, Body::from(Bytes::from(bytes))))
        }
    }
}

async fn whole(answer: Response<Body>) -> Result<(hyper::http::response::Parts, Bytes), HttpError> {
    let (parts, mut body) = answer.into_parts();
    let bytes = body.store_all_limited(1 << 30).await.map_err(HttpError::new)?;
    Ok((parts, bytes))
}
