//! Inputs of mutations. A member that is not listed here is refused, as W&B's server does.

use async_graphql::{Enum, ID, InputObject};

use super::scalars::{Int64, JsonString};

#[derive(InputObject, Default)]
pub(crate) struct UpsertBucketInput {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) entity_name: Option<String>,
    pub(crate) group_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) config: Option<JsonString>,
    pub(crate) host: Option<String>,
    pub(crate) debug: Option<bool>,
    pub(crate) job_program: Option<String>,
    pub(crate) job_repo: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) sweep: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) summary_metrics: Option<JsonString>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct UpsertModelInput {
    pub(crate) name: Option<String>,
    pub(crate) entity_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct CreateRunFilesInput {
    pub(crate) entity_name: Option<String>,
    pub(crate) project_name: Option<String>,
    pub(crate) run_name: String,
    pub(crate) files: Vec<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct MarkRunFilesUploadedInput {
    pub(crate) entity_name: Option<String>,
    pub(crate) project_name: Option<String>,
    pub(crate) run_name: String,
    pub(crate) files: Vec<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ArtifactDigestAlgorithm {
    #[graphql(name = "MANIFEST_MD5")]
    ManifestMd5,
    #[graphql(name = "MANIFEST_XXH128")]
    ManifestXxh128,
}

impl ArtifactDigestAlgorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ManifestMd5 => "MANIFEST_MD5",
            Self::ManifestXxh128 => "MANIFEST_XXH128",
        }
    }
}

#[derive(InputObject)]
pub(crate) struct ArtifactAliasInput {
    pub(crate) alias: String,
    pub(crate) artifact_collection_name: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct TagInput {
    pub(crate) tag_name: String,
    pub(crate) tag_category_name: Option<String>,
    pub(crate) attributes: Option<JsonString>,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactInput {
    pub(crate) entity_name: String,
    pub(crate) project_name: String,
    pub(crate) run_name: Option<String>,
    pub(crate) artifact_type_name: String,
    pub(crate) artifact_collection_names: Option<Vec<String>>,
    pub(crate) artifact_collection_name: Option<String>,
    pub(crate) digest: String,
    pub(crate) digest_algorithm: ArtifactDigestAlgorithm,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<JsonString>,
    pub(crate) labels: Option<JsonString>,
    pub(crate) aliases: Option<Vec<ArtifactAliasInput>>,
    pub(crate) tags: Option<Vec<TagInput>>,
    #[graphql(name = "clientID")]
    pub(crate) client_id: Option<ID>,
    #[graphql(name = "sequenceClientID")]
    pub(crate) sequence_client_id: Option<ID>,
    pub(crate) enable_digest_deduplication: Option<bool>,
    pub(crate) history_step: Option<Int64>,
    #[graphql(name = "distributedID")]
    pub(crate) distributed_id: Option<String>,
    pub(crate) ttl_duration_seconds: Option<Int64>,
    pub(crate) storage_region: Option<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactManifestType {
    Full,
    Patch,
    Incremental,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactManifestInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    #[graphql(name = "baseArtifactID")]
    pub(crate) base_artifact_id: Option<ID>,
    pub(crate) digest: String,
    pub(crate) entity_name: String,
    pub(crate) name: String,
    pub(crate) project_name: String,
    pub(crate) run_name: String,
    #[graphql(name = "type")]
    pub(crate) manifest_type: Option<ArtifactManifestType>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct UpdateArtifactManifestInput {
    #[graphql(name = "artifactManifestID")]
    pub(crate) artifact_manifest_id: ID,
    pub(crate) digest: Option<String>,
    #[graphql(name = "baseArtifactID")]
    pub(crate) base_artifact_id: Option<ID>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactStorageLayout {
    V1,
    V2,
}

#[derive(InputObject, Clone)]
pub(crate) struct UploadPartsInput {
    pub(crate) part_number: Int64,
    #[graphql(name = "hexMD5")]
    pub(crate) hex_md5: String,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactFileSpecInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    #[graphql(name = "artifactManifestID")]
    pub(crate) artifact_manifest_id: Option<ID>,
    pub(crate) name: String,
    pub(crate) md5: String,
    pub(crate) mimetype: Option<String>,
    pub(crate) upload_parts_input: Option<Vec<UploadPartsInput>>,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactFilesInput {
    pub(crate) artifact_files: Vec<CreateArtifactFileSpecInput>,
    pub(crate) storage_layout: Option<ArtifactStorageLayout>,
    #[graphql(name = "cloudRegionID")]
    pub(crate) cloud_region_id: Option<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(rename_items = "PascalCase")]
pub(crate) enum CompleteMultipartAction {
    Complete,
    Abort,
}

#[derive(InputObject)]
pub(crate) struct CompleteMultipartUploadArtifactInput {
    pub(crate) complete_multipart_action: CompleteMultipartAction,
    pub(crate) completed_parts: Vec<UploadPartsInput>,
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) storage_path: String,
    #[graphql(name = "uploadID")]
    pub(crate) upload_id: String,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct CommitArtifactInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct UseArtifactInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) entity_name: String,
    pub(crate) project_name: String,
    pub(crate) run_name: String,
    pub(crate) used_as: Option<String>,
    pub(crate) artifact_entity_name: Option<String>,
    pub(crate) artifact_project_name: Option<String>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct ArtifactCollectionAliasInput {
    pub(crate) entity_name: String,
    pub(crate) project_name: String,
    pub(crate) artifact_collection_name: String,
    pub(crate) alias: String,
}

#[derive(InputObject)]
pub(crate) struct AddAliasesInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) aliases: Vec<ArtifactCollectionAliasInput>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct DeleteAliasesInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) aliases: Vec<ArtifactCollectionAliasInput>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct UpdateArtifactInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) aliases: Option<Vec<ArtifactAliasInput>>,
    pub(crate) description: Option<String>,
    pub(crate) labels: Option<JsonString>,
    pub(crate) metadata: Option<JsonString>,
    pub(crate) ttl_duration_seconds: Option<Int64>,
    pub(crate) tags_to_add: Option<Vec<TagInput>>,
    pub(crate) tags_to_delete: Option<Vec<TagInput>>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct DeleteArtifactInput {
    #[graphql(name = "artifactID")]
    pub(crate) artifact_id: ID,
    pub(crate) delete_aliases: Option<bool>,
    pub(crate) client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct StopRunInput {
    pub(crate) id: ID,
    pub(crate) client_mutation_id: Option<String>,
}
