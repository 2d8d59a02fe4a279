//! Requests to one bucket through the JSON API.

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use md5::Digest;
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody, HttpResponse};
use object_store::gcp::GcpCredentialProvider;
use object_store::{Error, PutPayload, Result};
use percent_encoding::utf8_percent_encode;
use serde::de::DeserializeOwned;
use wabucket_model::Md5;

use super::resource::{ObjectList, ObjectResource};
use super::store::{BINARY, STORE};
use crate::error::{Operation, TransferError};
use crate::provider::{Page, PageRequest, QUERY, with_query};

/// What is needed of each object in a listing.
const FIELDS: &str = "nextPageToken,items(name,size,etag,generation)";

/// Sends requests to one bucket.
pub(crate) struct GcsRequests {
    pub(super) client: HttpClient,
    /// Absent for an emulator.
    pub(super) credentials: Option<GcpCredentialProvider>,
    /// Without a slash at its end.
    pub(super) endpoint: String,
    pub(super) bucket: String,
}

/// A request's parts besides its address.
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: PutPayload,
}

impl Sent {
    pub(super) fn new(method: Method) -> Self {
        Self { method, headers: Vec::new(), body: PutPayload::default() }
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn with_body(self, body: PutPayload) -> Self {
        Self { body, ..self }
    }
}

impl GcsRequests {
    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        let at_most = request.at_most.map(|number| number.to_string());
        let mut query = vec![("prefix", request.prefix.as_str()), ("fields", FIELDS)];
        query.extend(request.from.as_deref().map(|from| ("pageToken", from)));
        query.extend(at_most.as_deref().map(|number| ("maxResults", number)));
        let list: Result<ObjectList> = self.json(&self.objects_url("", &query), Sent::new(Method::GET)).await;
        list.map(Page::from).map_err(|error| TransferError::from_store(operation, error))
    }

    pub(crate) async fn put_empty(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        let sent = self.upload(key, &PutPayload::default(), &[]).await;
        sent.map(drop).map_err(|error| TransferError::from_store(operation, error))
    }

    pub(crate) async fn delete(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self.delete_object(key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(TransferError::from_store(operation, error)),
        }
    }

    /// Uploads a small object in one request. The store refuses it if it arrives altered.
    pub(super) async fn upload(
        &self,
        key: &str,
        content: &PutPayload,
        query: &[(&str, &str)],
    ) -> Result<(ObjectResource, Md5)> {
        let md5 = md5_of(content);
        let resource = serde_json::json!({"name": key, "md5Hash": md5.to_base64(), "contentType": BINARY});
        // Long and random, so that no content has it.
        let boundary = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let head = format!(
            "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{resource}\r\n\
             --{boundary}\r\nContent-Type: {BINARY}\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let body = std::iter::once(head.into()).chain(content.iter().cloned()).chain([tail.into()]).collect();
        let query = [&[("uploadType", "multipart")], query].concat();
        let sent = Sent::new(Method::POST)
            .with_header(CONTENT_TYPE, format!("multipart/related; boundary={boundary}"))
            .with_body(body);
        Ok((self.json(&self.objects_url("/upload", &query), sent).await?, md5))
    }

    pub(super) async fn delete_object(&self, key: &str) -> Result<()> {
        self.send(&self.object_url("", key, &[]), Sent::new(Method::DELETE)).await.map(drop)
    }

    /// The collection of objects; `kind` is `/upload` for uploads.
    pub(super) fn objects_url(&self, kind: &str, query: &[(&str, &str)]) -> String {
        let bucket = utf8_percent_encode(&self.bucket, QUERY);
        with_query(format!("{}{kind}/storage/v1/b/{bucket}/o", self.endpoint), query)
    }

    /// One object; `kind` is `/download` for its content. In keys even slashes are encoded, so that any key is one
    /// segment.
    pub(super) fn object_url(&self, kind: &str, key: &str, query: &[(&str, &str)]) -> String {
        let object = format!("{}/{}", self.objects_url(kind, &[]), utf8_percent_encode(key, QUERY));
        with_query(object, query)
    }

    /// Where an object is copied to, inside the bucket.
    pub(super) fn rewrite_url(&self, from: &str, to: &str, query: &[(&str, &str)]) -> String {
        let (bucket, to) = (utf8_percent_encode(&self.bucket, QUERY), utf8_percent_encode(to, QUERY));
        with_query(format!("{}/rewriteTo/b/{bucket}/o/{to}", self.object_url("", from, &[])), query)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, url: &str, sent: Sent) -> Result<T> {
        parse(self.send(url, sent).await?).await
    }

    /// Sends with our credentials.
    pub(super) async fn send(&self, url: &str, mut sent: Sent) -> Result<HttpResponse> {
        if let Some(credentials) = &self.credentials {
            let credential = credentials.get_credential().await?;
            sent.headers.push((AUTHORIZATION, format!("Bearer {}", credential.bearer)));
        }
        self.send_plainly(url, sent).await
    }

    /// Sends without credentials: the addresses of resumable uploads carry their own permission.
    pub(super) async fn send_plainly(&self, url: &str, sent: Sent) -> Result<HttpResponse> {
        let generic = |source| Error::Generic { store: STORE, source };
        let length = sent.body.content_length();
        let mut request = HttpRequest::new(HttpRequestBody::from(sent.body));
        *request.uri_mut() = url.parse().map_err(|error: http::uri::InvalidUri| generic(error.into()))?;
        if sent.method != Method::GET {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *request.method_mut() = sent.method;
        for (name, value) in sent.headers {
            let mut value = HeaderValue::from_str(&value).map_err(|error| generic(error.into()))?;
            value.set_sensitive(name == AUTHORIZATION);
            request.headers_mut().insert(name, value);
        }
        let response = self.client.execute(request).await.map_err(|error| {
            let status = match crate::http::Failure::of(&error) {
                Some(crate::http::Failure::Answer { status, .. }) => status,
                _ => 0,
            };
            match status {
                404 => Error::NotFound { path: self.bucket.clone(), source: Box::new(error) },
                _ => generic(Box::new(error)),
            }
        })?;
        if matches!(response.status(), StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT) {
            let source = "the object is not in the state that was asked for".into();
            return Err(Error::Precondition { path: self.bucket.clone(), source });
        }
        Ok(response)
    }
}

/// Reads a JSON answer.
pub(super) async fn parse<T: DeserializeOwned>(response: HttpResponse) -> Result<T> {
    let generic = |source| Error::Generic { store: STORE, source };
    let body = response.into_body().bytes().await.map_err(|error| generic(Box::new(error)))?;
    serde_json::from_slice(&body).map_err(|error| generic(Box::new(error)))
}

fn md5_of(payload: &PutPayload) -> Md5 {
    let mut hasher = md5::Md5::new();
    for piece in payload {
        hasher.update(piece);
    }
    Md5::from_bytes(hasher.finalize().into())
}
