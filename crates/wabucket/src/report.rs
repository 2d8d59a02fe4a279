//! What a command did: plain data for a terminal, a pipe or a program.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use wabucket_model::{Alias, ArtifactName, ArtifactType, EntityName, ProjectName, RunId};

/// The run a command was recorded in.
#[derive(Debug, Clone, Serialize)]
pub struct RunSummary {
    /// The run's id.
    pub id: RunId,
    /// Its entity, as the registry spells it.
    pub entity: EntityName,
    /// Its project, as the registry spells it.
    pub project: ProjectName,
    /// Its page.
    pub url: String,
}

/// A version as it stands in the registry.
#[derive(Debug, Clone, Serialize)]
pub struct ArtifactSummary {
    /// The artifact's type.
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// The artifact's name.
    pub name: ArtifactName,
    /// `vN`.
    pub version: Alias,
    /// Every alias of the version, `latest` among them when it is the newest.
    pub aliases: Vec<Alias>,
    /// The version's digest in hex.
    pub digest: String,
    /// Its page.
    pub url: String,
}

/// Whether logging made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new version was made.
    NewVersion,
    /// A version with this very content was there already; it now also has the requested aliases and metadata.
    Unchanged,
}

impl From<wandb_client::Logging> for Outcome {
    fn from(logging: wandb_client::Logging) -> Self {
        match logging {
            wandb_client::Logging::NewVersion => Self::NewVersion,
            wandb_client::Logging::Unchanged => Self::Unchanged,
        }
    }
}

/// What `upload` did.
#[derive(Debug, Clone, Serialize)]
pub struct UploadReport {
    /// The run.
    pub run: RunSummary,
    /// The version.
    pub artifact: ArtifactSummary,
    /// The alias that was asked for, or made up.
    pub alias: Alias,
    /// Whether it is new.
    pub outcome: Outcome,
    /// Where the bytes are: the URL of the artifact folder, or the artifact's page for native uploads.
    pub location: String,
    /// Files in the version.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// From start to finish, in seconds.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub duration: Duration,
    /// What went wrong without doing harm to the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What `link` did.
#[derive(Debug, Clone, Serialize)]
pub struct LinkReport {
    /// The run.
    pub run: RunSummary,
    /// The version.
    pub artifact: ArtifactSummary,
    /// The alias that was asked for, or made up.
    pub alias: Alias,
    /// Whether it is new.
    pub outcome: Outcome,
    /// The URL of the linked folder.
    pub location: String,
    /// Files in the version.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// From start to finish, in seconds.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub duration: Duration,
    /// What went wrong without doing harm to the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What `download` did.
#[derive(Debug, Clone, Serialize)]
pub struct DownloadReport {
    /// The run.
    pub run: RunSummary,
    /// The version.
    pub artifact: ArtifactSummary,
    /// Where the files are now.
    pub destination: PathBuf,
    /// Files in the version.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were already right at the destination.
    pub files_already_right: u64,
    /// Bytes that were fetched.
    pub bytes_fetched: u64,
    /// From start to finish, in seconds.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub duration: Duration,
    /// What went wrong without doing harm to the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Milliseconds are as exact as anyone reads.
    serializer.serialize_f64((duration.as_secs_f64() * 1e3).round() / 1e3)
}
