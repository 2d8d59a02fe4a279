//! Logging: draft, manifest, files, commit; and what may be changed of a version afterwards.

use std::collections::BTreeMap;

use async_graphql::{Context, Object, SimpleObject};
use rusqlite::Transaction;
use wabucket_model::{Alias, ArtifactName, ArtifactType, Manifest, ManifestEntry, Md5};

use super::artifact::{Artifact, ArtifactManifest};
use super::connection::{Connection, PageRequest};
use super::file::File;
use super::inputs::{
    AddAliasesInput, ArtifactDigestAlgorithm, ArtifactManifestType, CommitArtifactInput, CompleteMultipartAction,
    CompleteMultipartUploadArtifactInput, CreateArtifactFileSpecInput, CreateArtifactFilesInput, CreateArtifactInput,
    CreateArtifactManifestInput, DeleteAliasesInput, DeleteArtifactInput, UpdateArtifactInput,
    UpdateArtifactManifestInput,
};
use super::query::is_ours;
use super::record_run::find_run_row;
use super::{Result, State, not_found, refuse, state};
use crate::objects::{content_name, manifest_name};
use crate::server::ENTITY;
use crate::storage::artifacts::{ArtifactRow, Draft};
use crate::storage::ids::{Kind, decode, encode_text};
use crate::storage::{aliases, artifacts, collections, manifests, projects};

#[derive(Default)]
pub(crate) struct LogMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl LogMutation {
    /// Makes a draft; or answers the version that has this content already, or the draft that this very request
    /// made before its answer was lost.
    async fn create_artifact(&self, ctx: &Context<'_>, input: CreateArtifactInput) -> Result<CreateArtifactPayload> {
        let row = state(ctx).database.write(|db| draft(db, &input))?;
        Ok(CreateArtifactPayload { artifact: Artifact::new(row) })
    }

    async fn create_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactManifestInput,
    ) -> Result<CreateArtifactManifestPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        let manifest_type = match input.manifest_type.unwrap_or(ArtifactManifestType::Full) {
            ArtifactManifestType::Full => "FULL",
            ArtifactManifestType::Patch | ArtifactManifestType::Incremental => {
                return Err(refuse(501, "this server takes full manifests only"));
            }
        };
        let row = state(ctx)
            .database
            .write(|db| manifests::ensure(db, artifact.id, &input.name, manifest_type, &input.digest))?;
        Ok(CreateArtifactManifestPayload { artifact_manifest: ArtifactManifest(row) })
    }

    async fn update_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactManifestInput,
    ) -> Result<UpdateArtifactManifestPayload> {
        let id = decode(Kind::Manifest, &input.artifact_manifest_id).ok_or_else(|| not_found("manifest"))?;
        let row = state(ctx).database.write(|db| -> Result<_> {
            if let Some(digest) = &input.digest {
                manifests::set_digest(db, id, digest)?;
            }
            manifests::by_id(db, id)?.ok_or_else(|| not_found("manifest"))
        })?;
        Ok(UpdateArtifactManifestPayload { artifact_manifest: ArtifactManifest(row) })
    }

    /// Gives links for native files; none for bytes that are here already.
    async fn create_artifact_files(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactFilesInput,
    ) -> Result<CreateArtifactFilesPayload> {
        let files: Vec<File> =
            input.artifact_files.into_iter().map(|spec| place_for(ctx, spec)).collect::<Result<_>>()?;
        let keyed = files.into_iter().enumerate().collect();
        let files = PageRequest::default().cut(keyed, |(index, _)| index.to_string(), |(_, file): (usize, File)| file);
        Ok(CreateArtifactFilesPayload { files })
    }

    /// Joins the parts of a large file.
    async fn complete_multipart_upload_artifact(
        &self,
        ctx: &Context<'_>,
        input: CompleteMultipartUploadArtifactInput,
    ) -> Result<CompleteMultipartUploadArtifactPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        let known = state(ctx).database.read(|db| manifests::upload_md5(db, &input.upload_id, artifact.id))?;
        let md5 = known.as_deref().and_then(Md5::from_hex).ok_or_else(|| not_found("upload"))?;
        if input.complete_multipart_action == CompleteMultipartAction::Complete {
            let mut parts: Vec<_> = input.completed_parts.iter().map(|part| part.part_number.0).collect();
            parts.sort_unstable();
            // A repeated request finds the file joined already.
            if state(ctx).objects.size(&content_name(md5)).is_none() {
                let joined = state(ctx).objects.join(&input.upload_id, &parts, md5)?;
                joined.ok_or_else(|| refuse(400, "the parts are not the file that was announced"))?;
            }
        }
        Ok(CompleteMultipartUploadArtifactPayload { digest: Some(md5.to_base64()) })
    }

    /// Makes a draft visible, if its manifest and its files are here and are what was announced.
    async fn commit_artifact(&self, ctx: &Context<'_>, input: CommitArtifactInput) -> Result<CommitArtifactPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        if !artifact.is_committed() {
            let entries = checked_entries(state(ctx), &artifact)?;
            let size = entries.values().filter_map(|entry| entry.size).sum::<u64>();
            let (size, count) = (i64::try_from(size).unwrap_or(i64::MAX), i64::try_from(entries.len())?);
            state(ctx).database.write(|db| -> rusqlite::Result<()> {
                match artifacts::by_id(db, artifact.id)? {
                    Some(row) if !row.is_committed() => artifacts::commit(db, &row, size, count),
                    _ => Ok(()),
                }
            })?;
        }
        Ok(CommitArtifactPayload { artifact: Artifact::new(find(ctx, &input.artifact_id)?) })
    }
}

