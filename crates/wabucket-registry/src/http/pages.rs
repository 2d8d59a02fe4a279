//! Pages for people: what the links that commands print lead to.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::graphql::{State, find_run_row};
use crate::server::ENTITY;
use crate::storage::{aliases, artifacts, collections, projects, runs};

pub(super) async fn home() -> Html<String> {
    page("wabucket", &[("what this is", "the embedded registry, which speaks W&B's protocol".to_owned())])
}

pub(super) async fn run(
    Shared(state): Shared<Arc<State>>,
    Path((entity, project, run)): Path<(String, String, String)>,
) -> Response {
    let found = state.database.read(|db| {
        let Some(row) = find_run_row(db, Some(&entity), Some(&project), &run)? else { return Ok(None) };
        let names = |rows: Vec<artifacts::ArtifactRow>| -> rusqlite::Result<String> {
            let names: rusqlite::Result<Vec<_>> = rows.iter().map(|row| full_name(db, row)).collect();
            Ok(names?.join(", "))
        };
        let (inputs, outputs) = (names(artifacts::inputs_of(db, row.id)?)?, names(artifacts::outputs_of(db, row.id)?)?);
        Ok(Some((row, inputs, outputs)))
    });
    let Ok(Some((row, inputs, outputs))) = found else { return missing() };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let title = format!("run {}", row.display_name.as_deref().unwrap_or(&row.name));
    let rows = [
        ("state", row.visible_state().to_owned()),
        ("project", project),
        ("job type", text(&row.job_type)),
        ("started", row.created_at.clone()),
        ("last heard of", row.heartbeat_at.clone()),
        ("inputs", inputs),
        ("outputs", outputs),
        ("config", row.config.clone()),
        ("summary", row.summary.clone()),
    ];
    page(&title, &rows).into_response()
}

pub(super) async fn artifact(
    Shared(state): Shared<Arc<State>>,
    Path((entity, project, _type, name, version)): Path<(String, String, String, String, String)>,
) -> Response {
    let found = state.database.read(|db| {
        if entity != ENTITY {
            return Ok(None);
        }
        let Some(project) = projects::find(db, ENTITY, &project)? else { return Ok(None) };
        let Some(collection) = collections::find(db, project.id, &name)? else { return Ok(None) };
        let Some(row) = artifacts::resolve(db, collection.id, &version)? else { return Ok(None) };
        let aliases: Vec<_> = aliases::of_artifact(db, row.id)?.into_iter().map(|row| row.alias).collect();
        let users: Vec<_> = runs::users_of(db, row.id)?.into_iter().map(|run| run.name).collect();
        let maker = row.run_id.map_or(Ok(None), |run| runs::by_id(db, run))?.map(|run| run.name);
        Ok(Some((row, collection.artifact_type, aliases, users, maker)))
    });
    let Ok(Some((row, artifact_type, aliases, users, maker))) = found else { return missing() };
    let rows = [
        ("type", artifact_type),
        ("aliases", aliases.join(", ")),
        ("size", format!("{} bytes in {} files", row.size, row.file_count)),
        ("digest", row.digest.clone()),
        ("made by run", maker.unwrap_or_default()),
        ("used by runs", users.join(", ")),
        ("metadata", row.metadata.clone().unwrap_or_default()),
    ];
    page(&format!("{name}:v{}", row.version_index.unwrap_or_default()), &rows).into_response()
}

fn full_name(db: &rusqlite::Connection, row: &artifacts::ArtifactRow) -> rusqlite::Result<String> {
    let name = collections::by_id(db, row.collection_id)?.map(|collection| collection.name);
    Ok(format!("{}:v{}", name.unwrap_or_default(), row.version_index.unwrap_or_default()))
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, page("not found", &[])).into_response()
}

fn page(title: &str, rows: &[(&str, String)]) -> Html<String> {
    let mut html = format!("<!doctype html><meta charset=utf-8><title>{0}</title><h1>{0}</h1><table>", escape(title));
    for (name, value) in rows {
        write!(html, "<tr><th align=left>{}<td>{}", escape(name), escape(value)).expect("writing to a String succeeds");
    }
    Html(html + "</table>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
