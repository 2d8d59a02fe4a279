//! `GET /config`: two clusters with their organisations and projects.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::state::{ServerRules, Shared};
use super::tokens::{CLIENT, user_of};

/// Cluster, organisation, project. The first organisation of a cluster is the default one.
pub(super) const PROJECTS: [(&str, &str, &str); 4] =
    [("c1", "org-a", "proj-a"), ("c1", "org-a", "proj-b"), ("c1", "org-b", "proj-d"), ("c2", "org-c", "proj-c")];

const CLUSTERS: [(&str, &[&str]); 2] = [("c1", &["org-a", "org-b"]), ("c2", &["org-c"])];

pub(super) async fn get(State(shared): State<Shared>, headers: HeaderMap) -> Json<Value> {
    let state = shared.lock();
    let origin = &state.origin;
    let mut answer = json!({
        "authorized": false,
        "auth_url": format!("{origin}/oauth/authorize"),
        "token_url": format!("{origin}/oauth/token"),
        "logout_url": format!("{origin}/oauth/logout"),
        "client_id": CLIENT,
        "audience": "https://platform.example",
        "headless_callback_url": format!("{origin}/oauth/show-code"),
        "callback_urls": ["http://127.0.0.1:54540", "http://127.0.0.1:54541", "http://127.0.0.1:54542"],
    });
    // A refused token makes no 401 here: the answer only lacks what it would open.
    if state.settings.authorized && user_of(&state, &headers).is_some() {
        answer["authorized"] = json!(true);
        answer["clusters"] = CLUSTERS.map(|(name, orgs)| cluster(origin, name, orgs)).into();
        if state.settings.rules != ServerRules::Owners {
            answer["projects"] = PROJECTS.map(project).into();
        }
    }
    Json(answer)
}

fn cluster(origin: &str, name: &str, orgs: &[&str]) -> Value {
    let url = |service: &str| format!("{origin}/{name}/api/v1/{service}");
    json!({
        "name": name,
        "orgs": orgs,
        "registry_url": url("registry"),
        "storage_url": url("storage"),
        "users_url": url("users"),
        "monitoring_url": url("jobs"),
        "secrets_url": url("secrets"),
        "disks_url": url("disk"),
        "buckets_url": url("buckets"),
        "resource_pool_types": [],
        "resource_presets": [],
        "apps": {"apps_hostname_templates": []},
    })
}

fn project((cluster, org, name): (&str, &str, &str)) -> Value {
    json!({"name": name, "cluster_name": cluster, "org_name": org, "role": "owner"})
}
