//! Changes of runs: made, described, given files, asked to stop.

use async_graphql::{ComplexObject, Context, ID, Object, SimpleObject};
use rusqlite::Transaction;
use wabucket_model::{ProjectName, RelativePath, RunId};

use super::file::File;
use super::inputs::{
    CreateRunFilesInput, MarkRunFilesUploadedInput, StopRunInput, UpsertBucketInput, UpsertModelInput,
};
use super::project::Project;
use super::query::is_ours;
use super::run::Run;
use super::{Result, not_found, refuse, run, state};
use crate::server::ENTITY;
use crate::storage::ids::{Kind, decode};
use crate::storage::projects::ProjectRow;
use crate::storage::runs::{Column, RunRow};
use crate::storage::{projects, runs};

#[derive(Default)]
pub(crate) struct RunMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl RunMutation {
    /// Makes the run, and its project, or changes what is given of it. What is null stays.
    async fn upsert_bucket(&self, ctx: &Context<'_>, input: UpsertBucketInput) -> Result<UpsertBucketPayload> {
        let payload = state(ctx).database.write(|db| -> Result<_> {
            let (found, inserted) = find_or_create(db, &input)?;
            describe(db, found.id, &input)?;
            let row = runs::by_id(db, found.id)?.ok_or_else(|| not_found("run"))?;
            Ok(UpsertBucketPayload { bucket: Run(row), inserted })
        })?;
        Ok(payload)
    }

    /// Makes a project.
    async fn upsert_model(&self, ctx: &Context<'_>, input: UpsertModelInput) -> Result<UpsertModelPayload> {
        let name = input.name.ok_or_else(|| refuse(400, "a project needs a name"))?;
        let row = state(ctx).database.write(|db| ensure_project(db, input.entity_name.as_deref(), &name))?;
        Ok(UpsertModelPayload { project: Project(row.clone()), model: Project(row), inserted: true })
    }

    /// Gives links for files of a run.
    async fn create_run_files(&self, ctx: &Context<'_>, input: CreateRunFilesInput) -> Result<CreateRunFilesPayload> {
        let row = find_run(ctx, input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        for name in &input.files {
            RelativePath::parse(name).map_err(|error| refuse(400, error.to_string()))?;
        }
        let files = input.files.into_iter().map(|name| run::file(row.id, name, None)).collect();
        Ok(CreateRunFilesPayload { run_id: ID(row.name), upload_headers: Vec::new(), files })
    }

    /// Notes that files of a run are there.
    async fn mark_run_files_uploaded(
        &self,
        ctx: &Context<'_>,
        input: MarkRunFilesUploadedInput,
    ) -> Result<MarkRunFilesUploadedPayload> {
        let row = find_run(ctx, input.entity_name.as_deref(), input.project_name.as_deref(), &input.run_name)?;
        state(ctx).database.write(|db| -> rusqlite::Result<()> {
            input.files.iter().try_for_each(|name| runs::ensure_file(db, row.id, name).map(drop))
        })?;
        Ok(MarkRunFilesUploadedPayload { success: true })
    }

    /// Asks the process of a run to stop.
    async fn stop_run(&self, ctx: &Context<'_>, input: StopRunInput) -> Result<StopRunPayload> {
        let id = decode(Kind::Run, &input.id).ok_or_else(|| not_found("run"))?;
        let found = state(ctx).database.write(|db| runs::request_stop(db, id))?;
        if found { Ok(StopRunPayload { success: true }) } else { Err(not_found("run")) }
    }
}

fn find_or_create(db: &Transaction, input: &UpsertBucketInput) -> Result<(RunRow, bool)> {
    if let Some(id) = input.id.as_deref().filter(|id| !id.is_empty()) {
        let found = decode(Kind::Run, id).map_or(Ok(None), |id| runs::by_id(db, id))?;
        return found.map(|row| (row, false)).ok_or_else(|| not_found("run"));
    }
    let project = input.model_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("uncategorized");
    let project = ensure_project(db, input.entity_name.as_deref(), project)?;
    let name = match input.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => RunId::parse(name).map_err(|error| refuse(400, error.to_string()))?.as_str().to_owned(),
        None => uuid::Uuid::new_v4().simple().to_string()[..8].to_owned(),
    };
    if let Some(found) = runs::find(db, project.id, &name)? {
        return Ok((found, false));
    }
    let number = runs::count(db, project.id)? + 1;
    Ok((runs::create(db, project.id, &name, &format!("run-{number}"))?, true))
}

