//! The requests that `object_store` does not offer: raw listing, folder markers, deletion of any name.

use http::Method;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use object_store::azure::{AzureAuthorizer, AzureCredentialProvider};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody, HttpResponse};
use percent_encoding::utf8_percent_encode;

use super::listing;
use crate::error::{Operation, TransferError};
use crate::provider::{PATH, Page, PageRequest, check_dots, lost, with_query};

const BLOB_TYPE: HeaderName = HeaderName::from_static("x-ms-blob-type");

/// Sends raw requests to one container.
pub(crate) struct AzureRequests {
    pub(super) client: HttpClient,
    pub(super) credentials: AzureCredentialProvider,
    pub(super) account: String,
    pub(super) container_url: String,
}

impl AzureRequests {
    pub(crate) async fn list_page(&self, operation: &Operation, request: &PageRequest) -> Result<Page, TransferError> {
        let at_most = request.at_most.map(|number| number.to_string());
        let mut query = vec![("restype", "container"), ("comp", "list"), ("prefix", request.prefix.as_str())];
        query.extend(request.from.as_deref().map(|from| ("marker", from)));
        query.extend(at_most.as_deref().map(|number| ("maxresults", number)));
        let url = with_query(self.container_url.clone(), &query);
        let answer = self.send(operation, Method::GET, &url).await?;
        let body = answer.into_body().bytes().await.map_err(|error| lost(operation, &error))?;
        listing::parse(&body).map_err(|error| TransferError::unexpected(operation, error))
    }

    pub(crate) async fn put_empty(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        self.send(operation, Method::PUT, &self.url(operation, key)?).await.map(drop)
    }

    pub(crate) async fn delete(&self, operation: &Operation, key: &str) -> Result<(), TransferError> {
        match self.send(operation, Method::DELETE, &self.url(operation, key)?).await {
            Ok(_) => Ok(()),
            Err(TransferError::NotFound { missing, .. }) if missing == "the object" => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn url(&self, operation: &Operation, key: &str) -> Result<String, TransferError> {
        check_dots(operation, key)?;
        Ok(format!("{}/{}", self.container_url, utf8_percent_encode(key, PATH)))
    }

    async fn send(&self, operation: &Operation, method: Method, url: &str) -> Result<HttpResponse, TransferError> {
        let failed = |error| TransferError::from_store(operation, error);
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() =
            url.parse().map_err(|error: http::uri::InvalidUri| TransferError::unexpected(operation, error))?;
        if method == Method::PUT {
            request.headers_mut().insert(CONTENT_LENGTH, 0.into());
            request.headers_mut().insert(BLOB_TYPE, HeaderValue::from_static("BlockBlob"));
        }
        *request.method_mut() = method;
        let credential = self.credentials.get_credential().await.map_err(failed)?;
        AzureAuthorizer::new(&credential, &self.account).try_authorize(&mut request).map_err(failed)?;
        self.client.execute(request).await.map_err(|error| lost(operation, &error))
    }
}
