//! A run, its streams, its files, its inputs and outputs.

use std::collections::BTreeMap;

use async_graphql::{Context, ID, Object, SimpleObject};
use serde_json::{Map, Value};

use super::artifact::Artifact;
use super::connection::{Connection, PageRequest};
use super::file::File;
use super::project::Project;
use super::scalars::{DateTime, Int64, Json, JsonString};
use super::viewer::User;
use super::{Result, state};
use crate::objects::run_file_name;
use crate::storage::ids::{Kind, encode, encode_text};
use crate::storage::runs::{self, RunRow};
use crate::storage::{artifacts, projects};

pub(crate) const HISTORY: &str = "wandb-history.jsonl";
pub(crate) const EVENTS: &str = "wandb-events.jsonl";
pub(crate) const OUTPUT: &str = "output.log";

pub(crate) struct Run(pub(crate) RunRow);

impl Run {
    fn lines(&self, ctx: &Context, file: &str) -> Result<Vec<String>> {
        Ok(state(ctx).database.read(|db| runs::lines(db, self.0.id, file))?)
    }

    fn line_count(&self, ctx: &Context, file: &str) -> Result<i64> {
        Ok(state(ctx).database.read(|db| runs::line_count(db, self.0.id, file))?)
    }

    fn history_rows(&self, ctx: &Context) -> Result<Vec<Map<String, Value>>> {
        Ok(self.lines(ctx, HISTORY)?.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl Run {
    async fn id(&self) -> ID {
        ID(encode(Kind::Run, self.0.id))
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn display_name(&self) -> Option<&str> {
        self.0.display_name.as_deref()
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn notes(&self) -> Option<&str> {
        self.0.notes.as_deref()
    }

    async fn config(&self) -> JsonString {
        JsonString(self.0.config.clone())
    }

    async fn summary_metrics(&self) -> JsonString {
        JsonString(self.0.summary.clone())
    }

    async fn system_metrics(&self, ctx: &Context<'_>) -> Result<JsonString> {
        Ok(JsonString(self.lines(ctx, EVENTS)?.pop().unwrap_or_else(|| "{}".to_owned())))
    }

    async fn tags(&self) -> Vec<String> {
        serde_json::from_str(&self.0.tags).unwrap_or_default()
    }

    async fn state(&self) -> &str {
        self.0.visible_state()
    }

    async fn group(&self) -> Option<&str> {
        self.0.group_name.as_deref()
    }

    async fn group_name(&self) -> Option<&str> {
        self.0.group_name.as_deref()
    }

    async fn job_type(&self) -> Option<&str> {
        self.0.job_type.as_deref()
    }

    async fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    async fn job_program(&self) -> Option<&str> {
        self.0.program.as_deref()
    }

    async fn commit(&self) -> Option<&str> {
        self.0.commit_hash.as_deref()
    }

    async fn repo(&self) -> Option<&str> {
        self.0.repository.as_deref()
    }

    async fn sweep_name(&self) -> Option<&str> {
        self.0.sweep.as_deref()
    }

    async fn read_only(&self) -> bool {
        false
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    async fn heartbeat_at(&self) -> DateTime {
        DateTime(self.0.heartbeat_at.clone())
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.heartbeat_at.clone())
    }

    async fn stopped(&self) -> bool {
        self.0.stop_requested
    }

    async fn user(&self) -> Option<User> {
        Some(User)
    }

    async fn project(&self, ctx: &Context<'_>) -> Result<Project> {
        Ok(Project(state(ctx).database.read(|db| projects::by_id(db, self.0.project_id))?))
    }

    /// Clients read this as a whole number.
    async fn project_id(&self) -> ID {
        ID(self.0.project_id.to_string())
    }

    async fn history_line_count(&self, ctx: &Context<'_>) -> Result<i64> {
        self.line_count(ctx, HISTORY)
    }

    async fn log_line_count(&self, ctx: &Context<'_>) -> Result<i64> {
        self.line_count(ctx, OUTPUT)
    }

    async fn events_line_count(&self, ctx: &Context<'_>) -> Result<i64> {
        self.line_count(ctx, EVENTS)
    }

    /// The last line, as a JSON list with one text.
    async fn history_tail(&self, ctx: &Context<'_>) -> Result<JsonString> {
        tail(&self.lines(ctx, HISTORY)?)
    }

    async fn events_tail(&self, ctx: &Context<'_>) -> Result<JsonString> {
        tail(&self.lines(ctx, EVENTS)?)
    }

    /// Members of what the client keeps under `_wandb` in the config.
    async fn wandb_config(&self, keys: Option<Vec<String>>) -> Option<JsonString> {
        let config: Map<String, Value> = serde_json::from_str(&self.0.config).ok()?;
        let kept = config.get("_wandb")?.get("value")?.as_object()?;
        let wanted = |key: &String| keys.as_ref().is_none_or(|keys| keys.contains(key));
        let members: Map<_, _> = kept.clone().into_iter().filter(|(key, _)| wanted(key)).collect();
        Some(JsonString(Value::Object(members).to_string()))
    }

    /// Which metrics there are, in the form that W&B gives.
    async fn history_keys(&self, ctx: &Context<'_>) -> Result<Option<Json>> {
        let rows = self.history_rows(ctx)?;
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (key, value) in rows.iter().flatten() {
            let kind = if value.is_number() { "number" } else { "string" };
            *counts.entry((key, kind)).or_default() += 1;
        }
        let mut keys = Map::new();
        for ((key, kind), count) in counts {
            let types = keys.entry(key).or_insert_with(|| serde_json::json!({"typeCounts": []}));
            types["typeCounts"]
                .as_array_mut()
                .expect("made above")
                .push(serde_json::json!({"type": kind, "count": count}));
        }
        let last_step = rows.iter().filter_map(|row| row.get("_step")?.as_i64()).max().unwrap_or(-1);
        Ok(Some(Json(serde_json::json!({"sets": [], "keys": keys, "lastStep": last_step}))))
    }

    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "samples")] _samples: Option<i32>,
        min_step: Option<Int64>,
        max_step: Option<Int64>,
    ) -> Result<Vec<JsonString>> {
        let within = |line: &String| {
            let row: Option<Map<String, Value>> = serde_json::from_str(line).ok();
            let step = row.and_then(|row| row.get("_step")?.as_i64()).unwrap_or_default();
            min_step.is_none_or(|min| step >= min.0) && max_step.is_none_or(|max| step < max.0)
        };
        Ok(self.lines(ctx, HISTORY)?.into_iter().filter(within).map(JsonString).collect())
    }

    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "samples")] _samples: Option<i32>,
    ) -> Result<Vec<JsonString>> {
        Ok(self.lines(ctx, EVENTS)?.into_iter().map(JsonString).collect())
    }

    /// For each specification, the rows that have all its keys.
    async fn sampled_history(&self, ctx: &Context<'_>, specs: Vec<JsonString>) -> Result<Vec<Json>> {
        let rows = self.history_rows(ctx)?;
        let sample = |spec: &JsonString| {
            let spec: Value = serde_json::from_str(&spec.0).unwrap_or_default();
            let keys: Vec<_> = spec["keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let pick = |row: &Map<String, Value>| {
                let members = keys.iter().map(|key| Some(((*key).to_owned(), row.get(*key)?.clone())));
                members.collect::<Option<Map<_, _>>>().map(Value::Object)
            };
            Json(Value::Array(rows.iter().filter_map(pick).collect()))
        };
        Ok(specs.iter().map(sample).collect())
    }

    async fn parquet_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "liveKeys")] _live_keys: Vec<String>,
    ) -> Result<ParquetHistory> {
        let rows = self.history_rows(ctx)?.into_iter().map(|row| Json(Value::Object(row)));
        Ok(ParquetHistory { parquet_urls: Vec::new(), live_data: rows.collect() })
    }

    /// Files of the run. Names that are asked for are there also when they are to be uploaded yet.
    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<Option<String>>>,
        #[graphql(name = "pattern")] _pattern: Option<String>,
        after: Option<String>,
        first: Option<i32>,
        #[graphql(name = "upload")] _upload: Option<bool>,
    ) -> Result<Connection<File>> {
        let names: Vec<String> = names.unwrap_or_default().into_iter().flatten().collect();
        let rows = state(ctx).database.read(|db| runs::files(db, self.0.id))?;
        let files: Vec<File> = if names.is_empty() {
            rows.into_iter().map(|(_, name, updated)| file(self.0.id, name, Some(updated))).collect()
        } else {
            names.into_iter().map(|name| file(self.0.id, name, None)).collect()
        };
        let files = files.into_iter();
        Ok(PageRequest { after, first }.cut(files.collect(), |file| file.name.clone(), |file| file))
    }

    async fn file_count(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(state(ctx).database.read(|db| runs::files(db, self.0.id))?.len())
    }

    async fn input_artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Artifact>> {
        let rows = state(ctx).database.read(|db| artifacts::inputs_of(db, self.0.id))?;
        Ok(PageRequest { after, first }.cut(rows, |row| encode(Kind::Artifact, row.id), Artifact::new))
    }

    async fn output_artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Artifact>> {
        let rows = state(ctx).database.read(|db| artifacts::outputs_of(db, self.0.id))?;
        Ok(PageRequest { after, first }.cut(rows, |row| encode(Kind::Artifact, row.id), Artifact::new))
    }
}

pub(crate) fn file(run: i64, name: String, updated_at: Option<String>) -> File {
    File {
        id: encode_text(Kind::File, &format!("run/{run}/{name}")),
        object: Some(run_file_name(run, &name)),
        name,
        updated_at,
        ..File::default()
    }
}

fn tail(lines: &[String]) -> Result<JsonString> {
    let last: Vec<_> = lines.last().into_iter().collect();
    Ok(JsonString(serde_json::to_string(&last)?))
}

/// History that was moved into parquet files; here none is.
#[derive(SimpleObject)]
pub(crate) struct ParquetHistory {
    parquet_urls: Vec<String>,
    live_data: Vec<Json>,
}