fn ensure_project(db: &Transaction, entity: Option<&str>, name: &str) -> Result<ProjectRow> {
    if !is_ours(entity) {
        let entity = entity.unwrap_or_default();
        return Err(refuse(404, format!("entity {entity} not found during upsertBucket")));
    }
    let name = ProjectName::parse(name).map_err(|error| refuse(400, error.to_string()))?;
    Ok(projects::ensure(db, ENTITY, name.as_str())?)
}

fn describe(db: &Transaction, run: i64, input: &UpsertBucketInput) -> Result<()> {
    let tags = input.tags.as_ref().map(serde_json::to_string).transpose()?;
    let columns = [
        (Column::DisplayName, input.display_name.as_deref()),
        (Column::Description, input.description.as_deref()),
        (Column::Notes, input.notes.as_deref()),
        (Column::Config, input.config.as_ref().map(|json| json.0.as_str())),
        (Column::Summary, input.summary_metrics.as_ref().map(|json| json.0.as_str())),
        (Column::GroupName, input.group_name.as_deref()),
        (Column::JobType, input.job_type.as_deref()),
        (Column::Host, input.host.as_deref()),
        (Column::Program, input.job_program.as_deref()),
        (Column::CommitHash, input.commit.as_deref()),
        (Column::Repository, input.job_repo.as_deref()),
        (Column::Sweep, input.sweep.as_deref()),
        (Column::Tags, tags.as_deref()),
        (Column::State, input.state.as_deref()),
    ];
    for (column, value) in columns {
        if let Some(value) = value {
            runs::set(db, run, column, value)?;
        }
    }
    Ok(())
}

/// The run of this name, or W&B's answer that there is none.
pub(super) fn find_run(ctx: &Context, entity: Option<&str>, project: Option<&str>, run: &str) -> Result<RunRow> {
    let found = state(ctx).database.read(|db| find_run_row(db, entity, project, run))?;
    found.ok_or_else(|| not_found(&format!("run {}/{}/{run}", entity.unwrap_or(ENTITY), project.unwrap_or_default())))
}

pub(crate) fn find_run_row(
    db: &rusqlite::Connection,
    entity: Option<&str>,
    project: Option<&str>,
    run: &str,
) -> rusqlite::Result<Option<RunRow>> {
    if !is_ours(entity) {
        return Ok(None);
    }
    match projects::find(db, ENTITY, project.unwrap_or("uncategorized"))? {
        Some(project) => runs::find(db, project.id, run),
        None => Ok(None),
    }
}

#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct UpsertBucketPayload {
    bucket: Run,
    inserted: bool,
}

#[ComplexObject]
impl UpsertBucketPayload {
    async fn server_settings(&self) -> ServerSettings {
        ServerSettings { server_messages: Vec::new() }
    }
}

/// Clients up to 0.16 cannot do without this type.
#[derive(SimpleObject)]
pub(crate) struct ServerSettings {
    server_messages: Vec<ServerMessage>,
}

/// A message of the server to its users; there are none.
#[derive(SimpleObject)]
pub(crate) struct ServerMessage {
    utf_text: String,
    plain_text: String,
    html_text: String,
    message_type: String,
    message_level: i32,
}

#[derive(SimpleObject)]
pub(crate) struct UpsertModelPayload {
    project: Project,
    model: Project,
    inserted: bool,
}

#[derive(SimpleObject)]
pub(crate) struct CreateRunFilesPayload {
    #[graphql(name = "runID")]
    run_id: ID,
    upload_headers: Vec<String>,
    files: Vec<File>,
}

#[derive(SimpleObject)]
pub(crate) struct MarkRunFilesUploadedPayload {
    success: bool,
}

#[derive(SimpleObject)]
pub(crate) struct StopRunPayload {
    success: bool,
}
