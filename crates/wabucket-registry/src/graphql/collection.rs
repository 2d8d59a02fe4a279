//! Types and collections of artifacts.

use async_graphql::connection::PageInfo;
use async_graphql::{Context, ID, Interface, Object, SimpleObject};

use super::artifact::{Artifact, ArtifactAlias, ArtifactCollectionMembership};
use super::connection::{Connection, PageRequest};
use super::item::{self, Item};
use super::project::Project;
use super::scalars::{DateTime, JsonString};
use super::{Result, state};
use crate::storage::collections::CollectionRow;
use crate::storage::ids::{Kind, encode, encode_text};
use crate::storage::{aliases, artifacts, collections, projects};

/// A type of artifacts in a project.
pub(crate) struct ArtifactType {
    pub(crate) project: i64,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl ArtifactType {
    async fn id(&self) -> ID {
        ID(encode_text(Kind::ArtifactType, &format!("{}/{}", self.project, self.name)))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn description(&self) -> Option<String> {
        None
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.created_at.clone())
    }

    async fn project(&self, ctx: &Context<'_>) -> Result<Project> {
        Ok(Project(state(ctx).database.read(|db| projects::by_id(db, self.project))?))
    }

    async fn artifact(&self, ctx: &Context<'_>, name: String) -> Result<Option<Artifact>> {
        let (collection, alias) = name.split_once(':').unwrap_or((&name, "latest"));
        let row = state(ctx).database.read(|db| match self.find(db, collection)? {
            Some(collection) => artifacts::resolve(db, collection.id, alias),
            None => Ok(None),
        })?;
        Ok(row.map(Artifact::new))
    }

    async fn artifact_collection(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactCollection>> {
        let row = state(ctx).database.read(|db| self.find(db, &name))?;
        Ok(row.map(|row| ArtifactSequence(row).into()))
    }

    async fn artifact_sequence(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactSequence>> {
        Ok(state(ctx).database.read(|db| self.find(db, &name))?.map(ArtifactSequence))
    }

    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Connection<ArtifactCollection>> {
        let rows = state(ctx).database.read(|db| collections::all(db, self.project, Some(&self.name)))?;
        let rows = item::select(rows, filters.as_ref(), order.as_deref(), |row| Ok(Item::collection(row)))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.name.clone(), |row| ArtifactSequence(row).into()))
    }
}

impl ArtifactType {
    fn find(&self, db: &rusqlite::Connection, name: &str) -> rusqlite::Result<Option<CollectionRow>> {
        Ok(collections::find(db, self.project, name)?.filter(|row| row.artifact_type == self.name))
    }
}

/// W&B also has portfolios, which only link versions of others; here every collection owns its versions.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "fields of an interface are of few types")]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "String"),
    field(name = "description", ty = "Option<String>"),
    field(name = "state", ty = "String"),
    field(name = "created_at", ty = "DateTime"),
    field(name = "updated_at", ty = "Option<DateTime>"),
    field(name = "project", ty = "Option<Project>"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(name = "tags", ty = "Connection<Tag>"),
    field(
        name = "aliases",
        ty = "Connection<ArtifactAlias>",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>")
    ),
    field(
        name = "artifacts",
        ty = "VersionedArtifactConnection",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "order", ty = "Option<String>"),
        arg(name = "filters", ty = "Option<JsonString>")
    ),
    field(
        name = "artifact_membership",
        ty = "Option<ArtifactCollectionMembership>",
        arg(name = "alias_name", ty = "String")
    )
)]
pub(crate) enum ArtifactCollection {
    Sequence(ArtifactSequence),
}

/// The versions of one name.
pub(crate) struct ArtifactSequence(pub(crate) CollectionRow);

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        ID(encode(Kind::Collection, self.0.id))
    }

    async fn name(&self) -> String {
        self.0.name.clone()
    }

    async fn description(&self) -> Option<String> {
        self.0.description.clone()
    }

    async fn state(&self) -> String {
        "READY".to_owned()
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    async fn updated_at(&self) -> Option<DateTime> {
        Some(DateTime(self.0.updated_at.clone()))
    }

    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Project>> {
        Ok(Some(Project(state(ctx).database.read(|db| projects::by_id(db, self.0.project_id))?)))
    }

    async fn default_artifact_type(&self) -> ArtifactType {
        ArtifactType {
            project: self.0.project_id,
            name: self.0.artifact_type.clone(),
            created_at: self.0.created_at.clone(),
        }
    }

    async fn digest_algorithm(&self) -> &str {
        "MANIFEST_MD5"
    }

    async fn tags(&self) -> Connection<Tag> {
        PageRequest::default().cut(Vec::new(), Clone::clone, |_: String| Tag::default())
    }

    async fn latest_artifact(&self, ctx: &Context<'_>) -> Result<Option<Artifact>> {
        Ok(state(ctx).database.read(|db| artifacts::latest(db, self.0.id))?.map(Artifact::new))
    }

    async fn aliases(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ArtifactAlias>> {
        let rows = state(ctx).database.read(|db| aliases::of_collection(db, self.0.id))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.alias.clone(), ArtifactAlias))
    }

    /// Versions, newest first unless another order is asked for.
    async fn artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<VersionedArtifactConnection> {
        let rows = state(ctx).database.read(|db| {
            let rows = artifacts::versions(db, self.0.id)?;
            Ok(item::select(rows, filters.as_ref(), order.as_deref(), |row| Item::artifact(db, row)))
        })??;
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let start = match after.as_deref().filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => rows.iter().position(|row| version(row) == cursor).map_or(rows.len(), |index| index + 1),
            None => 0,
        };
        let limit = first.and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
        let has_next_page = rows.len() - start > limit;
        let edge = |row: artifacts::ArtifactRow| VersionedArtifactEdge {
            cursor: version(&row),
            version: version(&row),
            node: Artifact::new(row),
        };
        let edges: Vec<_> = rows.into_iter().skip(start).take(limit).map(edge).collect();
        let page_info = PageInfo {
            has_previous_page: start > 0,
            has_next_page,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Ok(VersionedArtifactConnection { total_count: total, page_info, edges })
    }

    async fn artifact_membership(
        &self,
        ctx: &Context<'_>,
        alias_name: String,
    ) -> Result<Option<ArtifactCollectionMembership>> {
        let row = state(ctx).database.read(|db| artifacts::resolve(db, self.0.id, &alias_name))?;
        Ok(row.map(ArtifactCollectionMembership))
    }
}

fn version(row: &artifacts::ArtifactRow) -> String {
    format!("v{}", row.version_index.unwrap_or_default())
}

/// Versions with their numbers.
#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactConnection {
    total_count: i64,
    page_info: PageInfo,
    edges: Vec<VersionedArtifactEdge>,
}

/// One version with its number.
#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactEdge {
    cursor: String,
    version: String,
    node: Artifact,
}

/// A tag of a version.
#[derive(SimpleObject, Default)]
pub(crate) struct Tag {
    pub(crate) id: ID,
    pub(crate) name: String,
}
