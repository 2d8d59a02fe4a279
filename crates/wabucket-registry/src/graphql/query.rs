//! The root of all questions.

use async_graphql::{Context, ID, Object};

use super::artifact::Artifact;
use super::collection::{ArtifactCollection, ArtifactSequence};
use super::connection::{Connection, PageRequest};
use super::project::Project;
use super::viewer::{Entity, ServerInfo, User};
use super::{Result, state};
use crate::server::ENTITY;
use crate::storage::ids::{Kind, decode, encode};
use crate::storage::{artifacts, collections, projects};

pub(crate) struct Query;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl Query {
    async fn viewer(&self, #[graphql(name = "entityName")] _entity_name: Option<String>) -> Option<User> {
        Some(User)
    }

    async fn server_info(&self) -> Option<ServerInfo> {
        Some(ServerInfo)
    }

    async fn entity(&self, name: Option<String>) -> Option<Entity> {
        is_ours(name.as_deref()).then_some(Entity)
    }

    async fn project(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        find_project(ctx, name, entity_name.as_deref())
    }

    async fn model(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        find_project(ctx, name, entity_name.as_deref())
    }

    async fn models(
        &self,
        ctx: &Context<'_>,
        entity_name: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Project>> {
        let entity = entity_name.unwrap_or_else(|| ENTITY.to_owned());
        let rows = state(ctx).database.read(|db| projects::all(db, &entity))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.name.clone(), Project))
    }

    async fn artifact(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Artifact>> {
        let Some(id) = decode(Kind::Artifact, &id) else { return Ok(None) };
        Ok(state(ctx).database.read(|db| artifacts::by_id(db, id))?.map(Artifact::new))
    }

    async fn artifact_collection(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ArtifactCollection>> {
        let Some(id) = decode(Kind::Collection, &id) else { return Ok(None) };
        Ok(state(ctx).database.read(|db| collections::by_id(db, id))?.map(|row| ArtifactSequence(row).into()))
    }

    #[graphql(name = "clientIDMapping")]
    async fn client_id_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "clientID")] client_id: ID,
    ) -> Result<Option<ClientIdMapping>> {
        let row = state(ctx).database.read(|db| artifacts::by_client_id(db, &client_id))?;
        Ok(row.map(|row| ClientIdMapping(encode(Kind::Artifact, row.id))))
    }
}

/// The server's id of what a client named itself.
pub(crate) struct ClientIdMapping(String);

#[Object(name = "ClientIDMapping")]
impl ClientIdMapping {
    #[graphql(name = "serverID")]
    async fn server_id(&self) -> ID {
        ID(self.0.clone())
    }
}

/// Whether a name, or the absence of one, means the one entity there is.
pub(super) fn is_ours(entity: Option<&str>) -> bool {
    entity.is_none_or(|entity| entity.is_empty() || entity == ENTITY)
}

pub(super) fn find_project(ctx: &Context, name: Option<String>, entity: Option<&str>) -> Result<Option<Project>> {
    if !is_ours(entity) {
        return Ok(None);
    }
    let name = name.unwrap_or_else(|| "uncategorized".to_owned());
    Ok(state(ctx).database.read(|db| projects::find(db, ENTITY, &name))?.map(Project))
}
