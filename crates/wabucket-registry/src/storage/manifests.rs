//! Manifests of versions, and native uploads in parts.

use rusqlite::{Connection, OptionalExtension, Row};
use wabucket_model::Md5;

use crate::objects::manifest_name;

/// One manifest; its bytes are an object.
#[derive(Debug, Clone)]
pub(crate) struct ManifestRow {
    pub(crate) id: i64,
    pub(crate) artifact_id: i64,
    pub(crate) name: String,
    pub(crate) manifest_type: String,
    /// Base64 MD5 of the file; empty until the client knows it.
    pub(crate) digest: String,
}

impl ManifestRow {
    /// The name of the object that holds the bytes, once their digest is known. It names the digest too, so that
    /// bytes under it never change.
    pub(crate) fn object(&self) -> Option<String> {
        Md5::from_base64(&self.digest).map(|md5| manifest_name(self.id, md5))
    }
}

const COLUMNS: &str = "id, artifact_id, name, type, digest";

fn row(row: &Row) -> rusqlite::Result<ManifestRow> {
    Ok(ManifestRow {
        id: row.get(0)?,
        artifact_id: row.get(1)?,
        name: row.get(2)?,
        manifest_type: row.get(3)?,
        digest: row.get(4)?,
    })
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<ManifestRow>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM manifests WHERE id = ?1"), [id], row).optional()
}

/// The manifest of an artifact: the client makes one before it uploads files, and names its digest later.
pub(crate) fn of_artifact(db: &Connection, artifact: i64) -> rusqlite::Result<Option<ManifestRow>> {
    let sql = format!("SELECT {COLUMNS} FROM manifests WHERE artifact_id = ?1 ORDER BY id DESC LIMIT 1");
    db.query_row(&sql, [artifact], row).optional()
}

/// Makes the manifest of an artifact, or gives the one that is there its digest.
pub(crate) fn ensure(
    db: &Connection,
    artifact: i64,
    name: &str,
    manifest_type: &str,
    digest: &str,
) -> rusqlite::Result<ManifestRow> {
    let id = if let Some(found) = of_artifact(db, artifact)? {
        let sql = "UPDATE manifests SET name = ?2, type = ?3, digest = ?4 WHERE id = ?1";
        db.execute(sql, (found.id, name, manifest_type, digest))?;
        found.id
    } else {
        let sql = "INSERT INTO manifests (artifact_id, name, type, digest) VALUES (?1, ?2, ?3, ?4)";
        db.execute(sql, (artifact, name, manifest_type, digest))?;
        db.last_insert_rowid()
    };
    by_id(db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Names the digest of a manifest.
pub(crate) fn set_digest(db: &Connection, manifest: i64, digest: &str) -> rusqlite::Result<()> {
    db.execute("UPDATE manifests SET digest = ?2 WHERE id = ?1", (manifest, digest)).map(drop)
}

/// Remembers an upload in parts.
pub(crate) fn create_upload(db: &Connection, upload: &str, artifact: i64, md5_hex: &str) -> rusqlite::Result<()> {
    db.execute("INSERT INTO uploads (id, artifact_id, md5) VALUES (?1, ?2, ?3)", (upload, artifact, md5_hex)).map(drop)
}

/// The MD5 in hex of an upload in parts.
pub(crate) fn upload_md5(db: &Connection, upload: &str, artifact: i64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT md5 FROM uploads WHERE id = ?1 AND artifact_id = ?2";
    db.query_row(sql, (upload, artifact), |row| row.get(0)).optional()
}
