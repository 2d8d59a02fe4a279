//! `POST /files/ENTITY/PROJECT/RUN/file_stream`: heartbeats, lines of streams, the end of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rusqlite::Transaction;
use serde::Deserialize;

use super::error;
use crate::graphql::{State, find_run_row};
use crate::storage::runs::{self, Column};

/// The stream that is the run's summary rather than a list of lines.
const SUMMARY: &str = "wandb-summary.json";

/// One request; every member may be absent.
#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    files: Option<BTreeMap<String, Chunk>>,
    #[serde(default)]
    uploaded: Option<Vec<String>>,
    #[serde(default)]
    complete: Option<bool>,
    #[serde(default)]
    exitcode: Option<i64>,
}

/// Lines from an absolute line number on.
#[derive(Deserialize)]
struct Chunk {
    offset: i64,
    content: Vec<String>,
}

pub(super) async fn take(
    Shared(state): Shared<Arc<State>>,
    Path((entity, project, run)): Path<(String, String, String)>,
    body: Result<Json<Body>, JsonRejection>,
) -> Response {
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return error(rejection.status(), &rejection.body_text()),
    };
    let written = tokio::task::spawn_blocking(move || {
        state.database.write(|db| match find_run_row(db, Some(&entity), Some(&project), &run)? {
            Some(row) => write(db, row.id, &body).map(|()| Some(row.stop_requested)),
            None => Ok::<_, rusqlite::Error>(None),
        })
    });
    match written.await {
        Ok(Ok(Some(true))) => Json(serde_json::json!({"stopped": true})).into_response(),
        Ok(Ok(Some(false))) => Json(serde_json::json!({})).into_response(),
        Ok(Ok(None)) => error(StatusCode::NOT_FOUND, "run not found"),
        Ok(Err(failure)) => error(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string()),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "internal server error"),
    }
}

fn write(db: &Transaction, run: i64, body: &Body) -> rusqlite::Result<()> {
    runs::beat(db, run)?;
    for (name, chunk) in body.files.iter().flatten() {
        if name == SUMMARY {
            if let Some(summary) = chunk.content.last() {
                runs::set(db, run, Column::Summary, summary)?;
            }
            continue;
        }
        for (line, content) in (chunk.offset..).zip(&chunk.content) {
            runs::write_line(db, run, name, line, content)?;
        }
    }
    for name in body.uploaded.iter().flatten() {
        runs::ensure_file(db, run, name)?;
    }
    if body.complete == Some(true) {
        runs::complete(db, run, body.exitcode.unwrap_or_default())?;
    }
    Ok(())
}
