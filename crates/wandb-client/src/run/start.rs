//! The start: a new run, or one to join.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wabucket_model::{EntityName, ProjectName, RunId};

use super::filestream::Filestream;
use super::{Ownership, Run, RunOptions, RunPath};
use crate::graphql::operation;
use crate::retry::Conflict;
use crate::{Client, WandbError, native};

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "upsertBucket")]
    upsert: Payload,
}

#[derive(Deserialize)]
struct Payload {
    bucket: Bucket,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    name: String,
    entity: Entity,
}

#[derive(Deserialize)]
struct Entity {
    name: String,
}

/// What is known of a run that is there already.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Existing {
    state: Option<String>,
    #[serde(default)]
    log_line_count: Option<u64>,
}

impl Client {
    /// Starts a run, or joins the one with the given id, and keeps it alive from now on.
    pub async fn start_run(&self, options: RunOptions) -> Result<Run, WandbError> {
        let existing = match &options.id {
            Some(id) => self.existing_run(&options, id).await?,
            None => None,
        };
        let is_running = existing.as_ref().is_some_and(|run| run.state.as_deref() == Some("running"));
        let ownership = if is_running { Ownership::Joined } else { Ownership::Ours };
        let id = options.id.clone().unwrap_or_else(random_id);
        let bucket = self.upsert(&options, &id, ownership).await?;
        let path = path(&options, bucket)?;
        let first_line = existing.and_then(|run| run.log_line_count).unwrap_or_default();
        Ok(Run {
            stream: Filestream::start(self.clone(), path.clone(), first_line),
            client: self.clone(),
            path,
            ownership,
            options,
            started: jiff::Timestamp::now(),
            summary: std::sync::Mutex::default(),
            multipart_from: native::multipart_from(),
        })
    }

    async fn existing_run(&self, options: &RunOptions, id: &RunId) -> Result<Option<Existing>, WandbError> {
        let operation = operation!("RunResumeStatus", "looking the run up in W&B");
        let variables = json!({"project": options.project, "entity": options.entity, "name": id});
        let mut data: Value = self.transport.execute(&operation, variables).await?;
        let bucket = data["model"]["bucket"].take();
        if bucket.is_null() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_value(bucket).unwrap_or_default()))
    }

    async fn upsert(&self, options: &RunOptions, id: &RunId, ownership: Ownership) -> Result<Bucket, WandbError> {
        let mut variables = json!({"name": id, "project": options.project, "entity": options.entity});
        // What is null stays as it is: nothing of a run that another process keeps is overwritten.
        if ownership == Ownership::Ours {
            let git = options.git.as_ref();
            variables["groupName"] = json!(options.group);
            variables["displayName"] = json!(options.name);
            variables["notes"] = json!(options.notes);
            variables["commit"] = json!(git.map(|git| &git.commit));
            variables["repo"] = json!(git.and_then(|git| git.remote.as_ref()));
            variables["host"] = json!(options.host);
            variables["program"] = json!(options.program);
            variables["jobType"] = json!(options.job_type);
            variables["config"] = json!(config(options).to_string());
            if !options.tags.is_empty() {
                variables["tags"] = json!(options.tags);
            }
        }
        let operation = operation!("UpsertBucket", "starting a run in W&B", Conflict::Retry);
        let data: Data = self.transport.execute(&operation, variables).await?;
        Ok(data.upsert.bucket)
    }
}

/// The configuration in W&B's form. The member `t` lets W&B's own client resume the run.
pub(super) fn config(options: &RunOptions) -> Value {
    let mut config: Map<String, Value> =
        options.config.as_map().iter().map(|(key, value)| (key.clone(), json!({ "value": value }))).collect();
    config.insert("_wandb".to_owned(), json!({"value": {"cli_version": options.version, "t": {"5": options.version}}}));
    Value::Object(config)
}

fn path(options: &RunOptions, bucket: Bucket) -> Result<RunPath, WandbError> {
    let missing = |what: &str| WandbError::Protocol {
        operation: "starting a run in W&B".to_owned(),
        message: format!("the answer names no {what}"),
    };
    let (project, entity) = match bucket.project {
        Some(project) => (ProjectName::parse(&project.name)?, EntityName::parse(&project.entity.name)?),
        None => (
            options.project.clone().ok_or_else(|| missing("project"))?,
            options.entity.clone().ok_or_else(|| missing("entity"))?,
        ),
    };
    Ok(RunPath { entity, project, id: RunId::parse(&bucket.name)? })
}

/// Eight characters, as W&B's own client makes them.
fn random_id() -> RunId {
    const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let id: String = (0..8).map(|_| char::from(CHARACTERS[rand::random_range(0..CHARACTERS.len())])).collect();
    RunId::parse(&id).expect("letters and digits are a run id")
}