/// The draft or version with this id.
pub(super) fn find(ctx: &Context, id: &str) -> Result<ArtifactRow> {
    let row = match decode(Kind::Artifact, id) {
        Some(id) => state(ctx).database.read(|db| artifacts::by_id(db, id))?,
        None => None,
    };
    row.filter(|row| row.state != "DELETED").ok_or_else(|| not_found("artifact"))
}

fn draft(db: &Transaction, input: &CreateArtifactInput) -> Result<ArtifactRow> {
    if let Some(id) = &input.client_id
        && let Some(row) = artifacts::by_client_id(db, id)?
    {
        return Ok(row);
    }
    let entity = Some(input.entity_name.as_str());
    let project = if is_ours(entity) { projects::find(db, ENTITY, &input.project_name)? } else { None };
    let project = project.ok_or_else(|| not_found(&format!("project {}/{}", input.entity_name, input.project_name)))?;
    let run = match &input.run_name {
        Some(name) => Some(
            find_run_row(db, entity, Some(&input.project_name), name)?
                .ok_or_else(|| not_found(&format!("run {name}")))?
                .id,
        ),
        None => None,
    };
    let names = input.artifact_collection_names.iter().flatten().chain(&input.artifact_collection_name);
    let name = names.last().ok_or_else(|| refuse(400, "an artifact needs the name of a collection"))?;
    let collection = check_names(input, name)
        .and_then(|()| Ok(collections::ensure(db, project.id, name, &input.artifact_type_name)?))?;
    if collection.artifact_type != input.artifact_type_name {
        return Err(refuse(
            409,
            format!("artifact {name} has the type {}, not {}", collection.artifact_type, input.artifact_type_name),
        ));
    }
    let same = if input.enable_digest_deduplication == Some(true) {
        artifacts::by_digest(db, collection.id, &input.digest)?
    } else {
        artifacts::latest(db, collection.id)?.filter(|latest| latest.digest == input.digest)
    };
    if let Some(same) = same {
        for alias in input.aliases.iter().flatten() {
            aliases::give(db, collection.id, &alias.alias, same.id)?;
        }
        return Ok(same);
    }
    create(db, input, collection.id, run)
}

