//! A version, its aliases, its manifest, its place in a collection.

use async_graphql::{Context, ID, Object, Union};
use wabucket_model::Manifest;

use super::collection::{ArtifactCollection, ArtifactSequence, ArtifactType, Tag};
use super::connection::{Connection, PageRequest};
use super::file::{ArtifactManifestEntryInput, File, native_file};
use super::project::Project;
use super::run::Run;
use super::scalars::{DateTime, JsonString};
use super::viewer::User;
use super::{Result, refuse, state};
use crate::storage::aliases::AliasRow;
use crate::storage::artifacts::ArtifactRow;
use crate::storage::collections::CollectionRow;
use crate::storage::ids::{Kind, encode, encode_text};
use crate::storage::manifests::{self, ManifestRow};
use crate::storage::{aliases, artifacts, collections, projects, runs};

pub(crate) struct Artifact(pub(crate) ArtifactRow);

impl Artifact {
    pub(crate) fn new(row: ArtifactRow) -> Self {
        Self(row)
    }

    fn collection(&self, ctx: &Context) -> Result<CollectionRow> {
        collection_of(ctx, &self.0)
    }
}

fn collection_of(ctx: &Context, artifact: &ArtifactRow) -> Result<CollectionRow> {
    let row = state(ctx).database.read(|db| collections::by_id(db, artifact.collection_id))?;
    row.ok_or_else(|| refuse(500, "the artifact's collection is missing"))
}

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl Artifact {
    async fn id(&self) -> ID {
        ID(encode(Kind::Artifact, self.0.id))
    }

    async fn digest(&self) -> &str {
        &self.0.digest
    }

    async fn digest_algorithm(&self) -> &str {
        &self.0.digest_algorithm
    }

    async fn state(&self) -> &str {
        &self.0.state
    }

    async fn version_index(&self) -> Option<i64> {
        self.0.version_index
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn metadata(&self) -> Option<JsonString> {
        self.0.metadata.clone().map(JsonString)
    }

    async fn labels(&self) -> Option<JsonString> {
        None
    }

    async fn size(&self) -> i64 {
        self.0.size
    }

    async fn file_count(&self) -> i64 {
        self.0.file_count
    }

    async fn commit_hash(&self) -> &str {
        &self.0.digest
    }

    async fn history_step(&self) -> Option<i64> {
        self.0.history_step
    }

    async fn ttl_duration_seconds(&self) -> i64 {
        -2
    }

    async fn ttl_is_inherited(&self) -> bool {
        true
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    async fn updated_at(&self) -> Option<DateTime> {
        Some(DateTime(self.0.updated_at.clone()))
    }

    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<Tag>> {
        let tags = state(ctx).database.read(|db| artifacts::tags(db, self.0.id))?;
        Ok(tags.into_iter().map(|name| Tag { id: ID(name.clone()), name }).collect())
    }

    async fn aliases(&self, ctx: &Context<'_>) -> Result<Vec<ArtifactAlias>> {
        aliases_of(ctx, &self.0)
    }

    async fn artifact_sequence(&self, ctx: &Context<'_>) -> Result<ArtifactSequence> {
        Ok(ArtifactSequence(self.collection(ctx)?))
    }

    async fn artifact_collections(&self, ctx: &Context<'_>) -> Result<Connection<ArtifactCollection>> {
        let rows = vec![self.collection(ctx)?];
        Ok(PageRequest::default().cut(rows, |row| row.name.clone(), |row| ArtifactSequence(row).into()))
    }

    async fn artifact_memberships(&self) -> Vec<ArtifactCollectionMembership> {
        vec![ArtifactCollectionMembership(self.0.clone())]
    }

    async fn artifact_type(&self, ctx: &Context<'_>) -> Result<ArtifactType> {
        let row = self.collection(ctx)?;
        Ok(ArtifactType { project: row.project_id, name: row.artifact_type, created_at: row.created_at })
    }

    async fn project(&self, ctx: &Context<'_>) -> Result<Project> {
        let project = self.collection(ctx)?.project_id;
        Ok(Project(state(ctx).database.read(|db| projects::by_id(db, project))?))
    }

    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Initiator>> {
        let run = match self.0.run_id {
            Some(run) => state(ctx).database.read(|db| runs::by_id(db, run))?,
            None => None,
        };
        Ok(Some(run.map_or(Initiator::User(User), |run| Initiator::Run(Run(run)))))
    }

    async fn used_by(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        #[graphql(name = "before")] _before: Option<String>,
        #[graphql(name = "last")] _last: Option<i32>,
    ) -> Result<Connection<Run>> {
        let rows = state(ctx).database.read(|db| runs::users_of(db, self.0.id))?;
        Ok(PageRequest { after, first }.cut(rows, |row| row.name.clone(), Run))
    }

    async fn current_manifest(&self, ctx: &Context<'_>) -> Result<Option<ArtifactManifest>> {
        Ok(state(ctx).database.read(|db| manifests::of_artifact(db, self.0.id))?.map(ArtifactManifest))
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<File>> {
        files_of(ctx, &self.0, names.as_deref(), &PageRequest { after, first })
    }

    /// The files with these contents, wherever they came from.
    async fn files_by_manifest_entries(
        &self,
        entries: Option<Vec<ArtifactManifestEntryInput>>,
        #[graphql(name = "storageLayout")] _storage_layout: String,
        #[graphql(name = "manifestVersion")] _manifest_version: String,
        #[graphql(name = "storageRegion")] _storage_region: Option<String>,
    ) -> Connection<File> {
        let entries = entries.unwrap_or_default();
        PageRequest::default().cut(entries, |entry| entry.name.clone(), ArtifactManifestEntryInput::into_file)
    }
}

/// All names of a version. `vN` is one of them: clients up to 0.13 know the version from nothing else.
fn aliases_of(ctx: &Context, artifact: &ArtifactRow) -> Result<Vec<ArtifactAlias>> {
    let mut rows = state(ctx).database.read(|db| aliases::of_artifact(db, artifact.id))?;
    rows.extend(artifact.version_index.map(|index| AliasRow {
        // No row of the database has a negative number.
        id: -artifact.id,
        alias: format!("v{index}"),
        collection_id: artifact.collection_id,
    }));
    Ok(rows.into_iter().map(ArtifactAlias).collect())
}

/// The files that a version's manifest names, with links to those that the registry holds.
fn files_of(
    ctx: &Context,
    artifact: &ArtifactRow,
    names: Option<&[String]>,
    page: &PageRequest,
) -> Result<Connection<File>> {
    let manifest = state(ctx).database.read(|db| manifests::of_artifact(db, artifact.id))?;
    let Some(object) = manifest.and_then(|manifest| manifest.object()) else {
        return Ok(page.cut(Vec::new(), Clone::clone, |_: String| unreachable!("there are no files")));
    };
    let bytes = state(ctx).objects.read(&object)?;
    let entries = Manifest::from_json(&bytes)?.entries;
    let wanted = |name: &String| names.is_none_or(|names| names.is_empty() || names.contains(name));
    let entries: Vec<_> = entries.into_iter().filter(|(name, _)| wanted(name)).collect();
    let id = artifact.id;
    Ok(page.cut(entries, |(name, _)| name.clone(), |(name, entry)| native_file(id, name, entry)))
}

/// Who made a version.
#[derive(Union)]
#[expect(clippy::large_enum_variant, reason = "nearly all are runs")]
pub(crate) enum Initiator {
    Run(Run),
    User(User),
}

/// A name of a version.
pub(crate) struct ArtifactAlias(pub(crate) AliasRow);

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl ArtifactAlias {
    async fn id(&self) -> ID {
        ID(encode(Kind::Alias, self.0.id))
    }

    async fn alias(&self) -> &str {
        &self.0.alias
    }

    async fn artifact_collection_name(&self, ctx: &Context<'_>) -> Result<String> {
        let row = state(ctx).database.read(|db| collections::by_id(db, self.0.collection_id))?;
        Ok(row.map(|row| row.name).unwrap_or_default())
    }

    async fn artifact_collection(&self, ctx: &Context<'_>) -> Result<Option<ArtifactCollection>> {
        let row = state(ctx).database.read(|db| collections::by_id(db, self.0.collection_id))?;
        Ok(row.map(|row| ArtifactSequence(row).into()))
    }
}

/// A version as a member of its collection.
pub(crate) struct ArtifactCollectionMembership(pub(crate) ArtifactRow);

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl ArtifactCollectionMembership {
    async fn id(&self) -> ID {
        ID(encode(Kind::Membership, self.0.id))
    }

    async fn version_index(&self) -> Option<i64> {
        self.0.version_index
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    async fn aliases(&self, ctx: &Context<'_>) -> Result<Vec<ArtifactAlias>> {
        aliases_of(ctx, &self.0)
    }

    async fn artifact(&self) -> Option<Artifact> {
        Some(Artifact::new(self.0.clone()))
    }

    async fn artifact_collection(&self, ctx: &Context<'_>) -> Result<Option<ArtifactCollection>> {
        Ok(Some(ArtifactSequence(collection_of(ctx, &self.0)?).into()))
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<File>> {
        files_of(ctx, &self.0, names.as_deref(), &PageRequest { after, first })
    }
}

/// The file list of a version.
pub(crate) struct ArtifactManifest(pub(crate) ManifestRow);

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl ArtifactManifest {
    async fn id(&self) -> ID {
        ID(encode(Kind::Manifest, self.0.id))
    }

    async fn digest(&self) -> &str {
        &self.0.digest
    }

    #[graphql(name = "type")]
    async fn manifest_type(&self) -> &str {
        &self.0.manifest_type
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn display_name(&self) -> &str {
        &self.0.name
    }

    async fn artifact(&self, ctx: &Context<'_>) -> Result<Option<Artifact>> {
        Ok(state(ctx).database.read(|db| artifacts::by_id(db, self.0.artifact_id))?.map(Artifact::new))
    }

    async fn file(&self) -> File {
        File {
            id: encode_text(Kind::File, &format!("manifest/{}", self.0.id)),
            name: self.0.name.clone(),
            object: self.0.object(),
            artifact: Some(self.0.artifact_id),
            ..File::default()
        }
    }
}
