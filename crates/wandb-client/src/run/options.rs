//! What a run starts with.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wabucket_model::{EntityName, Environment, ProjectName, RunArguments, RunId};

use crate::WandbError;

/// `WANDB_RESUME`: whether a run with the given id is joined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Resume {
    /// It is if it is there, else it is made. Also what happens when nothing is said: W&B's own client would then make
    /// the run anew and lose what it holds.
    #[default]
    Allow,
    /// It must be there.
    Must,
    /// It must not be there.
    Never,
    /// The run that ended badly in this folder is joined; this file holds its id.
    Auto(PathBuf),
}

impl Resume {
    /// Reads the variable.
    pub fn parse(text: Option<&str>, environment: &Environment) -> Result<Self, WandbError> {
        match text.map(str::to_ascii_lowercase).as_deref() {
            None | Some("allow" | "true" | "1") => Ok(Self::Allow),
            Some("must") => Ok(Self::Must),
            Some("never" | "false" | "0") => Ok(Self::Never),
            Some("auto") => {
                let folder = environment.path(environment.variable("WANDB_DIR").unwrap_or("."));
                Ok(Self::Auto(folder.join("wandb/wandb-resume.json")))
            }
            Some(_) => Err(WandbError::InvalidSetting {
                setting: "WANDB_RESUME".to_owned(),
                text: text.unwrap_or_default().to_owned(),
                rule: "must be allow, must, never or auto",
            }),
        }
    }

    /// The id of the run that ended badly here.
    pub(super) fn remembered(&self) -> Option<RunId> {
        let Self::Auto(file) = self else { return None };
        let known: Value = serde_json::from_slice(&fs_err::read(file).ok()?).ok()?;
        RunId::parse(known["run_id"].as_str()?).ok()
    }

    /// Remembers the run until it has ended well.
    pub(super) fn remember(&self, id: &RunId) {
        let Self::Auto(file) = self else { return };
        let folder = file.parent().unwrap_or(Path::new("."));
        let written =
            fs_err::create_dir_all(folder).and_then(|()| fs_err::write(file, json!({"run_id": id}).to_string()));
        if let Err(error) = written {
            tracing::warn!(%error, "cannot remember the run: it will not be resumed");
        }
    }

    pub(super) fn forget(&self) {
        if let Self::Auto(file) = self {
            // That it is gone already is as good.
            let _ = fs_err::remove_file(file);
        }
    }
}

/// What a run starts with.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The project.
    pub project: Option<ProjectName>,
    /// The entity; none means the default one of the key's owner.
    pub entity: Option<EntityName>,
    /// The id: of a run to join, or for the new one. None means a new random one.
    pub id: Option<RunId>,
    /// What happens if the run is there, or is not.
    pub resume: Resume,
    /// The name; none means that the server invents one.
    pub name: Option<String>,
    /// The job type.
    pub job_type: Option<String>,
    /// The job type of a run that is new and was given none.
    pub default_job_type: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// The configuration.
    pub config: RunArguments,
    /// The machine.
    pub host: Option<String>,
    /// The program.
    pub program: Option<String>,
    /// The program's arguments, without secrets.
    pub arguments: Vec<String>,
    /// The working folder.
    pub directory: Option<String>,
    /// The state of the repository in the working folder.
    pub git: Option<GitState>,
    /// Version of the program.
    pub version: &'static str,
}

/// The state of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitState {
    /// The commit.
    pub commit: String,
    /// The address of `origin`, without credentials.
    pub remote: Option<String>,
}