fn check_names(input: &CreateArtifactInput, name: &str) -> Result<()> {
    let bad = |error: wabucket_model::InvalidWord| refuse(400, error.to_string());
    ArtifactName::parse(name).map_err(bad)?;
    // W&B's own client logs artifacts of the types that it keeps for itself.
    if !input.artifact_type_name.starts_with("wandb-") && input.artifact_type_name != "job" {
        ArtifactType::parse(&input.artifact_type_name).map_err(bad)?;
    }
    for alias in input.aliases.iter().flatten() {
        Alias::parse_new(&alias.alias).map_err(bad)?;
    }
    Ok(())
}

fn create(db: &Transaction, input: &CreateArtifactInput, collection: i64, run: Option<i64>) -> Result<ArtifactRow> {
    let requested: Vec<_> = input.aliases.iter().flatten().map(|alias| alias.alias.as_str()).collect();
    let draft = Draft {
        collection,
        run,
        digest: &input.digest,
        digest_algorithm: input.digest_algorithm.name(),
        description: input.description.as_deref(),
        metadata: input.metadata.as_ref().map(|json| json.0.as_str()),
        requested_aliases: &serde_json::to_string(&requested)?,
        history_step: input.history_step.map(|step| step.0),
        client_id: input.client_id.as_ref().map(|id| id.as_str()),
        sequence_client_id: input.sequence_client_id.as_ref().map(|id| id.as_str()),
    };
    let row = artifacts::create(db, &draft)?;
    for tag in input.tags.iter().flatten() {
        artifacts::add_tag(db, row.id, &tag.tag_name)?;
    }
    Ok(row)
}

fn place_for(ctx: &Context, spec: CreateArtifactFileSpecInput) -> Result<File> {
    let artifact = find(ctx, &spec.artifact_id)?;
    let bad = || refuse(400, format!("{:?} is no MD5 in base64, for {}", spec.md5, spec.name));
    let md5 = Md5::from_base64(&spec.md5).ok_or_else(bad)?;
    let object = content_name(md5);
    let wanted = spec.upload_parts_input.unwrap_or_default();
    let mut parts = None;
    if !wanted.is_empty() && state(ctx).objects.size(&object).is_none() {
        let upload = uuid::Uuid::new_v4().simple().to_string();
        state(ctx).database.write(|db| manifests::create_upload(db, &upload, artifact.id, &md5.to_hex()))?;
        parts = Some((upload, wanted.iter().map(|part| part.part_number.0).collect()));
    }
    Ok(File {
        id: encode_text(Kind::File, &format!("{}/{}", artifact.id, spec.name)),
        name: spec.name,
        object: Some(object),
        digest: Some(spec.md5),
        artifact: Some(artifact.id),
        parts,
        ..File::default()
    })
}

/// The entries of a draft's manifest, after every check that a commit makes.
fn checked_entries(state: &State, artifact: &ArtifactRow) -> Result<BTreeMap<String, ManifestEntry>> {
    let incomplete = |what: String| refuse(400, format!("cannot commit the artifact: {what}"));
    let manifest = state.database.read(|db| manifests::of_artifact(db, artifact.id))?;
    let manifest = manifest.ok_or_else(|| incomplete("it has no manifest".to_owned()))?;
    let bytes = state.objects.read(&manifest_name(manifest.id));
    let bytes = bytes.map_err(|_| incomplete("its manifest was not uploaded".to_owned()))?;
    if Md5::of(&bytes).to_base64() != manifest.digest {
        return Err(incomplete("its manifest is not the one that was announced".to_owned()));
    }
    let contents =
        Manifest::from_json(&bytes).map_err(|error| incomplete(format!("its manifest is malformed: {error}")))?;
    let is_md5 = artifact.digest_algorithm == ArtifactDigestAlgorithm::ManifestMd5.name();
    if is_md5 && contents.digest().as_str() != artifact.digest {
        return Err(incomplete("its digest is not that of its manifest".to_owned()));
    }
    for (name, entry) in contents.entries.iter().filter(|(_, entry)| entry.reference.is_none()) {
        let stored = Md5::from_base64(&entry.digest).and_then(|md5| state.objects.size(&content_name(md5)));
        if stored.is_none() {
            return Err(incomplete(format!("the file {name} was not uploaded")));
        }
    }
    Ok(contents.entries)
}

