//! `download`: a version's files come to a folder, checked, and the run is recorded as a user of the version.

use std::path::{Path, PathBuf};
use std::time::Instant;

use wabucket_model::{Alias, ArtifactFolder, ArtifactName, ArtifactPath, ArtifactType, RunArguments};
use wabucket_transfer::{DestinationProblem, DownloadPlan, TransferError};
use wandb_client::{Artifact, Run};

use crate::inside_run::inside_run;
use crate::registry::{Connection, artifact_summary, run_summary};
use crate::report::{DownloadReport, RunSummary};
use crate::sources::{self, Located};
use crate::upload::summarise;
use crate::{Control, Error, Session, config_defaults};

/// What to download, and where to.
#[derive(Debug, Clone)]
pub struct DownloadOptions {
    /// The artifact's type.
    pub artifact_type: ArtifactType,
    /// The artifact's name.
    pub name: ArtifactName,
    /// The alias, version or digest.
    pub alias: Alias,
    /// The folder to download into; by default `./TYPE/NAME/ALIAS`.
    pub destination: Option<PathBuf>,
    /// The run's configuration.
    pub run_arguments: RunArguments,
}

impl Session {
    /// Downloads a version in a run of its own.
    ///
    /// # Errors
    /// Fails before a run is started if the version is not there, has another type, or if the destination is a file.
    /// Bytes that are not those that were uploaded are an error, and never get their final name.
    pub async fn download(&self, options: DownloadOptions, control: &Control) -> Result<DownloadReport, Error> {
        let started = Instant::now();
        let config = config_defaults::with_defaults(options.run_arguments, &self.settings.environment)?;
        let folder = ArtifactFolder { artifact_type: options.artifact_type, name: options.name, alias: options.alias };
        let shown = options.destination.unwrap_or_else(|| default_destination(&folder));
        let destination = self.settings.environment.current_dir().join(&shown);
        check_destination(&destination, &shown)?;
        let (artifact, plan) = control.before_run(self.plan_download(&folder)).await?;
        let run = self.start_run("download", config).await?;
        let fetch = async |run: &Run| fetch(run, &artifact, &plan, &destination, control).await;
        let ((run, fetched), warnings) = inside_run(run, control, fetch).await?;
        Ok(DownloadReport {
            run,
            artifact: artifact_summary(&artifact, &folder.artifact_type),
            destination: shown,
            files: plan.files.len() as u64,
            bytes: fetched.bytes,
            files_already_right: fetched.files_already_right,
            bytes_fetched: fetched.bytes_moved,
            duration: started.elapsed(),
            warnings: self.take_warnings(warnings),
        })
    }
}

impl Session {
    /// Finds the version and the bytes of all its files.
    async fn plan_download(&self, folder: &ArtifactFolder) -> Result<(Artifact, DownloadPlan), Error> {
        let connection = self.connection().await?;
        let artifact = find(connection, folder).await?;
        let manifest = connection.client.fetch_manifest(&artifact).await?;
        let located = Located { artifact: &artifact, manifest, folder };
        let plan = sources::plan(self, &connection.client, located).await?;
        Ok((artifact, plan))
    }
}

fn default_destination(folder: &ArtifactFolder) -> PathBuf {
    [folder.artifact_type.as_str(), folder.name.as_str(), folder.alias.as_str()].iter().collect()
}

fn check_destination(destination: &Path, shown: &Path) -> Result<(), Error> {
    if destination.exists() && !destination.is_dir() {
        let problem = DestinationProblem::IsAFile;
        return Err(TransferError::Destination { path: shown.to_path_buf(), problem }.into());
    }
    Ok(())
}

/// The version, if it has the type.
async fn find(connection: &Connection, folder: &ArtifactFolder) -> Result<Artifact, Error> {
    let path = ArtifactPath { name: folder.name.clone(), alias: folder.alias.clone() };
    let Some(artifact) = connection.find(&path).await? else {
        return Err(not_found(connection, folder, path).await);
    };
    if artifact.artifact_type != folder.artifact_type.as_str() {
        return Err(Error::TypeMismatch {
            name: folder.name.to_string(),
            found: artifact.artifact_type,
            wanted: folder.artifact_type.to_string(),
        });
    }
    Ok(artifact)
}

/// Says what there is instead, as far as that can be found out.
async fn not_found(connection: &Connection, folder: &ArtifactFolder, path: ArtifactPath) -> Error {
    const SHOWN: usize = 8;
    let versions = connection.client.recent_versions(&connection.project, &folder.artifact_type, &folder.name).await;
    let names = |artifact: &Artifact| [artifact.aliases.clone(), vec![artifact.version.clone()]].concat();
    let versions = versions.unwrap_or_default();
    let known = versions.iter().flat_map(names).take(SHOWN).map(|alias| alias.to_string());
    let project = &connection.project;
    Error::ArtifactNotFound { path, project: format!("{}/{}", project.entity, project.project), known: known.collect() }
}

struct Fetched {
    bytes: u64,
    files_already_right: u64,
    bytes_moved: u64,
}

async fn fetch(
    run: &Run,
    artifact: &Artifact,
    plan: &DownloadPlan,
    destination: &Path,
    control: &Control,
) -> Result<(RunSummary, Fetched), Error> {
    let started = Instant::now();
    run.use_artifact(artifact).await?;
    run.log_line(&format!("downloading {} files of {}:{}", plan.files.len(), artifact.name, artifact.version));
    let report = plan.run(destination, &control.transfer_options()).await?;
    let sizes = plan.files.iter().map(|file| match file.size {
        Some(size) => size,
        None => fs_err::metadata(file.path.below(destination)).map_or(0, |metadata| metadata.len()),
    });
    let bytes = sizes.sum();
    summarise(run, wabucket_transfer::Totals { files: plan.files.len() as u64, bytes }, started);
    let fetched = Fetched { bytes, files_already_right: report.already_right.len() as u64, bytes_moved: report.bytes };
    Ok((run_summary(run), fetched))
}
