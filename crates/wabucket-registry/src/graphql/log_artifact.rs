//! Logging: draft, manifest, files. The commit is in `commit_artifact`.

use async_graphql::{Context, Object};
use rusqlite::{Connection as Database, Transaction};
use wabucket_model::{Alias, ArtifactName, ArtifactType, Md5};

use super::artifact::{Artifact, ArtifactManifest};
use super::connection::{Connection, PageRequest};
use super::file::File;
use super::inputs::{
    ArtifactDigestAlgorithm, ArtifactManifestType, CompleteMultipartAction, CompleteMultipartUploadArtifactInput,
    CreateArtifactFileSpecInput, CreateArtifactFilesInput, CreateArtifactInput, CreateArtifactManifestInput,
    UpdateArtifactManifestInput,
};
use super::payload::payload;
use super::query::is_ours;
use super::record_run::find_run_row;
use super::{Result, not_found, refuse, state};
use crate::objects::content_name;
use crate::server::ENTITY;
use crate::storage::artifacts::{ArtifactRow, Draft};
use crate::storage::collections::CollectionRow;
use crate::storage::ids::{Kind, decode, encode, encode_text};
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
        check_digest(&input.digest)?;
        let manifest_type = match input.manifest_type.unwrap_or(ArtifactManifestType::Full) {
            ArtifactManifestType::Full => "FULL",
            ArtifactManifestType::Patch | ArtifactManifestType::Incremental => {
                return Err(refuse(501, "this server takes full manifests only"));
            }
        };
        let row = state(ctx).database.write(|db| -> Result<_> {
            let artifact = find_draft(db, &input.artifact_id)?;
            Ok(manifests::ensure(db, artifact.id, &input.name, manifest_type, &input.digest)?)
        })?;
        Ok(CreateArtifactManifestPayload { artifact_manifest: ArtifactManifest(row) })
    }

    async fn update_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactManifestInput,
    ) -> Result<UpdateArtifactManifestPayload> {
        let id = decode(Kind::Manifest, &input.artifact_manifest_id).ok_or_else(|| not_found("manifest"))?;
        input.digest.as_deref().map_or(Ok(()), check_digest)?;
        let row = state(ctx).database.write(|db| -> Result<_> {
            let row = manifests::by_id(db, id)?.ok_or_else(|| not_found("manifest"))?;
            find_draft(db, &encode(Kind::Artifact, row.artifact_id))?;
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
        let artifact = state(ctx).database.read(|db| Ok(find(db, &input.artifact_id)))??;
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
}

/// The draft or version with this id.
pub(super) fn find(db: &Database, id: &str) -> Result<ArtifactRow> {
    let row = decode(Kind::Artifact, id).map_or(Ok(None), |id| artifacts::by_id(db, id))?;
    row.filter(|row| row.state != "DELETED").ok_or_else(|| not_found("artifact"))
}

/// The draft with this id; a version is not changed.
fn find_draft(db: &Database, id: &str) -> Result<ArtifactRow> {
    let row = find(db, id)?;
    if row.is_committed() { Err(refuse(409, "the artifact is committed already")) } else { Ok(row) }
}

/// Refuses a version of another type than its collection has.
pub(super) fn type_conflict(collection: &CollectionRow, artifact_type: &str) -> Result<()> {
    if collection.artifact_type == artifact_type {
        return Ok(());
    }
    let (name, known) = (&collection.name, &collection.artifact_type);
    Err(refuse(409, format!("artifact {name} has the type {known}, not {artifact_type}")))
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
    type_conflict(&collection, &input.artifact_type_name)?;
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

/// The digest of a manifest's bytes, or nothing while the client does not know it yet.
fn check_digest(text: &str) -> Result<()> {
    let good = text.is_empty() || Md5::from_base64(text).is_some();
    if good { Ok(()) } else { Err(refuse(400, format!("{text:?} is no MD5 in base64, for a manifest"))) }
}

fn check_names(input: &CreateArtifactInput, name: &str) -> Result<()> {
    if input.digest_algorithm != ArtifactDigestAlgorithm::ManifestMd5 {
        return Err(refuse(400, "this server takes manifests with MD5 digests only"));
    }
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
        artifact_type: &input.artifact_type_name,
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
    let artifact = state(ctx).database.read(|db| Ok(find(db, &spec.artifact_id)))??;
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

payload!(CreateArtifactPayload { artifact: Artifact });
payload!(CreateArtifactManifestPayload { artifact_manifest: ArtifactManifest });
payload!(UpdateArtifactManifestPayload { artifact_manifest: ArtifactManifest });
payload!(CreateArtifactFilesPayload { files: Connection<File> });
payload!(CompleteMultipartUploadArtifactPayload { digest: Option<String> });
