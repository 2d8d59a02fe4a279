//! The registry: W&B, or the embedded one started in this process. One client talks to both.

use std::net::{Ipv4Addr, SocketAddr};

use wabucket_model::{ArtifactName, ArtifactPath, ArtifactType, EntityName, RunId};
use wabucket_registry::{Registry, RegistryOptions};
use wandb_client::{
    Artifact, BaseUrl, Client, ProjectPath, RetryPolicy, Run, RunOptions, Server, Settings as WandbSettings,
};

use crate::report::{ArtifactSummary, RunSummary};
use crate::serve::DEFAULT_ADDRESS;
use crate::{Error, Settings, command_line, git};

/// A client, and where runs and artifacts go.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) project: ProjectPath,
    embedded: Option<Registry>,
}

/// What one operation adds to its run.
pub(crate) struct RunRequest {
    pub(crate) verb: &'static str,
    pub(crate) config: wabucket_model::RunArguments,
    pub(crate) tags: Vec<String>,
}

impl Connection {
    /// Starts the embedded registry if it is wanted, and finds out who we are.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Error> {
        let (server, embedded) = match &settings.embedded {
            None => (Server::FromEnvironment, None),
            Some(directory) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let options = RegistryOptions { directory: directory.clone(), address };
                let registry = Registry::start(options).await?;
                let base_url = BaseUrl::resolve(Some(registry.base_url().as_str()))?;
                let app_url = format!("http://{DEFAULT_ADDRESS}");
                (Server::Given { base_url, api_key: registry.api_key().clone(), app_url }, Some(registry))
            }
        };
        let client = Client::new(WandbSettings::resolve(&settings.environment, server)?, RetryPolicy::default())?;
        let viewer = client.viewer().await?;
        let entity = match (&settings.entity, &embedded) {
            // The variables of an account do not name an entity of the embedded registry.
            (_, Some(_)) => viewer.entity,
            (Some(entity), None) => Some(entity.to_string()),
            (None, None) => client.settings().entity.clone().or(viewer.entity),
        };
        let entity = EntityName::parse(&entity.ok_or(Error::NoEntity)?)?;
        Ok(Self { client, project: ProjectPath { entity, project: settings.project.clone() }, embedded })
    }

    pub(crate) async fn close(self) {
        if let Some(registry) = self.embedded {
            registry.stop().await;
        }
    }

    /// Refuses a type that the collection does not have.
    pub(crate) async fn check_type(&self, artifact_type: &ArtifactType, name: &ArtifactName) -> Result<(), Error> {
        match self.client.collection_type(&self.project, name).await? {
            Some(found) if found != artifact_type.as_str() => {
                Err(Error::TypeMismatch { name: name.to_string(), found, wanted: artifact_type.to_string() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn find(&self, path: &ArtifactPath) -> Result<Option<Artifact>, Error> {
        Ok(self.client.find_artifact(&self.project, path).await?)
    }

    /// Starts the run of an operation.
    pub(crate) async fn start_run(&self, settings: &Settings, request: RunRequest) -> Result<Run, Error> {
        let said = &self.client.settings().run;
        let directory = settings.environment.current_dir();
        let tags = [said.tags.clone(), request.tags].concat();
        let options = RunOptions {
            project: Some(self.project.project.clone()),
            entity: Some(self.project.entity.clone()),
            id: said.id.as_deref().map(RunId::parse).transpose()?,
            name: settings.run_name.clone().or_else(|| said.name.clone()),
            resume: said.resume.clone(),
            job_type: settings.job_type.clone().or_else(|| said.job_type.clone()),
            default_job_type: Some(request.verb.to_owned()),
            group: said.group.clone(),
            notes: said.notes.clone(),
            tags,
            config: request.config,
            host: said.host.clone().or_else(|| gethostname::gethostname().into_string().ok()),
            program: said.program.clone().or_else(|| settings.command_line.first().cloned()),
            arguments: command_line::without_secrets(settings.command_line.get(1..).unwrap_or_default()),
            directory: Some(directory.display().to_string()),
            git: git::state(&settings.environment),
            version: env!("CARGO_PKG_VERSION"),
        };
        Ok(self.client.start_run(options).await?)
    }
}

/// The run for reports.
pub(crate) fn run_summary(run: &Run) -> RunSummary {
    let path = run.path();
    RunSummary { id: path.id.clone(), entity: path.entity.clone(), project: path.project.clone(), url: run.url() }
}

/// The version for reports.
pub(crate) fn artifact_summary(artifact: &Artifact, artifact_type: &ArtifactType) -> ArtifactSummary {
    ArtifactSummary {
        artifact_type: artifact_type.clone(),
        name: artifact.name.clone(),
        version: artifact.version.clone(),
        aliases: artifact.aliases.clone(),
        digest: artifact.digest.to_string(),
        url: artifact.url.clone(),
    }
}
