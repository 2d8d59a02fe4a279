//! `GET /jobs/{id}`, with as much of a job as the platform's own SDK insists on.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::buckets::{Refusal, authenticate};
use super::state::Shared;

pub(super) async fn get(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let state = shared.lock();
    authenticate(&state, &headers)?;
    let refusal = || Refusal::Object(StatusCode::NOT_FOUND, json!({"error": "no such job"}));
    state.jobs.get(&id).cloned().map(Json).ok_or_else(refusal)
}

/// A job that runs; the platform leaves `tags` out where there are none.
pub(super) fn running(id: &str, owner: &str, tags: &[String]) -> Value {
    let mut job = json!({
        "id": id, "owner": owner, "cluster_name": "c1", "org_name": "org-a", "project_name": "proj-a",
        "status": "running", "history": {},
        "container": {"image": "ubuntu", "resources": {"memory": 1_048_576, "cpu": 1.0}},
        "scheduler_enabled": false, "pass_config": true, "uri": format!("job://c1/org-a/proj-a/{id}"),
        "total_price_credits": "0", "price_credits_per_hour": "0",
    });
    if !tags.is_empty() {
        job["tags"] = json!(tags);
    }
    job
}
