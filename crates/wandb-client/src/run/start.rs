//! The start: a new run, or one to join.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wabucket_model::{EntityName, ProjectName, RunId};

use super::existing::Origin;
use super::filestream::Filestream;
use super::{Run, RunOptions, RunPath};
use crate::graphql::operation;
use crate::native::PartSizes;
use crate::retry::Conflict;
use crate::{Client, WandbError};

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

impl Client {
    /// Starts a run, or joins the one with the given id, and keeps it alive from now on.
    pub async fn start_run(&self, options: RunOptions) -> Result<Run, WandbError> {
        let (id, origin) = self.origin(&options).await?;
        let id = id.unwrap_or_else(random_id);
        let bucket = self.upsert(&options, &id, &origin).await?;
        let path = path(&options, bucket)?;
        options.resume.remember(&path.id);
        Ok(Run {
            stream: Filestream::start(self.clone(), path.clone(), &origin),
            client: self.clone(),
            path,
            origin,
            options,
            started: jiff::Timestamp::now(),
            summary: std::sync::Mutex::default(),
            parts: PartSizes::default(),
        })
    }

    async fn upsert(&self, options: &RunOptions, id: &RunId, origin: &Origin) -> Result<Bucket, WandbError> {
        let mut variables = json!({"name": id, "project": options.project, "entity": options.entity});
        // What is null stays as it is.
        if *origin != Origin::Joined {
            variables["groupName"] = json!(options.group);
            variables["displayName"] = json!(options.name);
            variables["notes"] = json!(options.notes);
            variables["jobType"] = json!(options.job_type);
            variables["config"] = json!(config(options, origin).to_string());
        }
        if *origin == Origin::New {
            let git = options.git.as_ref();
            variables["jobType"] = json!(options.job_type.as_ref().or(options.default_job_type.as_ref()));
            variables["commit"] = json!(git.map(|git| &git.commit));
            variables["repo"] = json!(git.and_then(|git| git.remote.as_ref()));
            variables["host"] = json!(options.host);
            variables["program"] = json!(options.program);
        }
        let tags = tags(options, origin);
        if !tags.is_empty() {
            variables["tags"] = json!(tags);
        }
        let operation = operation!("UpsertBucket", "starting a run in W&B", Conflict::Retry);
        let data: Data = self.transport.execute(&operation, variables).await?;
        Ok(data.upsert.bucket)
    }
}

/// The tags to set, since setting some replaces those that are there. None means: leave them.
fn tags(options: &RunOptions, origin: &Origin) -> Vec<String> {
    let known = match origin {
        Origin::New => &[],
        Origin::Resumed(existing) => existing.tags.as_slice(),
        Origin::Joined => return Vec::new(),
    };
    let new: Vec<_> = options.tags.iter().filter(|tag| !known.contains(tag)).cloned().collect();
    if new.is_empty() { new } else { [known.to_vec(), new].concat() }
}

/// The configuration in W&B's form: what the run has, and over it what is ours. The member `t` lets W&B's own client
/// resume the run.
pub(super) fn config(options: &RunOptions, origin: &Origin) -> Value {
    let mut config = match origin {
        Origin::Resumed(existing) => existing.config.clone(),
        Origin::New | Origin::Joined => Map::new(),
    };
    config.extend(options.config.as_map().iter().map(|(key, value)| (key.clone(), json!({ "value": value }))));
    let ours = json!({"value": {"cli_version": options.version, "t": {"5": options.version}}});
    config.entry("_wandb").or_insert(ours);
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
