//! The routes: GraphQL, filestream, links to bytes, pages for people.

mod bytes;
mod filestream;
mod graphql;
mod pages;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::graphql::State;

/// What is encoded in the paths of our links.
pub(crate) const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Requests are held in memory, except uploads.
const MAX_REQUEST_BYTES: usize = 256 * 1024 * 1024;

pub(crate) fn router(state: Arc<State>) -> Router {
    let with_key = Router::new()
        .route("/graphql", post(graphql::answer))
        .route("/files/{entity}/{project}/{run}/file_stream", post(filestream::take))
        .route("/artifacts/{*path}", get(bytes::download_by_content))
        .route("/artifactsV2/{*path}", get(bytes::download_by_content))
        .route("/{entity}/{project}/runs/{run}", get(pages::run))
        .route("/{entity}/{project}/artifacts/{type}/{name}/{version}", get(pages::artifact))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(from_fn_with_state(Arc::clone(&state), require_key));
    Router::new()
        .merge(with_key)
        .route("/signed/{expires}/{signature}/{*object}", put(bytes::upload).get(bytes::download))
        .route("/", get(pages::home))
        .route("/sdk/{*path}", any(|| async { StatusCode::NOT_FOUND }))
        .fallback(|| async { error(StatusCode::NOT_FOUND, "not found") })
        .with_state(crate::http::graphql::AppState::new(state))
}

/// Refuses what carries no key, or a wrong one.
async fn require_key(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !state.access.admits(header) {
        // A browser asks its user then: any name, and the API key as the password.
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"wabucket\", charset=\"UTF-8\"")];
        let refusal = error(StatusCode::UNAUTHORIZED, "user is not logged in: the API key is missing or wrong");
        return (ask, refusal).into_response();
    }
    next.run(request).await
}

/// An error in the shape of W&B's REST answers.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    if status.is_server_error() {
        tracing::error!(%status, "the registry failed to answer: {message}");
    }
    let body = serde_json::json!({"errors": [{"message": message}], "error": message});
    (status, axum::Json(body)).into_response()
}

/// Where the client reached us, for absolute links in answers.
fn reached_at(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or("http");
    let host = text("x-forwarded-host").or_else(|| text("host")).unwrap_or("127.0.0.1");
    format!("{scheme}://{host}")
}