#[derive(Default)]
pub(crate) struct EditMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl EditMutation {
    async fn add_aliases(&self, ctx: &Context<'_>, input: AddAliasesInput) -> Result<AddAliasesPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        for alias in &input.aliases {
            Alias::parse_new(&alias.alias).map_err(|error| refuse(400, error.to_string()))?;
        }
        state(ctx).database.write(|db| {
            input.aliases.iter().try_for_each(|new| aliases::give(db, artifact.collection_id, &new.alias, artifact.id))
        })?;
        Ok(AddAliasesPayload { success: true })
    }

    async fn delete_aliases(&self, ctx: &Context<'_>, input: DeleteAliasesInput) -> Result<DeleteAliasesPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        state(ctx).database.write(|db| {
            input.aliases.iter().try_for_each(|old| aliases::take(db, artifact.collection_id, &old.alias, artifact.id))
        })?;
        Ok(DeleteAliasesPayload { success: true })
    }

    async fn update_artifact(&self, ctx: &Context<'_>, input: UpdateArtifactInput) -> Result<UpdateArtifactPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        state(ctx).database.write(|db| edit(db, &artifact, &input))?;
        Ok(UpdateArtifactPayload { artifact: Artifact::new(find(ctx, &input.artifact_id)?) })
    }

    async fn delete_artifact(&self, ctx: &Context<'_>, input: DeleteArtifactInput) -> Result<DeleteArtifactPayload> {
        let artifact = find(ctx, &input.artifact_id)?;
        let has_aliases = !state(ctx).database.read(|db| aliases::of_artifact(db, artifact.id))?.is_empty();
        if has_aliases && input.delete_aliases != Some(true) {
            return Err(refuse(400, "cannot delete an artifact that has aliases, unless they are deleted with it"));
        }
        state(ctx).database.write(|db| artifacts::delete(db, artifact.id))?;
        Ok(DeleteArtifactPayload { artifact: Artifact::new(artifact) })
    }
}

fn edit(db: &Transaction, artifact: &ArtifactRow, input: &UpdateArtifactInput) -> rusqlite::Result<()> {
    let metadata = input.metadata.as_ref().map(|json| json.0.as_str());
    artifacts::update(db, artifact.id, input.description.as_deref(), metadata)?;
    if let Some(wanted) = &input.aliases {
        // Older clients send the whole list.
        for old in aliases::of_artifact(db, artifact.id)? {
            aliases::take(db, artifact.collection_id, &old.alias, artifact.id)?;
        }
        for alias in wanted {
            aliases::give(db, artifact.collection_id, &alias.alias, artifact.id)?;
        }
    }
    for tag in input.tags_to_add.iter().flatten() {
        artifacts::add_tag(db, artifact.id, &tag.tag_name)?;
    }
    for tag in input.tags_to_delete.iter().flatten() {
        artifacts::remove_tag(db, artifact.id, &tag.tag_name)?;
    }
    Ok(())
}

/// Payloads have the names of their mutations: clients spread fragments on them.
macro_rules! payload {
    ($name:ident { $field:ident: $type:ty }) => {
        #[derive(SimpleObject)]
        pub(crate) struct $name {
            $field: $type,
        }
    };
}

payload!(CreateArtifactPayload { artifact: Artifact });
payload!(CommitArtifactPayload { artifact: Artifact });
payload!(UpdateArtifactPayload { artifact: Artifact });
payload!(DeleteArtifactPayload { artifact: Artifact });
payload!(CreateArtifactManifestPayload { artifact_manifest: ArtifactManifest });
payload!(UpdateArtifactManifestPayload { artifact_manifest: ArtifactManifest });
payload!(CreateArtifactFilesPayload { files: Connection<File> });
payload!(CompleteMultipartUploadArtifactPayload { digest: Option<String> });
payload!(AddAliasesPayload { success: bool });
payload!(DeleteAliasesPayload { success: bool });
