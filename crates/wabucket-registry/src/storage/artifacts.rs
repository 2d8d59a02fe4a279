//! Versions, from draft to commit.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{aliases, now};

/// One version, or the draft of one.
#[derive(Debug, Clone)]
pub(crate) struct ArtifactRow {
    pub(crate) id: i64,
    pub(crate) collection_id: i64,
    pub(crate) run_id: Option<i64>,
    pub(crate) artifact_type: String,
    pub(crate) state: String,
    pub(crate) version_index: Option<i64>,
    pub(crate) digest: String,
    pub(crate) digest_algorithm: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) requested_aliases: String,
    pub(crate) history_step: Option<i64>,
    pub(crate) size: i64,
    pub(crate) file_count: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl ArtifactRow {
    pub(crate) fn is_committed(&self) -> bool {
        self.state == COMMITTED
    }
}

/// The state of a version that readers see.
pub(crate) const COMMITTED: &str = "COMMITTED";

const COLUMNS: &str = "id, collection_id, run_id, state, version_index, digest, digest_algorithm, description, metadata, \
    requested_aliases, history_step, size, file_count, created_at, updated_at, type";

fn row(row: &Row) -> rusqlite::Result<ArtifactRow> {
    Ok(ArtifactRow {
        id: row.get(0)?,
        collection_id: row.get(1)?,
        run_id: row.get(2)?,
        state: row.get(3)?,
        version_index: row.get(4)?,
        digest: row.get(5)?,
        digest_algorithm: row.get(6)?,
        description: row.get(7)?,
        metadata: row.get(8)?,
        requested_aliases: row.get(9)?,
        history_step: row.get(10)?,
        size: row.get(11)?,
        file_count: row.get(12)?,
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
        artifact_type: row.get(15)?,
    })
}

/// What a draft is made of.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) collection: i64,
    pub(crate) artifact_type: &'a str,
    pub(crate) run: Option<i64>,
    pub(crate) digest: &'a str,
    pub(crate) digest_algorithm: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) metadata: Option<&'a str>,
    /// A JSON list.
    pub(crate) requested_aliases: &'a str,
    pub(crate) history_step: Option<i64>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) sequence_client_id: Option<&'a str>,
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<ArtifactRow>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM artifacts WHERE id = ?1"), [id], row).optional()
}

/// The draft or version that a client made under this id of its own.
pub(crate) fn by_client_id(db: &Connection, client_id: &str) -> rusqlite::Result<Option<ArtifactRow>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM artifacts WHERE client_id = ?1"), [client_id], row).optional()
}

/// The newest version of a collection.
pub(crate) fn latest(db: &Connection, collection: i64) -> rusqlite::Result<Option<ArtifactRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM artifacts WHERE collection_id = ?1 AND state = 'COMMITTED'
         ORDER BY version_index DESC LIMIT 1"
    );
    db.query_row(&sql, [collection], row).optional()
}

/// The newest version with this digest.
pub(crate) fn by_digest(db: &Connection, collection: i64, digest: &str) -> rusqlite::Result<Option<ArtifactRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM artifacts WHERE collection_id = ?1 AND digest = ?2 AND state = 'COMMITTED'
         ORDER BY version_index DESC LIMIT 1"
    );
    db.query_row(&sql, (collection, digest), row).optional()
}

/// The version that an alias, a `vN` or a digest picks.
pub(crate) fn resolve(db: &Connection, collection: i64, alias: &str) -> rusqlite::Result<Option<ArtifactRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM artifacts WHERE state = 'COMMITTED'
         AND id = (SELECT artifact_id FROM aliases WHERE collection_id = ?1 AND alias = ?2)"
    );
    if let Some(found) = db.query_row(&sql, (collection, alias), row).optional()? {
        return Ok(Some(found));
    }
    if let Some(index) = version_index(alias) {
        let sql = format!(
            "SELECT {COLUMNS} FROM artifacts WHERE collection_id = ?1 AND version_index = ?2 AND state = 'COMMITTED'"
        );
        return db.query_row(&sql, (collection, index), row).optional();
    }
    by_digest(db, collection, alias)
}

