//! Versions that are there: found by name, with their manifests.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wabucket_model::{
    Alias, ArtifactDigest, ArtifactName, ArtifactPath, ArtifactType, EntityName, Manifest, ProjectName,
};

use crate::graphql::operation;
use crate::retry::Conflict;
use crate::transport::{Body, Call, Key};
use crate::{Client, WandbError, page};

/// A project of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPath {
    /// The entity.
    pub entity: EntityName,
    /// The project.
    pub project: ProjectName,
}

/// One version.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// W&B's id.
    pub id: String,
    /// Its project.
    pub project: ProjectPath,
    /// Its type. Types that W&B keeps for itself are text only.
    pub artifact_type: String,
    /// Its collection.
    pub name: ArtifactName,
    /// `vN`.
    pub version: Alias,
    /// Its aliases, without `vN`.
    pub aliases: Vec<Alias>,
    /// Its digest.
    pub digest: ArtifactDigest,
    /// The description.
    pub description: Option<String>,
    /// The metadata.
    pub metadata: Map<String, Value>,
    /// Bytes, as far as the manifest knows.
    pub size: u64,
    /// Entries of the manifest.
    pub file_count: u64,
    /// Its page.
    pub url: String,
    pub(crate) manifest_url: Option<String>,
}

/// The fields that `queries/Artifact*.graphql` select.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactData {
    id: String,
    digest: String,
    version_index: Option<u64>,
    description: Option<String>,
    metadata: Option<String>,
    #[serde(default)]
    size: Option<f64>,
    #[serde(default)]
    file_count: Option<u64>,
    artifact_type: Named,
    artifact_sequence: Named,
    #[serde(default)]
    aliases: Vec<AliasData>,
    current_manifest: Option<ManifestData>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct AliasData {
    alias: String,
}

#[derive(Debug, Deserialize)]
struct ManifestData {
    file: FileData,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileData {
    direct_url: Option<String>,
}

impl Client {
    /// Finds the version that a name and an alias pick. `None` if there is none.
    pub async fn find_artifact(
        &self,
        project: &ProjectPath,
        path: &ArtifactPath,
    ) -> Result<Option<Artifact>, WandbError> {
        #[derive(Deserialize)]
        struct Data {
            project: Option<ProjectData>,
        }
        #[derive(Deserialize)]
        struct ProjectData {
            artifact: Option<ArtifactData>,
        }
        let operation = operation!("Artifact", "looking the artifact up in W&B");
        let variables = json!({"entity": project.entity, "project": project.project, "name": path.to_string()});
        let data: Data = self.transport.execute(&operation, variables).await?;
        let found = data.project.and_then(|project| project.artifact);
        found.map(|data| self.artifact(project, data)).transpose()
    }

    /// Finds a version by W&B's id.
    pub(crate) async fn artifact_by_id(&self, project: &ProjectPath, id: &str) -> Result<Artifact, WandbError> {
        #[derive(Deserialize)]
        struct Data {
            artifact: Option<ArtifactData>,
        }
        let operation = operation!("ArtifactByID", "reading the artifact from W&B");
        let data: Data = self.transport.execute(&operation, json!({ "id": id })).await?;
        let missing = || WandbError::NotFound {
            operation: operation.description.to_owned(),
            message: "the artifact is not there any more".to_owned(),
        };
        self.artifact(project, data.artifact.ok_or_else(missing)?)
    }

    /// Finds the version that a `wandb-artifact://` reference means, in whatever project it is.
    pub async fn referenced_artifact(&self, id: &str) -> Result<Artifact, WandbError> {
        #[derive(Deserialize)]
        struct Place {
            name: String,
            entity: Named,
        }
        let operation = operation!("ReferencedArtifact", "reading the referenced artifact from W&B");
        let mut data: Value = self.transport.execute(&operation, json!({ "id": id })).await?;
        let place = Place::deserialize(&data["artifact"]["artifactType"]["project"]);
        let place = place.map_err(|_| WandbError::NotFound {
            operation: operation.description.to_owned(),
            message: format!("{id} is not there, or not for you"),
        })?;
        let project =
            ProjectPath { entity: EntityName::parse(&place.entity.name)?, project: ProjectName::parse(&place.name)? };
        let data = serde_json::from_value(data["artifact"].take()).map_err(|error| WandbError::Protocol {
            operation: operation.description.to_owned(),
            message: error.to_string(),
        })?;
        self.artifact(&project, data)
    }

