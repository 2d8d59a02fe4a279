//! The one user of the registry, its entity, and what the server can do.

use async_graphql::{Object, SimpleObject};

use super::scalars::{Json, JsonString};
use crate::server::ENTITY;

/// The owner of the API key.
pub(crate) struct User;

#[Object]
impl User {
    async fn id(&self) -> &str {
        "VXNlcjox"
    }

    async fn name(&self) -> &str {
        ENTITY
    }

    async fn username(&self) -> &str {
        ENTITY
    }

    async fn email(&self) -> &str {
        ""
    }

    async fn entity(&self) -> &str {
        ENTITY
    }

    async fn admin(&self) -> bool {
        true
    }

    async fn flags(&self) -> JsonString {
        JsonString("{}".to_owned())
    }

    async fn deleted_at(&self) -> Option<String> {
        None
    }

    async fn teams(&self) -> EntityConnection {
        EntityConnection { edges: Vec::new() }
    }

    async fn api_keys(&self) -> ApiKeyConnection {
        ApiKeyConnection { edges: Vec::new() }
    }
}

/// Teams of a user; there are none.
#[derive(SimpleObject)]
pub(crate) struct EntityConnection {
    edges: Vec<EntityEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct EntityEdge {
    node: Entity,
}

/// API keys of a user; they are never listed.
#[derive(SimpleObject)]
pub(crate) struct ApiKeyConnection {
    edges: Vec<ApiKeyEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKeyEdge {
    node: ApiKey,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKey {
    id: String,
    name: String,
    description: Option<String>,
}

/// An entity: there is one.
#[derive(Clone, Copy)]
pub(crate) struct Entity;

#[Object]
impl Entity {
    async fn id(&self) -> &str {
        "RW50aXR5OjE="
    }

    async fn name(&self) -> &str {
        ENTITY
    }

    async fn organization(&self) -> Option<Organization> {
        None
    }

    async fn xxhash_digests_enabled(&self) -> bool {
        false
    }

    async fn is_team(&self) -> bool {
        false
    }

    async fn read_only(&self) -> bool {
        false
    }
}

#[derive(SimpleObject)]
pub(crate) struct Organization {
    name: String,
    core_weave_organization_id: Option<String>,
}

/// What this server is and can do.
pub(crate) struct ServerInfo;

#[Object]
impl ServerInfo {
    /// Clients compare this with what they need; all that is asked of servers of this version is here.
    async fn cli_version_info(&self) -> Json {
        Json(serde_json::json!({"max_cli_version": "99.0.0", "min_cli_version": "0.0.0"}))
    }

    async fn latest_local_version_info(&self) -> Option<LocalVersionInfo> {
        None
    }

    async fn features(&self) -> Vec<ServerFeature> {
        [
            "CLIENT_IDS",
            "ARTIFACT_TAGS",
            "LARGE_FILENAMES",
            "TOTAL_COUNT_IN_FILE_CONNECTION",
            "MARK_RUN_FILES_UPLOADED",
            "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
            "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
            "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
        ]
        .map(|name| ServerFeature { name: name.to_owned(), is_enabled: true })
        .into()
    }
}

#[derive(SimpleObject)]
pub(crate) struct LocalVersionInfo {
    out_of_date: bool,
    latest_version_string: String,
    version_on_this_instance_string: String,
}

#[derive(SimpleObject)]
pub(crate) struct ServerFeature {
    name: String,
    is_enabled: bool,
}