/// The N of `vN`.
pub(crate) fn version_index(alias: &str) -> Option<i64> {
    alias.strip_prefix('v').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// The versions of a collection, newest first.
pub(crate) fn versions(db: &Connection, collection: i64) -> rusqlite::Result<Vec<ArtifactRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM artifacts WHERE collection_id = ?1 AND state = 'COMMITTED' ORDER BY version_index DESC"
    );
    db.prepare(&sql)?.query_map([collection], row)?.collect()
}

/// The versions a run used.
pub(crate) fn inputs_of(db: &Connection, run: i64) -> rusqlite::Result<Vec<ArtifactRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM artifacts WHERE state = 'COMMITTED'
         AND id IN (SELECT artifact_id FROM inputs WHERE run_id = ?1) ORDER BY id"
    );
    db.prepare(&sql)?.query_map([run], row)?.collect()
}

/// The versions a run made.
pub(crate) fn outputs_of(db: &Connection, run: i64) -> rusqlite::Result<Vec<ArtifactRow>> {
    let sql = format!("SELECT {COLUMNS} FROM artifacts WHERE state = 'COMMITTED' AND run_id = ?1 ORDER BY id");
    db.prepare(&sql)?.query_map([run], row)?.collect()
}

/// Makes a draft.
pub(crate) fn create(db: &Connection, draft: &Draft) -> rusqlite::Result<ArtifactRow> {
    let sql = "INSERT INTO artifacts (collection_id, run_id, state, digest, digest_algorithm, description, metadata,
            requested_aliases, history_step, client_id, sequence_client_id, type, created_at, updated_at)
        VALUES (?1, ?2, 'PENDING', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)";
    db.execute(
        sql,
        (
            draft.collection,
            draft.run,
            draft.digest,
            draft.digest_algorithm,
            draft.description,
            draft.metadata,
            draft.requested_aliases,
            draft.history_step,
            draft.client_id,
            draft.sequence_client_id,
            draft.artifact_type,
            now(),
        ),
    )?;
    by_id(db, db.last_insert_rowid())?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Makes a draft a version: the next number, its aliases, visible from now on.
pub(crate) fn commit(db: &Connection, artifact: &ArtifactRow, size: i64, file_count: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE artifacts SET state = 'COMMITTED', size = ?2, file_count = ?3, updated_at = ?4, version_index =
        (SELECT COALESCE(MAX(version_index) + 1, 0) FROM artifacts WHERE collection_id = ?5) WHERE id = ?1";
    db.execute(sql, (artifact.id, size, file_count, now(), artifact.collection_id))?;
    db.execute("UPDATE collections SET updated_at = ?2 WHERE id = ?1", (artifact.collection_id, now()))?;
    let requested: Vec<String> = serde_json::from_str(&artifact.requested_aliases).unwrap_or_default();
    requested.iter().try_for_each(|alias| aliases::give(db, artifact.collection_id, alias, artifact.id))
}

/// Changes what may change of a version.
pub(crate) fn update(
    db: &Connection,
    artifact: i64,
    description: Option<&str>,
    metadata: Option<&str>,
) -> rusqlite::Result<()> {
    let sql = "UPDATE artifacts SET description = COALESCE(?2, description), metadata = COALESCE(?3, metadata),
        updated_at = ?4 WHERE id = ?1";
    db.execute(sql, (artifact, description, metadata, now())).map(drop)
}

/// Makes a version invisible. Its number is never given again.
pub(crate) fn delete(db: &Connection, artifact: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM aliases WHERE artifact_id = ?1", [artifact])?;
    db.execute("UPDATE artifacts SET state = 'DELETED', updated_at = ?2 WHERE id = ?1", (artifact, now())).map(drop)
}

/// The tags of a version.
pub(crate) fn tags(db: &Connection, artifact: i64) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT tag FROM artifact_tags WHERE artifact_id = ?1 ORDER BY tag")?
        .query_map([artifact], |row| row.get(0))?
        .collect()
}

/// Adds a tag.
pub(crate) fn add_tag(db: &Connection, artifact: i64, tag: &str) -> rusqlite::Result<()> {
    db.execute("INSERT OR IGNORE INTO artifact_tags (artifact_id, tag) VALUES (?1, ?2)", (artifact, tag)).map(drop)
}

/// Removes a tag.
pub(crate) fn remove_tag(db: &Connection, artifact: i64, tag: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM artifact_tags WHERE artifact_id = ?1 AND tag = ?2", (artifact, tag)).map(drop)
}
