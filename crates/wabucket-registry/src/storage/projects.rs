//! Projects of the one entity.

use rusqlite::{Connection, OptionalExtension, Row};

use super::now;

/// One project.
#[derive(Debug, Clone)]
pub(crate) struct ProjectRow {
    pub(crate) id: i64,
    pub(crate) entity: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

const COLUMNS: &str = "id, entity, name, created_at";

fn row(row: &Row) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow { id: row.get(0)?, entity: row.get(1)?, name: row.get(2)?, created_at: row.get(3)? })
}

pub(crate) fn find(db: &Connection, entity: &str, name: &str) -> rusqlite::Result<Option<ProjectRow>> {
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE entity = ?1 AND name = ?2");
    db.query_row(&sql, (entity, name), row).optional()
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<ProjectRow> {
    db.query_row(&format!("SELECT {COLUMNS} FROM projects WHERE id = ?1"), [id], row)
}

pub(crate) fn all(db: &Connection, entity: &str) -> rusqlite::Result<Vec<ProjectRow>> {
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE entity = ?1 ORDER BY name");
    db.prepare(&sql)?.query_map([entity], row)?.collect()
}

/// Finds the project or makes it.
pub(crate) fn ensure(db: &Connection, entity: &str, name: &str) -> rusqlite::Result<ProjectRow> {
    db.execute(
        "INSERT INTO projects (entity, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (entity, name, now()),
    )?;
    find(db, entity, name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}
