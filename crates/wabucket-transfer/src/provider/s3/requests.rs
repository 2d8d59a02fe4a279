//! The signed requests that `object_store` does not offer: raw listing, folder markers, deletion of any key.

use std::sync::Arc;

use http::Method;
use object_store::CredentialProvider;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody, HttpResponse};
use percent_encoding::utf8_percent_encode;

use super::listing;
use crate::credentials::CredentialCache;
use crate::error::{Operation, TransferError};
use crate::http::Failure;
use crate::provider::{PATH, Page, PageRequest, check_dots, lost, with_query};

/// Sends raw requests to one bucket.
pub(crate) struct S3Requests {
    pub(super) client: HttpClient,
    pub(super) credentials: Arc<CredentialCache<AwsCredential>>,
    pub(super) region: String,
    pub(super) bucket_url: String,
}

impl S3Requests {
    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        let at_most = request.at_most.map(|number| number.to_string());
        let mut query = vec![("encoding-type", "url"), ("list-type", "2"), ("prefix", request.prefix.as_str())];
        query.extend(request.from.as_deref().map(|from| ("continuation-token", from)));
        query.extend(at_most.as_deref().map(|number| ("max-keys", number)));
        let answer = self.send(operation, Method::GET, &self.url("", &query)).await?;
        let body = answer.into_body().bytes().await;
        let body = body.map_err(|error| lost(operation, &error))?;
        listing::parse(&body).map_err(|error| TransferError::unexpected(operation, error))
    }

    pub(crate) async fn put_empty(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        self.send(operation, Method::PUT, &self.key_url(operation, key)?).await.map(drop)
    }

    pub(crate) async fn delete(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self.send(operation, Method::DELETE, &self.key_url(operation, key)?).await {
            Ok(_) => Ok(()),
            Err(TransferError::NotFound { missing, .. }) if missing == "the object" => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn key_url(&self, operation: &Operation, key: &str) -> Result<String, TransferError> {
        check_dots(operation, key)?;
        Ok(self.url(key, &[]))
    }

    fn url(&self, key: &str, query: &[(&str, &str)]) -> String {
        let mut url = self.bucket_url.clone();
        // An empty path would be sent as `/` and signed as nothing where the bucket is the host.
        if !key.is_empty() || self.bucket_url.matches('/').count() == 2 {
            url.push('/');
        }
        url.extend(utf8_percent_encode(key, PATH));
        with_query(url, query)
    }

    async fn send(&self, operation: &Operation, method: Method, url: &str) -> Result<HttpResponse, TransferError> {
        let failed = |error| TransferError::from_store(operation, error);
        let request = HttpRequest::new(HttpRequestBody::empty());
        let (mut parts, body) = request.into_parts();
        parts.method = method;
        parts.uri = url.parse().map_err(|error: http::uri::InvalidUri| TransferError::unexpected(operation, error))?;
        if parts.method == Method::PUT {
            parts.headers.insert(http::header::CONTENT_LENGTH, 0.into());
        }
        let mut request = HttpRequest::from_parts(parts, body);
        let credential = self.credentials.get_credential().await.map_err(failed)?;
        AwsAuthorizer::new(&credential, "s3", &self.region).try_authorize(&mut request, None).map_err(failed)?;
        let answer = self.client.execute(request).await.map_err(|error| lost(operation, &error))?;
        if !answer.status().is_success() {
            let body = answer.status().as_u16();
            let failure = Failure::from_answer(body, "");
            return Err(TransferError::from_failure(operation, failure));
        }
        Ok(answer)
    }
}
