//! What may be changed of a version once it is committed: aliases, description, metadata, tags, its existence.

use async_graphql::{Context, Object};
use rusqlite::Transaction;
use wabucket_model::Alias;

use super::artifact::Artifact;
use super::inputs::{
    AddAliasesInput, ArtifactCollectionAliasInput, DeleteAliasesInput, DeleteArtifactInput, UpdateArtifactInput,
};
use super::log_artifact::find;
use super::payload::payload;
use super::query::is_ours;
use super::{Result, not_found, refuse, state};
use crate::storage::artifacts::ArtifactRow;
use crate::storage::{aliases, artifacts, collections, projects};

#[derive(Default)]
pub(crate) struct EditMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl EditMutation {
    /// Gives aliases to a version, all or none. Each is taken in the same moment from the version that had it.
    async fn add_aliases(&self, ctx: &Context<'_>, input: AddAliasesInput) -> Result<AddAliasesPayload> {
        state(ctx).database.write(|db| -> Result<()> {
            let artifact = find_version(db, &input.artifact_id)?;
            input.aliases.iter().try_for_each(|new| {
                check_place(db, &artifact, new)?;
                give(db, &artifact, &new.alias)
            })
        })?;
        Ok(AddAliasesPayload { success: true })
    }

    async fn delete_aliases(&self, ctx: &Context<'_>, input: DeleteAliasesInput) -> Result<DeleteAliasesPayload> {
        state(ctx).database.write(|db| -> Result<()> {
            let artifact = find_version(db, &input.artifact_id)?;
            input.aliases.iter().try_for_each(|old| {
                check_place(db, &artifact, old)?;
                Ok(aliases::take(db, artifact.collection_id, &old.alias, artifact.id)?)
            })
        })?;
        Ok(DeleteAliasesPayload { success: true })
    }

    async fn update_artifact(&self, ctx: &Context<'_>, input: UpdateArtifactInput) -> Result<UpdateArtifactPayload> {
        let row = state(ctx).database.write(|db| -> Result<_> {
            edit(db, &find(db, &input.artifact_id)?, &input)?;
            find(db, &input.artifact_id)
        })?;
        Ok(UpdateArtifactPayload { artifact: Artifact::new(row) })
    }

    /// Makes a version invisible. Refused while it has aliases, unless they are to go with it.
    async fn delete_artifact(&self, ctx: &Context<'_>, input: DeleteArtifactInput) -> Result<DeleteArtifactPayload> {
        let artifact = state(ctx).database.write(|db| -> Result<_> {
            let artifact = find(db, &input.artifact_id)?;
            let has_aliases = !aliases::of_artifact(db, artifact.id)?.is_empty();
            if has_aliases && input.delete_aliases != Some(true) {
                return Err(refuse(400, "cannot delete an artifact that has aliases, unless they are deleted with it"));
            }
            artifacts::delete(db, artifact.id)?;
            Ok(artifact)
        })?;
        Ok(DeleteArtifactPayload { artifact: Artifact::new(artifact) })
    }
}

/// The version with this id; a draft has no aliases, or a reader would find nothing under one it took.
fn find_version(db: &Transaction, id: &str) -> Result<ArtifactRow> {
    let artifact = find(db, id)?;
    if !artifact.is_committed() {
        return Err(refuse(400, "an artifact that is not committed has no aliases"));
    }
    Ok(artifact)
}

/// Refuses an alias of another collection than the version's own: this server links no versions elsewhere.
fn check_place(db: &Transaction, artifact: &ArtifactRow, alias: &ArtifactCollectionAliasInput) -> Result<()> {
    let collection = collections::by_id(db, artifact.collection_id)?.ok_or_else(|| not_found("collection"))?;
    let project = projects::by_id(db, collection.project_id)?;
    let is_same = is_ours(Some(&alias.entity_name))
        && alias.project_name == project.name
        && alias.artifact_collection_name == collection.name;
    let path = || format!("{}/{}/{}", alias.entity_name, alias.project_name, alias.artifact_collection_name);
    if is_same { Ok(()) } else { Err(not_found(&format!("artifact {} in {}", artifact.digest, path()))) }
}

fn give(db: &Transaction, artifact: &ArtifactRow, alias: &str) -> Result<()> {
    let alias = Alias::parse_new(alias).map_err(|error| refuse(400, error.to_string()))?;
    Ok(aliases::give(db, artifact.collection_id, alias.as_str(), artifact.id)?)
}

fn edit(db: &Transaction, artifact: &ArtifactRow, input: &UpdateArtifactInput) -> Result<()> {
    let metadata = input.metadata.as_ref().map(|json| json.0.as_str());
    artifacts::update(db, artifact.id, input.description.as_deref(), metadata)?;
    if let Some(wanted) = &input.aliases {
        let artifact = find_version(db, &input.artifact_id)?;
        // Older clients send the whole list; the version's number among it stays as it is.
        let number = artifact.version_index.map(|index| format!("v{index}"));
        for old in aliases::of_artifact(db, artifact.id)? {
            aliases::take(db, artifact.collection_id, &old.alias, artifact.id)?;
        }
        let wanted = wanted.iter().filter(|new| Some(&new.alias) != number.as_ref());
        wanted.into_iter().try_for_each(|new| give(db, &artifact, &new.alias))?;
    }
    for tag in input.tags_to_add.iter().flatten() {
        artifacts::add_tag(db, artifact.id, &tag.tag_name)?;
    }
    for tag in input.tags_to_delete.iter().flatten() {
        artifacts::remove_tag(db, artifact.id, &tag.tag_name)?;
    }
    Ok(())
}

payload!(UpdateArtifactPayload { artifact: Artifact });
payload!(DeleteArtifactPayload { artifact: Artifact });
payload!(AddAliasesPayload { success: bool });
payload!(DeleteAliasesPayload { success: bool });
