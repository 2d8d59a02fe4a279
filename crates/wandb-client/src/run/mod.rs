//! A run: started, kept alive, ended exactly once.

mod files;
mod filestream;
mod start;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use wabucket_model::{EntityName, ProjectName, RunArguments, RunId};

use crate::{Client, ProjectPath, WandbError};
use filestream::Filestream;

/// How long the end of a run may take to be recorded.
const FINISH_BUDGET: Duration = Duration::from_secs(45);

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPath {
    /// The entity, as the server spells it.
    pub entity: EntityName,
    /// The project, as the server spells it.
    pub project: ProjectName,
    /// The run's id.
    pub id: RunId,
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
    /// The name; none means that the server invents one.
    pub name: Option<String>,
    /// The job type.
    pub job_type: Option<String>,
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

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// All went well.
    Finished,
    /// It did not.
    Failed {
        /// The exit code, not 0.
        exit_code: u8,
    },
    /// The user stopped it.
    Interrupted,
}

impl RunOutcome {
    fn exit_code(self) -> u8 {
        match self {
            Self::Finished => 0,
            Self::Failed { exit_code } => exit_code.max(1),
            // What W&B's own client reports for an interrupt.
            Self::Interrupted => 255,
        }
    }
}

/// Whose run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ownership {
    /// Ours: made now, or made earlier and not running any more.
    Ours,
    /// It was running when we came: another process ends it.
    Joined,
}

/// A run that is kept alive until it is finished or dropped.
pub struct Run {
    pub(crate) client: Client,
    path: RunPath,
    ownership: Ownership,
    options: RunOptions,
    started: jiff::Timestamp,
    stream: Filestream,
    summary: Mutex<Map<String, Value>>,
    pub(crate) multipart_from: u64,
}

impl Run {
    /// Where it is.
    pub fn path(&self) -> &RunPath {
        &self.path
    }

    /// Its project.
    pub fn project(&self) -> ProjectPath {
        ProjectPath { entity: self.path.entity.clone(), project: self.path.project.clone() }
    }

    /// The client it was started with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its page.
    pub fn url(&self) -> String {
        crate::page::run(&self.client.app_url(), &self.path)
    }

    /// Adds a line to the run's log.
    pub fn log_line(&self, line: &str) {
        self.stream.push_output(&self.client.redact(line));
    }

    /// Adds to the run's summary.
    pub fn summarise(&self, key: &str, value: impl Into<Value>) {
        self.summary.lock().expect("no holder of this lock panics").insert(key.to_owned(), value.into());
    }

    /// Cancelled when a user stops the run in W&B.
    pub fn stop_requested(&self) -> &CancellationToken {
        self.stream.stop_requested()
    }

    /// Lowers the size from which on native files are sent in parts.
    #[must_use]
    pub fn with_multipart_from(self, bytes: u64) -> Self {
        Self { multipart_from: bytes, ..self }
    }

    /// Ends the run: summary, configuration and files first, the end itself last, nothing after it.
    ///
    /// A run that was joined while another process kept it is not ended. Waits a bounded time for a network that is
    /// away; the error says what is not recorded.
    pub async fn finish(self, outcome: RunOutcome) -> Result<(), WandbError> {
        let unrecorded = |message: String| WandbError::Unavailable {
            operation: format!("recording the end of run {}", self.path.id),
            message,
            tries: 1,
            elapsed: FINISH_BUDGET,
            source: None,
        };
        let late = || unrecorded("it stays \"running\" in W&B until W&B calls it crashed".to_owned());
        match tokio::time::timeout(FINISH_BUDGET, self.end(outcome)).await {
            Ok(result) => result,
            Err(_) => Err(late()),
        }
    }

    async fn end(&self, outcome: RunOutcome) -> Result<(), WandbError> {
        self.stream.stop().await;
        let summary = self.summary_json();
        if self.ownership == Ownership::Joined {
            return self.stream.flush(&self.client, &self.path).await;
        }
        // Files are an extra: a run without them is still a run, so their failure does not hide its end.
        let uploaded = self.upload_files(&summary).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot upload the run's files");
            Vec::new()
        });
        self.stream.complete(&self.client, &self.path, summary, uploaded, outcome.exit_code()).await
    }

    fn summary_json(&self) -> Value {
        let mut summary = self.summary.lock().expect("no holder of this lock panics").clone();
        let runtime = jiff::Timestamp::now().duration_since(self.started).as_secs();
        summary.insert("_wandb".to_owned(), serde_json::json!({ "runtime": runtime }));
        Value::Object(summary)
    }
}
