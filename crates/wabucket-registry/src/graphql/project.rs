//! A project: where runs and artifacts are found by name.

use async_graphql::{Context, ID, Object};

use super::artifact::{Artifact, ArtifactCollectionMembership};
use super::collection::{ArtifactCollection, ArtifactSequence, ArtifactType};
use super::connection::{Connection, PageRequest};
use super::item::{self, Item};
use super::run::Run;
use super::scalars::{DateTime, JsonString};
use super::viewer::{Entity, User};
use super::{Result, state};
use crate::storage::ids::{Kind, encode};
use crate::storage::projects::ProjectRow;
use crate::storage::runs::RunRow;
use crate::storage::{artifacts, collections, runs};

pub(crate) struct Project(pub(crate) ProjectRow);

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl Project {
    async fn id(&self) -> ID {
        ID(encode(Kind::Project, self.0.id))
    }

    async fn internal_id(&self) -> ID {
        ID(encode(Kind::ProjectInternal, self.0.id))
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn entity_name(&self) -> &str {
        &self.0.entity
    }

    async fn entity(&self) -> Entity {
        Entity
    }

    async fn user(&self) -> Option<User> {
        Some(User)
    }

    async fn description(&self) -> Option<String> {
        None
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    async fn read_only(&self) -> bool {
        false
    }

    async fn is_benchmark(&self) -> bool {
        false
    }

    async fn run_count(&self, ctx: &Context<'_>, filters: Option<JsonString>) -> Result<usize> {
        Ok(self.select_runs(ctx, filters.as_ref(), None)?.len())
    }

    /// Runs, newest first unless another order is asked for.
    async fn runs(
        &self,
        ctx: &Context<'_>,
        filters: Option<JsonString>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
    ) -> Result<Connection<Run>> {
        let rows = self.select_runs(ctx, filters.as_ref(), Some(order.as_deref().unwrap_or("-created_at")))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.name.clone(), Run))
    }

    async fn run(&self, ctx: &Context<'_>, name: String) -> Result<Option<Run>> {
        Ok(state(ctx).database.read(|db| runs::find(db, self.0.id, &name))?.map(Run))
    }

    /// What runs were called once.
    async fn bucket(
        &self,
        ctx: &Context<'_>,
        name: String,
        #[graphql(name = "desc")] _description: Option<String>,
        #[graphql(name = "missingOk")] _missing_ok: Option<bool>,
    ) -> Result<Option<Run>> {
        Ok(state(ctx).database.read(|db| runs::find(db, self.0.id, &name))?.map(Run))
    }

    /// The version that `NAME:ALIAS` picks.
    async fn artifact(
        &self,
        ctx: &Context<'_>,
        name: String,
        #[graphql(name = "enableTracking")] _enable_tracking: Option<bool>,
    ) -> Result<Option<Artifact>> {
        Ok(resolve(ctx, self.0.id, &name)?.map(Artifact::new))
    }

    async fn artifact_collection_membership(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollectionMembership>> {
        Ok(resolve(ctx, self.0.id, &name)?.map(ArtifactCollectionMembership))
    }

    async fn artifact_type(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactType>> {
        let types = state(ctx).database.read(|db| collections::types(db, self.0.id))?;
        let found = types.into_iter().find(|(known, _)| *known == name);
        Ok(found.map(|(name, created_at)| ArtifactType { project: self.0.id, name, created_at }))
    }

    async fn artifact_types(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ArtifactType>> {
        let types = state(ctx).database.read(|db| collections::types(db, self.0.id))?;
        let node = |(name, created_at)| ArtifactType { project: self.0.id, name, created_at };
        Ok(PageRequest { after, first }.cut(types, |(name, _)| name.clone(), node))
    }

    async fn artifact_collection(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactCollection>> {
        let row = state(ctx).database.read(|db| collections::find(db, self.0.id, &name))?;
        Ok(row.map(|row| ArtifactSequence(row).into()))
    }

    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Connection<ArtifactCollection>> {
        let rows = state(ctx).database.read(|db| collections::all(db, self.0.id, None))?;
        let rows = item::select(rows, filters.as_ref(), order.as_deref(), |row| Ok(Item::collection(row)))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.name.clone(), |row| ArtifactSequence(row).into()))
    }
}

impl Project {
    fn select_runs(&self, ctx: &Context, filters: Option<&JsonString>, order: Option<&str>) -> Result<Vec<RunRow>> {
        let rows = state(ctx).database.read(|db| runs::all(db, self.0.id))?;
        item::select(rows, filters, order, |row| Ok(Item::run(row)))
    }
}

/// `NAME:ALIAS`, split at the first colon; without one, `latest`.
fn resolve(ctx: &Context, project: i64, name: &str) -> Result<Option<artifacts::ArtifactRow>> {
    let (name, alias) = name.split_once(':').unwrap_or((name, "latest"));
    let row = state(ctx).database.read(|db| {
        collections::find(db, project, name)?
            .map_or(Ok(None), |collection| artifacts::resolve(db, collection.id, alias))
    })?;
    Ok(row)
}
