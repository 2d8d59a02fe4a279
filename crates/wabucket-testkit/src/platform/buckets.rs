//! The buckets API of a cluster, by the rules of servers of three ages.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::state::{ServerRules, Shared, State as PlatformState};
use super::tokens::user_of;

/// A bucket to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct BucketSpec {
    /// The cluster.
    pub cluster: String,
    /// The organisation; empty for a bucket of the time before there were any.
    pub org_name: String,
    /// The project; without one the owner stands for it.
    pub project_name: Option<String>,
    /// The owner.
    pub owner: String,
    /// The name.
    pub name: Option<String>,
    /// The platform's word for what stores the bytes.
    pub provider: String,
    /// Whether it was made outside of the platform.
    pub imported: bool,
    /// Whether credentials for it only read.
    pub read_only: bool,
    /// Whether it may not even be seen.
    pub forbidden: bool,
    /// The members of its credentials, where they are not made up by the provider.
    pub credentials: Option<Value>,
}

impl Default for BucketSpec {
    fn default() -> Self {
        Self {
            cluster: "c1".to_owned(),
            org_name: "org-a".to_owned(),
            project_name: Some("proj-a".to_owned()),
            owner: "alice".to_owned(),
            name: None,
            provider: "minio".to_owned(),
            imported: false,
            read_only: false,
            forbidden: false,
            credentials: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) id: String,
    /// The bucket's name in its store.
    pub(super) real_name: String,
    pub(super) spec: BucketSpec,
}

impl Bucket {
    pub(super) fn new(spec: BucketSpec) -> Self {
        let id = Uuid::new_v4();
        Self { id: format!("bucket-{id}"), real_name: format!("real-{}", id.simple()), spec }
    }

    fn project(&self) -> &str {
        self.spec.project_name.as_deref().unwrap_or(&self.spec.owner)
    }

    fn is_called(&self, name: &str) -> bool {
        self.spec.name.as_deref() == Some(name)
    }

    fn to_json(&self, rules: ServerRules) -> Value {
        let spec = &self.spec;
        let mut json = json!({
            "id": self.id, "name": spec.name, "owner": spec.owner, "org_name": spec.org_name,
            "provider": spec.provider, "created_at": "2026-01-01T00:00:00+00:00",
            "imported": spec.imported, "public": false,
        });
        if rules == ServerRules::Owners {
            json["org_name"] = if spec.org_name.is_empty() { Value::Null } else { json!(spec.org_name) };
        } else {
            json["project_name"] = json!(self.project());
        }
        json
    }
}

/// The query of most calls.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    org_name: Option<String>,
    project_name: Option<String>,
    owner: Option<String>,
    path: Option<String>,
}

/// An answer that is not a success.
#[derive(Debug)]
pub(super) enum Refusal {
    Text(StatusCode, String),
    Object(StatusCode, Value),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Text(status, text) => (status, text).into_response(),
            Self::Object(status, object) => (status, Json(object)).into_response(),
        }
    }
}

fn bad_request(message: &str) -> Refusal {
    Refusal::Object(StatusCode::BAD_REQUEST, json!({"error": message}))
}

/// The user of a request, else 401 with plain text.
pub(super) fn authenticate(state: &PlatformState, headers: &HeaderMap) -> Result<String, Refusal> {
    user_of(state, headers).ok_or_else(|| Refusal::Text(StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()))
}

/// By id first, in all projects; then by name, by the rules of the server's age.
pub(super) fn find<'a>(
    state: &'a PlatformState,
    user: &str,
    (cluster, name): (&str, &str),
    place: &Place,
) -> Result<&'a Bucket, Refusal> {
    let mut buckets = state.buckets.iter().filter(|bucket| bucket.spec.cluster == cluster);
    let by_id = buckets.clone().find(|bucket| bucket.id == name);
    let found = if by_id.is_some() {
        by_id
    } else {
        let (org, project) = scope(state.settings.rules, user, place)?;
        buckets.find(|bucket| {
            bucket.is_called(name) && org.is_none_or(|org| org == bucket.spec.org_name) && project == bucket.project()
        })
    };
    let found = found.ok_or_else(|| Refusal::Text(StatusCode::NOT_FOUND, format!("Bucket {name} not found")))?;
    allow(found)
}

/// Where a name is looked up: the organisation, where the server looks at it, and the project or owner.
fn scope<'a>(rules: ServerRules, user: &'a str, place: &'a Place) -> Result<(Option<&'a str>, &'a str), Refusal> {
    let owner = place.owner.as_deref();
    let project = place.project_name.as_deref();
    match rules {
        ServerRules::Owners => Ok((None, owner.unwrap_or(user))),
        ServerRules::Scanning if place.org_name.is_some() && project.is_none() => {
            Err(bad_request("project_name must be provided"))
        }
        ServerRules::Current if place.org_name.is_none() => Err(bad_request("org_name must be provided")),
        ServerRules::Current if owner.is_some() && project.is_some() => {
            Err(bad_request("owner and project_name exclude each other"))
        }
        _ => Ok((place.org_name.as_deref(), project.or(owner).unwrap_or(user))),
    }
}

