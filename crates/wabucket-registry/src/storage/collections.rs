//! Collections: the versions of one artifact name. Types are what collections have.

use rusqlite::{Connection, OptionalExtension, Row};

use super::now;

/// One collection.
#[derive(Debug, Clone)]
pub(crate) struct CollectionRow {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) artifact_type: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

const COLUMNS: &str = "id, project_id, type, name, description, created_at, updated_at";

/// A collection is there for readers once it has a version.
const VISIBLE: &str = "EXISTS (SELECT 1 FROM artifacts WHERE collection_id = collections.id AND state = 'COMMITTED')";

fn row(row: &Row) -> rusqlite::Result<CollectionRow> {
    Ok(CollectionRow {
        id: row.get(0)?,
        project_id: row.get(1)?,
        artifact_type: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<CollectionRow>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM collections WHERE id = ?1"), [id], row).optional()
}

/// The collection of this name that readers see.
pub(crate) fn find(db: &Connection, project: i64, name: &str) -> rusqlite::Result<Option<CollectionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM collections WHERE project_id = ?1 AND name = ?2 AND {VISIBLE}");
    db.query_row(&sql, (project, name), row).optional()
}

/// The collections of a project that readers see, of one type or of all.
pub(crate) fn all(db: &Connection, project: i64, artifact_type: Option<&str>) -> rusqlite::Result<Vec<CollectionRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM collections WHERE project_id = ?1 AND (?2 IS NULL OR type = ?2) AND {VISIBLE} ORDER BY name"
    );
    db.prepare(&sql)?.query_map((project, artifact_type), row)?.collect()
}

/// The types of a project that readers see.
pub(crate) fn types(db: &Connection, project: i64) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT type, MIN(created_at) FROM collections WHERE project_id = ?1 AND {VISIBLE} GROUP BY type ORDER BY type"
    );
    db.prepare(&sql)?.query_map([project], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Finds the collection or makes it. One without any version takes the new type.
pub(crate) fn ensure(
    db: &Connection,
    project: i64,
    name: &str,
    artifact_type: &str,
) -> rusqlite::Result<CollectionRow> {
    let sql = "INSERT INTO collections (project_id, type, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT DO NOTHING";
    db.execute(sql, (project, artifact_type, name, now()))?;
    let sql = "SELECT id FROM collections WHERE project_id = ?1 AND name = ?2";
    let id = db.query_row(sql, (project, name), |row| row.get(0))?;
    take_type(db, id, artifact_type)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Gives a collection this type if it has no version yet, and returns it as it is then.
pub(crate) fn take_type(db: &Connection, id: i64, artifact_type: &str) -> rusqlite::Result<Option<CollectionRow>> {
    db.execute(&format!("UPDATE collections SET type = ?2 WHERE id = ?1 AND NOT {VISIBLE}"), (id, artifact_type))?;
    by_id(db, id)
}
