//! A run: started, kept alive, ended exactly once.

mod existing;
mod files;
mod filestream;
mod options;
mod start;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use wabucket_model::{EntityName, ProjectName, RunId};

use crate::native::PartSizes;
use crate::{Client, ProjectPath, WandbError};
use existing::Origin;
use filestream::Filestream;

pub use options::{GitState, Resume, RunOptions};

/// How long the end of a run may take to be recorded.
const FINISH_BUDGET: Duration = Duration::from_secs(45);

/// How much of that the run's files may take.
const FILES_BUDGET: Duration = Duration::from_secs(20);

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
    fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed { .. } => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    fn exit_code(self) -> u8 {
        match self {
            Self::Finished => 0,
            Self::Failed { exit_code } => exit_code.max(1),
            // What W&B's own client reports for an interrupt.
            Self::Interrupted => 255,
        }
    }
}

/// A run that is kept alive until it is finished or dropped.
pub struct Run {
    pub(crate) client: Client,
    path: RunPath,
    origin: Origin,
    options: RunOptions,
    started: jiff::Timestamp,
    stream: Filestream,
    summary: Mutex<Map<String, Value>>,
    pub(crate) parts: PartSizes,
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

    /// Sends native files from this size on in parts of that size, in bytes; W&B's own limits are 2 GiB and 100 MiB.
    #[must_use]
    pub fn with_multipart(self, from: u64, part: u64) -> Self {
        Self { parts: PartSizes { from, part }, ..self }
    }

    /// Ends the run: summary, configuration and files first, the end itself last, nothing after it.
    ///
    /// A run that was joined while another process kept it is left as it is. Waits a bounded time for a network that is
    /// away; the error says what is not recorded.
    pub async fn finish(self, outcome: RunOutcome) -> Result<(), WandbError> {
        let started = std::time::Instant::now();
        let problem = match tokio::time::timeout(FINISH_BUDGET, self.end(outcome)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "W&B cannot be reached".to_owned(),
        };
        Err(WandbError::EndUnrecorded {
            id: self.path.id.clone(),
            outcome: outcome.name(),
            problem,
            elapsed: started.elapsed(),
        })
    }

    async fn end(&self, outcome: RunOutcome) -> Result<(), WandbError> {
        self.stream.stop().await;
        let summary = self.summary_json();
        let uploaded = match &self.origin {
            Origin::Joined => return Ok(()),
            // Its files are those of the process that made it.
            Origin::Resumed(_) => Vec::new(),
            Origin::New => self.files_or_none(&summary).await,
        };
        self.stream.complete(&self.client, &self.path, summary, uploaded, outcome.exit_code()).await?;
        if outcome == RunOutcome::Finished {
            self.options.resume.forget();
        }
        Ok(())
    }

    /// Files are an extra: a run without them is still a run, so neither their failure nor their delay hides its end.
    async fn files_or_none(&self, summary: &Value) -> Vec<String> {
        match tokio::time::timeout(FILES_BUDGET, self.upload_files(summary)).await {
            Ok(Ok(uploaded)) => return uploaded,
            Ok(Err(error)) => tracing::warn!(%error, "cannot upload the run's files"),
            Err(_) => tracing::warn!("the run's files are not uploaded in time"),
        }
        Vec::new()
    }

    /// The summary of the run: what was there, and over it what is ours.
    fn summary_json(&self) -> Value {
        let mut summary = match &self.origin {
            Origin::Resumed(existing) => existing.summary.clone(),
            Origin::New | Origin::Joined => Map::new(),
        };
        summary.extend(self.summary.lock().expect("no holder of this lock panics").clone());
        let runtime = jiff::Timestamp::now().duration_since(self.started).as_secs();
        summary.entry("_runtime").or_insert_with(|| runtime.into());
        summary.entry("_wandb").or_insert_with(|| serde_json::json!({ "runtime": runtime }));
        Value::Object(summary)
    }
}
