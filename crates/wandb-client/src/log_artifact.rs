//! Logging a version: draft, manifest, files, commit. The commit is the moment it becomes visible.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wabucket_model::{Alias, ArtifactName, ArtifactType, Manifest, ManifestEntry, Metadata};

use crate::graphql::operation;
use crate::manifest::DraftVersion;
use crate::native::NativeFile;
use crate::run::Run;
use crate::{Artifact, WandbError};

/// A version to log.
#[derive(Debug, Clone)]
pub struct ArtifactDraft {
    /// The type.
    pub artifact_type: ArtifactType,
    /// The collection.
    pub name: ArtifactName,
    /// Aliases besides `latest`, which is always asked for.
    pub aliases: Vec<Alias>,
    /// What it is, for people.
    pub description: Option<String>,
    /// What the user says about it.
    pub metadata: Metadata,
    /// What is in it.
    pub contents: ArtifactContents,
}

/// What a version consists of.
#[derive(Debug, Clone)]
pub enum ArtifactContents {
    /// References: W&B holds the manifest only.
    References(Manifest),
    /// Files whose bytes go to W&B.
    Native(Vec<NativeFile>),
}

/// Whether logging made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logging {
    /// It did.
    NewVersion,
    /// One with this content was there; it has the aliases, the description and the metadata now.
    Unchanged,
}

/// A version after logging.
#[derive(Debug, Clone)]
pub struct LoggedArtifact {
    /// The version.
    pub artifact: Artifact,
    /// Whether it is new.
    pub logging: Logging,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    state: String,
    #[serde(rename = "artifactSequence")]
    sequence: Option<Sequence>,
}

