//! `make_tmp_credentials`: members and lifetimes by provider.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::buckets::{Bucket, Place, Refusal, authenticate, find};
use super::state::{Session, Shared, State as PlatformState};

/// `POST B/{id_or_name}/make_tmp_credentials`.
pub(super) async fn make(
    State(shared): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let mut state = shared.lock();
    let user = authenticate(&state, &headers)?;
    let bucket = find(&state, &user, (&cluster, &name), &place)?.clone();
    let mut credentials = match &bucket.spec.credentials {
        Some(given) => given.clone(),
        None => made_up(&mut state, &bucket),
    };
    if credentials.get("bucket_name").is_none() {
        credentials["bucket_name"] = json!(bucket.real_name);
    }
    Ok(Json(json!({
        "bucket_id": bucket.id,
        "provider": bucket.spec.provider,
        "read_only": bucket.spec.read_only,
        "credentials": credentials,
    })))
}

fn made_up(state: &mut PlatformState, bucket: &Bucket) -> Value {
    let lifetime = state.settings.credentials_lifetime;
    let end = state.now() + SignedDuration::from_secs_f64(lifetime);
    let end = end.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
    let secret = Uuid::new_v4().simple().to_string();
    match bucket.spec.provider.as_str() {
        "gcp" => json!({"project": "google-project", "access_token": secret, "expire_time": end}),
        "azure" => json!({
            "storage_endpoint": "https://account.blob.core.windows.net",
            "sas_token": format!("sv=2026-01-01&sig={secret}"), "expiry": end,
        }),
        provider => storage_session(state, bucket, provider, (lifetime, end)),
    }
}

fn storage_session(
    state: &mut PlatformState,
    bucket: &Bucket,
    provider: &str,
    (lifetime, end): (f64, String),
) -> Value {
    let access_key_id = Uuid::new_v4().simple().to_string().to_uppercase();
    let permanent = provider == "open_stack";
    let token = (!permanent).then(|| Uuid::new_v4().simple().to_string());
    let session = Session {
        bucket_name: bucket.real_name.clone(),
        token: token.clone(),
        ends: (!permanent).then(|| Instant::now() + Duration::from_secs_f64(lifetime)),
        read_only: bucket.spec.read_only,
    };
    state.sessions.insert(access_key_id.clone(), session);
    let mut members = json!({
        "region_name": "minio",
        "endpoint_url": state.storage_origin.as_deref().unwrap_or("http://127.0.0.1:9"),
        "access_key_id": access_key_id,
        "secret_access_key": Uuid::new_v4().simple().to_string(),
    });
    if let Some(token) = token {
        members["session_token"] = json!(token);
        members["expiration"] = json!(end);
    }
    members
}
