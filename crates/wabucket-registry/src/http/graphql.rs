//! `POST /graphql`.

use std::sync::Arc;

use async_graphql::{Request, Response, Variables};
use axum::extract::{FromRef, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::{error, reached_at};
use crate::graphql::{ReachedAt, RegistrySchema, State, schema};

/// What routes share.
#[derive(Clone)]
pub(super) struct AppState {
    state: Arc<State>,
    schema: RegistrySchema,
}

impl AppState {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { schema: schema(Arc::clone(&state)), state }
    }
}

impl FromRef<AppState> for Arc<State> {
    fn from_ref(app: &AppState) -> Self {
        Arc::clone(&app.state)
    }
}

impl FromRef<AppState> for RegistrySchema {
    fn from_ref(app: &AppState) -> Self {
        app.schema.clone()
    }
}

/// What clients send. Some send no variables, some an empty operation name, some variables they do not declare.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Value>,
    #[serde(default)]
    operation_name: Option<String>,
}

pub(super) async fn answer(
    Shared(schema): Shared<RegistrySchema>,
    headers: HeaderMap,
    body: Result<axum::Json<Body>, axum::extract::rejection::JsonRejection>,
) -> axum::response::Response {
    let body = match body {
        Ok(axum::Json(body)) => body,
        Err(rejection) => return error(rejection.status(), &rejection.body_text()),
    };
    let mut request = Request::new(body.query)
        .variables(Variables::from_json(body.variables.unwrap_or_default()))
        .data(ReachedAt(reached_at(&headers)));
    if let Some(name) = body.operation_name.filter(|name| !name.is_empty()) {
        request = request.operation_name(name);
    }
    fill_in_defaults(&mut request);
    // Resolvers wait for the disk, so they run where waiting is allowed.
    let runtime = tokio::runtime::Handle::current();
    let answered = tokio::task::spawn_blocking(move || runtime.block_on(schema.execute(request))).await;
    match answered {
        Ok(response) => render(&response),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "internal server error"),
    }
}

/// Gives variables that are not sent the defaults their operation declares: the executor forgets them in directives.
fn fill_in_defaults(request: &mut Request) {
    let Ok(document) = request.parsed_query() else { return };
    let defaults: Vec<_> = document
        .operations
        .iter()
        .flat_map(|(_, operation)| &operation.node.variable_definitions)
        .filter_map(|definition| {
            Some((definition.node.name.node.clone(), definition.node.default_value.as_ref()?.node.clone()))
        })
        .collect();
    for (name, value) in defaults {
        request.variables.entry(name).or_insert(value);
    }
}

/// Errors that name a status are answered with it; a document that the schema refuses is a bad request.
fn render(response: &Response) -> axum::response::Response {
    let mut body = serde_json::to_value(response).unwrap_or_default();
    let Some(first) = response.errors.first() else {
        return (StatusCode::OK, axum::Json(body)).into_response();
    };
    let named =
        first.extensions.as_ref().and_then(|extensions| extensions.get("status")).and_then(|value| match value {
            async_graphql::Value::Number(number) => number.as_u64(),
            _ => None,
        });
    let status = match named {
        Some(status) => u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok()),
        None if first.path.is_empty() => Some(StatusCode::BAD_REQUEST),
        None => Some(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(%status, path = ?first.path, "the registry failed to answer: {}", first.message);
    }
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        if let Some(message) = error["message"].as_str() {
            // Clients look for W&B's words when they probe for fields.
            error["message"] = message.replace("Unknown field", "Cannot query field").into();
        }
    }
    (status, axum::Json(body)).into_response()
}
