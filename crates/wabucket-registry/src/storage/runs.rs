//! Runs, their streams and their files.

use rusqlite::{Connection, OptionalExtension, Row};

use super::now;

/// A run without a heartbeat for this long has crashed.
const CRASHED_AFTER_SECONDS: i64 = 5 * 60;

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) config: String,
    pub(crate) summary: String,
    pub(crate) group_name: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) commit_hash: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) sweep: Option<String>,
    pub(crate) tags: String,
    pub(crate) state: String,
    pub(crate) stop_requested: bool,
    pub(crate) created_at: String,
    pub(crate) heartbeat_at: String,
}

const COLUMNS: &str = "id, project_id, name, display_name, description, notes, config, summary, group_name, job_type, \
    host, program, commit_hash, repository, sweep, tags, state, stop_requested, created_at, heartbeat_at";

fn row(row: &Row) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(0)?,
        project_id: row.get(1)?,
        name: row.get(2)?,
        display_name: row.get(3)?,
        description: row.get(4)?,
        notes: row.get(5)?,
        config: row.get(6)?,
        summary: row.get(7)?,
        group_name: row.get(8)?,
        job_type: row.get(9)?,
        host: row.get(10)?,
        program: row.get(11)?,
        commit_hash: row.get(12)?,
        repository: row.get(13)?,
        sweep: row.get(14)?,
        tags: row.get(15)?,
        state: row.get(16)?,
        stop_requested: row.get(17)?,
        created_at: row.get(18)?,
        heartbeat_at: row.get(19)?,
    })
}

impl RunRow {
    /// The state as a reader sees it: one that stopped sending heartbeats without an end has crashed.
    pub(crate) fn visible_state(&self) -> &str {
        let heartbeat = self.heartbeat_at.parse::<jiff::Timestamp>();
        let silent = heartbeat.map_or(0, |at| jiff::Timestamp::now().as_second() - at.as_second());
        if self.state == "running" && silent > CRASHED_AFTER_SECONDS { "crashed" } else { &self.state }
    }
}

pub(crate) fn find(db: &Connection, project: i64, name: &str) -> rusqlite::Result<Option<RunRow>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE project_id = ?1 AND name = ?2");
    db.query_row(&sql, (project, name), row).optional()
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<RunRow>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"), [id], row).optional()
}

/// All runs of a project, oldest first.
pub(crate) fn all(db: &Connection, project: i64) -> rusqlite::Result<Vec<RunRow>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE project_id = ?1 ORDER BY id");
    db.prepare(&sql)?.query_map([project], row)?.collect()
}

/// The runs that used an artifact.
pub(crate) fn users_of(db: &Connection, artifact: i64) -> rusqlite::Result<Vec<RunRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs WHERE id IN (SELECT run_id FROM inputs WHERE artifact_id = ?1) ORDER BY id"
    );
    db.prepare(&sql)?.query_map([artifact], row)?.collect()
}

/// Makes a run.
pub(crate) fn create(db: &Connection, project: i64, name: &str, display_name: &str) -> rusqlite::Result<RunRow> {
    let sql = "INSERT INTO runs (project_id, name, display_name, state, created_at, heartbeat_at)
        VALUES (?1, ?2, ?3, 'running', ?4, ?4)";
    db.execute(sql, (project, name, display_name, now()))?;
    by_id(db, db.last_insert_rowid())?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// How many runs a project has.
pub(crate) fn count(db: &Connection, project: i64) -> rusqlite::Result<i64> {
    db.query_row("SELECT COUNT(*) FROM runs WHERE project_id = ?1", [project], |row| row.get(0))
}

/// Sets one column of a run.
pub(crate) fn set(db: &Connection, run: i64, column: Column, value: &str) -> rusqlite::Result<()> {
    let sql = format!("UPDATE runs SET {} = ?2 WHERE id = ?1", column.name());
    db.execute(&sql, (run, value)).map(drop)
}

/// What clients may set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    DisplayName,
    Description,
    Notes,
    Config,
    Summary,
    GroupName,
    JobType,
    Host,
    Program,
    CommitHash,
    Repository,
    Sweep,
    Tags,
    State,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Description => "description",
            Self::Notes => "notes",
            Self::Config => "config",
            Self::Summary => "summary",
            Self::GroupName => "group_name",
            Self::JobType => "job_type",
            Self::Host => "host",
            Self::Program => "program",
            Self::CommitHash => "commit_hash",
            Self::Repository => "repository",
            Self::Sweep => "sweep",
            Self::Tags => "tags",
            Self::State => "state",
        }
    }
}

/// A sign of life. Any sign after the end brings the run back to life, as it does with W&B.
pub(crate) fn beat(db: &Connection, run: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE runs SET heartbeat_at = ?2, state = 'running', exit_code = NULL WHERE id = ?1", (run, now()))
        .map(drop)
}

/// The end.
pub(crate) fn complete(db: &Connection, run: i64, exit_code: i64) -> rusqlite::Result<()> {
    let state = if exit_code == 0 { "finished" } else { "failed" };
    // A wish to stop is fulfilled by the end; a run that is resumed later goes on.
    let sql = "UPDATE runs SET state = ?2, exit_code = ?3, stop_requested = 0 WHERE id = ?1";
    db.execute(sql, (run, state, exit_code)).map(drop)
}

/// Asks a run to stop. `false` if there is none.
pub(crate) fn request_stop(db: &Connection, run: i64) -> rusqlite::Result<bool> {
    Ok(db.execute("UPDATE runs SET stop_requested = 1 WHERE id = ?1", [run])? == 1)
}

/// Writes one line of a stream; a line that is there already is replaced.
pub(crate) fn write_line(db: &Connection, run: i64, file: &str, line: i64, content: &str) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO run_lines (run_id, file, line, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute((run, file, line, content))
        .map(drop)
}

/// The lines of a stream, in order.
pub(crate) fn lines(db: &Connection, run: i64, file: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT content FROM run_lines WHERE run_id = ?1 AND file = ?2 ORDER BY line")?
        .query_map((run, file), |row| row.get(0))?
        .collect()
}

/// How many lines a stream has.
pub(crate) fn line_count(db: &Connection, run: i64, file: &str) -> rusqlite::Result<i64> {
    db.query_row("SELECT COUNT(*) FROM run_lines WHERE run_id = ?1 AND file = ?2", (run, file), |row| row.get(0))
}

/// Remembers a file of a run, and returns its number.
pub(crate) fn ensure_file(db: &Connection, run: i64, name: &str) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO run_files (run_id, name, updated_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (run_id, name) DO UPDATE SET updated_at = excluded.updated_at RETURNING id";
    db.query_row(sql, (run, name, now()), |row| row.get(0))
}

/// The files of a run: number, name, time.
pub(crate) fn files(db: &Connection, run: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
    db.prepare("SELECT id, name, updated_at FROM run_files WHERE run_id = ?1 ORDER BY name")?
        .query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Marks an artifact as an input of a run. Repeating it changes nothing.
pub(crate) fn use_artifact(db: &Connection, run: i64, artifact: i64, used_as: Option<&str>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO inputs (run_id, artifact_id, used_as) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    db.execute(sql, (run, artifact, used_as)).map(drop)
}
