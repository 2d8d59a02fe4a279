//! Aliases: names that move between the versions of a collection.

use rusqlite::Connection;

/// One alias of a version.
#[derive(Debug, Clone)]
pub(crate) struct AliasRow {
    pub(crate) id: i64,
    pub(crate) alias: String,
    pub(crate) collection_id: i64,
}

/// Gives an alias to a version, taking it from whichever had it.
pub(crate) fn give(db: &Connection, collection: i64, alias: &str, artifact: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO aliases (collection_id, alias, artifact_id) VALUES (?1, ?2, ?3)
        ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id";
    db.execute(sql, (collection, alias, artifact)).map(drop)
}

/// Takes an alias from a version, if it has it.
pub(crate) fn take(db: &Connection, collection: i64, alias: &str, artifact: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM aliases WHERE collection_id = ?1 AND alias = ?2 AND artifact_id = ?3";
    db.execute(sql, (collection, alias, artifact)).map(drop)
}

/// The aliases of a version.
pub(crate) fn of_artifact(db: &Connection, artifact: i64) -> rusqlite::Result<Vec<AliasRow>> {
    select(db, "artifact_id", artifact)
}

/// The aliases of a collection.
pub(crate) fn of_collection(db: &Connection, collection: i64) -> rusqlite::Result<Vec<AliasRow>> {
    select(db, "collection_id", collection)
}

fn select(db: &Connection, column: &str, value: i64) -> rusqlite::Result<Vec<AliasRow>> {
    db.prepare_cached(&format!("SELECT id, alias, collection_id FROM aliases WHERE {column} = ?1 ORDER BY id"))?
        .query_map([value], |row| Ok(AliasRow { id: row.get(0)?, alias: row.get(1)?, collection_id: row.get(2)? }))?
        .collect()
}