fn allow(bucket: &Bucket) -> Result<&Bucket, Refusal> {
    if !bucket.spec.forbidden {
        return Ok(bucket);
    }
    let uri = format!("blob://{}/{}", bucket.spec.cluster, bucket.id);
    Err(Refusal::Object(StatusCode::FORBIDDEN, json!({"missing": [{"uri": uri, "action": "read"}]})))
}

/// `GET B/{id_or_name}`.
pub(super) async fn get(
    State(shared): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let state = shared.lock();
    let user = authenticate(&state, &headers)?;
    let bucket = find(&state, &user, (&cluster, &name), &place)?;
    Ok(Json(bucket.to_json(state.settings.rules)))
}

/// `GET B/find/by_path`: what is not found is a 500, as on the real servers.
pub(super) async fn by_path(
    State(shared): State<Shared>,
    Path(cluster): Path<String>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let state = shared.lock();
    authenticate(&state, &headers)?;
    let path = place.path.as_deref().unwrap_or_default();
    let mut buckets = state.buckets.iter().filter(|bucket| bucket.spec.cluster == cluster);
    let found = match state.settings.rules {
        ServerRules::Current => {
            let parts: Vec<&str> = path.splitn(4, '/').collect();
            buckets.find(|bucket| {
                parts.len() >= 3
                    && parts[0] == bucket.spec.org_name
                    && parts[1] == bucket.project()
                    && bucket.is_called(parts[2])
            })
        }
        ServerRules::Scanning | ServerRules::Owners => buckets.find(|bucket| lies_in(path, bucket)),
    };
    let message = format!("Unexpected exception: not found. Path with query: {path}.");
    let found = found.ok_or_else(|| Refusal::Object(StatusCode::INTERNAL_SERVER_ERROR, json!({"error": message})))?;
    Ok(Json(allow(found)?.to_json(state.settings.rules)))
}

/// Whether a path starts with `[org/]project/bucket`, by name or by id.
fn lies_in(path: &str, bucket: &Bucket) -> bool {
    let org = if bucket.spec.org_name.is_empty() { String::new() } else { format!("{}/", bucket.spec.org_name) };
    [bucket.spec.name.as_deref(), Some(&bucket.id)].into_iter().flatten().any(|name| {
        let start = format!("{org}{}/{name}", bucket.project());
        path == start || path.starts_with(&format!("{start}/"))
    })
}

/// `GET B`, as a plain JSON array.
pub(super) async fn list(
    State(shared): State<Shared>,
    Path(cluster): Path<String>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let state = shared.lock();
    authenticate(&state, &headers)?;
    if state.settings.rules == ServerRules::Current && (place.org_name.is_none() || place.project_name.is_none()) {
        return Err(bad_request("org_name and project_name must be provided"));
    }
    let listed = state.buckets.iter().filter(|bucket| {
        bucket.spec.cluster == cluster
            && place.org_name.as_ref().is_none_or(|org| *org == bucket.spec.org_name)
            && place.project_name.as_ref().is_none_or(|project| project == bucket.project())
    });
    Ok(Json(listed.map(|bucket| bucket.to_json(state.settings.rules)).collect()))
}

#[derive(Debug, Deserialize)]
pub(super) struct NewBucket {
    name: Option<String>,
    org_name: Option<String>,
    project_name: Option<String>,
}

/// `POST B`; a name that is taken is a 409.
pub(super) async fn create(
    State(shared): State<Shared>,
    Path(cluster): Path<String>,
    headers: HeaderMap,
    Json(new): Json<NewBucket>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let owner = authenticate(&shared.lock(), &headers)?;
    let bucket = Bucket::new(BucketSpec {
        cluster,
        org_name: new.org_name.unwrap_or_default(),
        project_name: new.project_name,
        owner,
        name: new.name,
        ..BucketSpec::default()
    });
    let taken = shared.lock().buckets.iter().any(|other| {
        let (old, new) = (&other.spec, &bucket.spec);
        new.name.is_some()
            && (&old.cluster, &old.org_name, other.project(), &old.name)
                == (&new.cluster, &new.org_name, bucket.project(), &new.name)
    });
    if taken {
        let body = json!({"code": "unique", "description": "Bucket with given name exists"});
        return Err(Refusal::Object(StatusCode::CONFLICT, body));
    }
    super::storage_gate::make_bucket(&shared, &bucket.real_name)
        .await
        .map_err(|message| Refusal::Text(StatusCode::INTERNAL_SERVER_ERROR, message))?;
    let mut state = shared.lock();
    let answer = bucket.to_json(state.settings.rules);
    state.buckets.push(bucket);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `DELETE B/{id_or_name}`; the bytes stay.
pub(super) async fn delete(
    State(shared): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let mut state = shared.lock();
    let user = authenticate(&state, &headers)?;
    let id = find(&state, &user, (&cluster, &name), &place)?.id.clone();
    state.buckets.retain(|bucket| bucket.id != id);
    Ok(StatusCode::NO_CONTENT)
}