#[derive(Deserialize)]
struct Sequence {
    #[serde(rename = "latestArtifact")]
    latest: Option<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Run {
    /// Logs a version as an output of this run. `progress` is told the bytes of native files as they are sent.
    ///
    /// A create or a commit whose answer is lost is repeated under the same client id and makes one version.
    pub async fn log_artifact(
        &self,
        draft: ArtifactDraft,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<LoggedArtifact, WandbError> {
        let manifest = match &draft.contents {
            ArtifactContents::References(manifest) => Cow::Borrowed(manifest),
            ArtifactContents::Native(files) => Cow::Owned(native_manifest(files)),
        };
        let created = self.create_artifact(&draft, &manifest).await?;
        if created.state == "COMMITTED" {
            let artifact = self.apply_to_existing(&draft, &created.id).await?;
            return Ok(LoggedArtifact { artifact, logging: Logging::Unchanged });
        }
        let base =
            created.sequence.as_ref().and_then(|sequence| sequence.latest.as_ref()).map(|latest| latest.id.clone());
        let version = DraftVersion { artifact: &created.id, base: base.as_deref() };
        let id = self.announce_manifest(&version).await?;
        let manifest = match &draft.contents {
            ArtifactContents::References(_) => manifest,
            ArtifactContents::Native(files) => {
                Cow::Owned(self.upload_native(&created.id, &id, files, manifest.into_owned(), progress).await?)
            }
        };
        self.upload_manifest(&version, &manifest).await?;
        self.commit_artifact(&created.id).await?;
        let artifact = self.client.artifact_by_id(&self.project(), &created.id).await?;
        Ok(LoggedArtifact { artifact, logging: Logging::NewVersion })
    }

    async fn create_artifact(&self, draft: &ArtifactDraft, manifest: &Manifest) -> Result<Created, WandbError> {
        #[derive(Deserialize)]
        struct Data {
            #[serde(rename = "createArtifact")]
            create: Payload,
        }
        #[derive(Deserialize)]
        struct Payload {
            artifact: Created,
        }
        let mut input = json!({
            "entityName": self.path().entity,
            "projectName": self.path().project,
            "runName": self.path().id,
            "artifactTypeName": draft.artifact_type,
            "artifactCollectionNames": [draft.name],
            "digest": manifest.digest().as_str(),
            "digestAlgorithm": "MANIFEST_MD5",
            "aliases": requested(draft).iter().map(|alias| json!({
                "alias": alias, "artifactCollectionName": draft.name,
            })).collect::<Vec<_>>(),
            "clientID": random_id(),
            "sequenceClientID": random_id(),
            "enableDigestDeduplication": true,
        });
        // Servers refuse members they do not know even when they are null, so what is not needed is not sent.
        if let Some(description) = &draft.description {
            input["description"] = json!(description);
        }
        if !draft.metadata.is_empty() {
            input["metadata"] = Value::String(Value::Object(draft.metadata.as_map().clone()).to_string());
        }
        let operation = operation!("CreateArtifact", "creating the artifact in W&B");
        let data: Data = self.client.transport.execute(&operation, json!({ "input": input })).await?;
        Ok(data.create.artifact)
    }

    /// A version with this content is there: gives it what was asked for.
    async fn apply_to_existing(&self, draft: &ArtifactDraft, id: &str) -> Result<Artifact, WandbError> {
        let project = self.project();
        let artifact = self.client.artifact_by_id(&project, id).await?;
        let missing: Vec<_> = requested(draft).into_iter().filter(|alias| !artifact.aliases.contains(alias)).collect();
        if !missing.is_empty() {
            let alias = |alias: &Alias| {
                json!({
                    "entityName": project.entity, "projectName": project.project,
                    "artifactCollectionName": draft.name, "alias": alias,
                })
            };
            let input = json!({"artifactID": id, "aliases": missing.iter().map(alias).collect::<Vec<_>>()});
            let operation = operation!("AddAliases", "adding aliases to the artifact in W&B");
            let _: Value = self.client.transport.execute(&operation, json!({ "input": input })).await?;
        }
        let mut changes = Map::new();
        if !draft.metadata.is_empty() && &artifact.metadata != draft.metadata.as_map() {
            changes.insert("metadata".to_owned(), json!(Value::Object(draft.metadata.as_map().clone()).to_string()));
        }
        if draft.description.is_some() && artifact.description != draft.description {
            changes.insert("description".to_owned(), json!(draft.description));
        }
        if !changes.is_empty() {
            changes.insert("artifactID".to_owned(), json!(id));
            let input = Value::Object(changes);
            let operation = operation!("UpdateArtifact", "updating the artifact's metadata in W&B");
            let _: Value = self.client.transport.execute(&operation, json!({ "input": input })).await?;
        }
        self.client.artifact_by_id(&project, id).await
    }

    async fn commit_artifact(&self, id: &str) -> Result<(), WandbError> {
        let operation = operation!("CommitArtifact", "committing the artifact in W&B");
        let _: Value = self.client.transport.execute(&operation, json!({ "artifactID": id })).await?;
        Ok(())
    }

    /// Marks a version as an input of this run.
    pub async fn use_artifact(&self, artifact: &Artifact) -> Result<(), WandbError> {
        let operation = operation!("UseArtifact", "marking the artifact as used in W&B");
        let input = json!({
            "artifactID": artifact.id,
            "entityName": self.path().entity,
            "projectName": self.path().project,
            "runName": self.path().id,
        });
        let _: Value = self.client.transport.execute(&operation, json!({ "input": input })).await?;
        Ok(())
    }
}

/// The aliases of a draft, `latest` among them.
fn requested(draft: &ArtifactDraft) -> Vec<Alias> {
    let mut aliases = draft.aliases.clone();
    if !aliases.contains(&Alias::latest()) {
        aliases.push(Alias::latest());
    }
    aliases
}

fn native_manifest(files: &[NativeFile]) -> Manifest {
    let entry = |file: &NativeFile| {
        let entry = ManifestEntry { digest: file.md5.to_base64(), size: Some(file.size), ..ManifestEntry::default() };
        (file.path.as_str().to_owned(), entry)
    };
    Manifest::new(files.iter().map(entry).collect::<BTreeMap<_, _>>())
}

/// 128 characters, as W&B's own client makes them.
fn random_id() -> String {
    const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..128).map(|_| char::from(CHARACTERS[rand::random_range(0..CHARACTERS.len())])).collect()
}
