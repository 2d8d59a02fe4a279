//! The control of a running fake, for use by hand and from other languages: `/control/…`, JSON in and out.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::buckets::{Bucket, BucketSpec};
use super::faults::Fault;
use super::state::{Settings, Shared};
use super::{jobs, storage_gate, tokens};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/control/requests", get(requests))
        .route("/control/settings", put(settings))
        .route("/control/faults", put(faults))
        .route("/control/buckets", post(bucket))
        .route("/control/buckets/{id}/credentials", put(credentials))
        .route("/control/jobs", post(job))
        .route("/control/logins", post(login).delete(logout))
}

/// The requests since the last look, oldest first.
async fn requests(State(shared): State<Shared>) -> Json<Vec<String>> {
    Json(std::mem::take(&mut shared.lock().requests))
}

/// Replaces the settings; what is left out takes its default.
async fn settings(State(shared): State<Shared>, Json(settings): Json<Settings>) -> Json<Settings> {
    shared.lock().settings = settings.clone();
    Json(settings)
}

/// Replaces the faults.
async fn faults(State(shared): State<Shared>, Json(faults): Json<Vec<Fault>>) -> Json<Vec<Fault>> {
    shared.lock().faults.clone_from(&faults);
    Json(faults)
}

async fn bucket(State(shared): State<Shared>, Json(spec): Json<BucketSpec>) -> Result<Json<Value>, String> {
    let bucket = Bucket::new(spec);
    storage_gate::make_bucket(&shared, &bucket.real_name).await?;
    let answer = json!({"id": bucket.id, "real_name": bucket.real_name});
    shared.lock().buckets.push(bucket);
    Ok(Json(answer))
}

/// Replaces what the platform hands out for a bucket from now on.
async fn credentials(State(shared): State<Shared>, Path(id): Path<String>, Json(members): Json<Value>) -> StatusCode {
    let mut state = shared.lock();
    match state.buckets.iter_mut().find(|bucket| bucket.id == id) {
        Some(bucket) => {
            bucket.spec.credentials = Some(members);
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

#[derive(Deserialize)]
struct NewJob {
    id: String,
    #[serde(default)]
    tags: Vec<String>,
}

async fn job(State(shared): State<Shared>, Json(new): Json<NewJob>) -> Json<Value> {
    let job = jobs::running(&new.id, "alice", &new.tags);
    shared.lock().jobs.insert(new.id, job.clone());
    Json(job)
}

#[derive(Deserialize)]
struct User {
    user: String,
}

async fn login(State(shared): State<Shared>, Json(user): Json<User>) -> Json<Value> {
    Json(json!(tokens::issue(&mut shared.lock(), &user.user)))
}

/// Ends all access tokens; refresh tokens stay.
async fn logout(State(shared): State<Shared>) {
    shared.lock().access_tokens.clear();
}