    /// The type of a collection; `None` if there is no such collection yet.
    pub async fn collection_type(
        &self,
        project: &ProjectPath,
        name: &ArtifactName,
    ) -> Result<Option<String>, WandbError> {
        let path = ArtifactPath { name: name.clone(), alias: Alias::latest() };
        Ok(self.find_artifact(project, &path).await?.map(|artifact| artifact.artifact_type))
    }

    /// The versions of a collection, newest first, a hundred at most: enough to say which there are.
    pub async fn recent_versions(
        &self,
        project: &ProjectPath,
        artifact_type: &ArtifactType,
        name: &ArtifactName,
    ) -> Result<Vec<Artifact>, WandbError> {
        let operation = operation!("ArtifactVersions", "listing the artifact's versions in W&B");
        let variables = json!({
            "entity": project.entity, "project": project.project, "type": artifact_type, "name": name, "first": 100,
        });
        let data: Value = self.transport.execute(&operation, variables).await?;
        let edges = data["project"]["artifactType"]["artifactCollection"]["artifacts"]["edges"].as_array().cloned();
        let node = |mut edge: Value| {
            let data = serde_json::from_value(edge["node"].take()).map_err(|error| WandbError::Protocol {
                operation: operation.description.to_owned(),
                message: error.to_string(),
            })?;
            self.artifact(project, data)
        };
        edges.unwrap_or_default().into_iter().map(node).collect()
    }

    /// Fetches a version's manifest.
    pub async fn fetch_manifest(&self, artifact: &Artifact) -> Result<Manifest, WandbError> {
        const OPERATION: &str = "fetching the artifact's manifest";
        let protocol = |message: String| WandbError::Protocol { operation: OPERATION.to_owned(), message };
        let url = if let Some(url) = &artifact.manifest_url {
            url.clone()
        } else {
            let fresh = self.artifact_by_id(&artifact.project, &artifact.id).await?;
            fresh.manifest_url.ok_or_else(|| protocol("the artifact has no manifest".to_owned()))?
        };
        let call = Call {
            operation: OPERATION,
            method: Method::GET,
            url: self.transport.resolve(OPERATION, &url)?,
            key: Key::for_link(&url),
            body: Body::Empty,
            headers: HeaderMap::new(),
            conflict: Conflict::Final,
            retry: self.transport.retry,
        };
        let answer = self.transport.send(call).await?;
        Manifest::from_json(&answer.body).map_err(|error| protocol(error.to_string()))
    }

    fn artifact(&self, project: &ProjectPath, data: ArtifactData) -> Result<Artifact, WandbError> {
        let name = ArtifactName::parse(&data.artifact_sequence.name)?;
        let version = Alias::parse(&format!("v{}", data.version_index.unwrap_or_default()))?;
        let (entity, project_name) = (project.entity.as_str(), project.project.as_str());
        let parts = [entity, project_name, &data.artifact_type.name, name.as_str(), version.as_str()];
        let metadata = data.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "W&B gives sizes as floats")]
        let size = data.size.unwrap_or_default() as u64;
        Ok(Artifact {
            url: page::artifact(&self.app_url(), parts),
            id: data.id,
            project: project.clone(),
            artifact_type: data.artifact_type.name,
            name,
            version,
            aliases: aliases(&data.aliases),
            digest: ArtifactDigest::new(data.digest),
            description: data.description,
            metadata,
            size,
            file_count: data.file_count.unwrap_or_default(),
            manifest_url: data.current_manifest.and_then(|manifest| manifest.file.direct_url),
        })
    }
}

/// The aliases that people gave; servers list `vN` among them.
fn aliases(listed: &[AliasData]) -> Vec<Alias> {
    let aliases = listed.iter().filter_map(|data| Alias::parse(&data.alias).ok());
    aliases.filter(|alias| alias.version_index().is_none()).collect()
}
