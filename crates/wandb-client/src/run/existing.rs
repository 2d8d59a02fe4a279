//! A run that is there already: found, judged by what `WANDB_RESUME` wants, and respected.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wabucket_model::RunId;

use super::{Resume, RunOptions};
use crate::graphql::operation;
use crate::{Client, WandbError};

/// Whose run it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// Ours.
    New,
    /// It had ended before we came: we add to it, and end it again.
    Resumed(Box<Existing>),
    /// It is running: another process keeps it and ends it. A line of ours in its stream could overwrite one of that
    /// process, and a heartbeat after its end would bring it back, so the stream is not ours at all.
    Joined,
}

/// What a run holds that must survive us.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Existing {
    pub(super) config: Map<String, Value>,
    pub(super) summary: Map<String, Value>,
    pub(super) tags: Vec<String>,
    /// The number of the first log line that is ours.
    pub(super) log_lines: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    state: Option<String>,
    #[serde(default)]
    log_line_count: Option<u64>,
    summary_metrics: Option<String>,
    config: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Client {
    /// The id to start under, and whether a run is there that may be joined.
    pub(super) async fn origin(&self, options: &RunOptions) -> Result<(Option<RunId>, Origin), WandbError> {
        let id = options.id.clone().or_else(|| options.resume.remembered());
        let Some(id) = id else {
            return match options.resume {
                Resume::Must => Err(WandbError::InvalidSetting {
                    setting: "WANDB_RESUME".to_owned(),
                    text: "must".to_owned(),
                    rule: "needs WANDB_RUN_ID to name the run",
                }),
                Resume::Allow | Resume::Never | Resume::Auto(_) => Ok((None, Origin::New)),
            };
        };
        let found = self.existing_run(options, &id).await?;
        let origin = match (found, &options.resume) {
            (None, Resume::Must) => {
                return Err(WandbError::NotFound {
                    operation: format!("resuming run {id}"),
                    message: "there is no such run, and WANDB_RESUME is must".to_owned(),
                });
            }
            (Some(_), Resume::Never) => return Err(WandbError::RunExists { id }),
            (None, _) => Origin::New,
            (Some(run), _) if run.state.as_deref() == Some("running") => Origin::Joined,
            (Some(run), _) => Origin::Resumed(Box::new(run.into())),
        };
        Ok((Some(id), origin))
    }

    async fn existing_run(&self, options: &RunOptions, id: &RunId) -> Result<Option<Bucket>, WandbError> {
        let operation = operation!("RunResumeStatus", "looking the run up in W&B");
        let variables = json!({"project": options.project, "entity": options.entity, "name": id});
        let mut data: Value = self.transport.execute(&operation, variables).await?;
        let bucket = data["model"]["bucket"].take();
        serde_json::from_value(bucket).map_err(|error| WandbError::Protocol {
            operation: operation.description.to_owned(),
            message: error.to_string(),
        })
    }
}

impl From<Bucket> for Existing {
    fn from(bucket: Bucket) -> Self {
        let object = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self {
            config: object(bucket.config),
            summary: object(bucket.summary_metrics),
            tags: bucket.tags.unwrap_or_default(),
            log_lines: bucket.log_line_count.unwrap_or_default(),
        }
    }
}
