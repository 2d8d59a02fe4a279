//! The login database of the platform's own tools: one row of the `SQLite` table `main`.
//!
//! Columns are taken by name, so the schemas of neuro-sdk 22.7 to apolo-sdk 26.9 are all read. The tools check the
//! stored schema byte for byte, so nothing but the three token columns is ever written.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::{Configuration, Era, Overrides, Renewal, Selection, Source, Token};
use crate::Error;

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const NEWEST_ROW: &str = "SELECT * FROM main ORDER BY timestamp DESC LIMIT 1";

/// The three columns that a refresh changes.
#[derive(Debug, Clone)]
pub(crate) struct StoredToken {
    pub(crate) access: SecretString,
    pub(crate) renew_at: Option<f64>,
    pub(crate) refresh_token: SecretString,
}

#[derive(serde::Deserialize)]
struct AuthConfig {
    token_url: String,
    client_id: String,
}

/// Reads the login from the database file.
pub(super) fn read(path: &Path) -> Result<Configuration, Error> {
    with_row(path, |row| configuration(path, row))
}

/// Reads the token columns as they are now: another process may have renewed them.
pub(crate) fn read_token(path: &Path) -> Result<StoredToken, Error> {
    with_row(path, stored_token)
}

/// Writes the token columns, unless another process has changed them since `old` was read.
pub(crate) fn write_token(path: &Path, old: &SecretString, new: &StoredToken) -> rusqlite::Result<()> {
    let connection = open(path, Opening::Normal)?;
    connection.execute(
        "UPDATE main SET token = ?, expiration_time = ?, refresh_token = ? WHERE token = ?",
        params![new.access.expose_secret(), new.renew_at, new.refresh_token.expose_secret(), old.expose_secret()],
    )?;
    Ok(())
}

/// The ways to open the file, in the order they are tried.
#[derive(Clone, Copy)]
enum Opening {
    /// As any program would.
    Normal,
    /// Where the folder cannot be written.
    ReadOnly,
    /// As a file that does not change, where not even the write-ahead log can be opened; misses what is only in it.
    Immutable,
}

/// What can be wrong with the row.
enum Malformed {
    Sqlite(rusqlite::Error),
    Column(&'static str),
}

impl From<rusqlite::Error> for Malformed {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

/// Opens the file and hands its newest row over.
fn with_row<T>(path: &Path, read: impl Fn(&Row<'_>) -> Result<T, Malformed>) -> Result<T, Error> {
    let invalid = |problem, source: Option<rusqlite::Error>| Error::InvalidConfiguration {
        path: path.to_owned(),
        problem,
        source: source.map(Into::into),
    };
    let mut failure = None;
    for opening in [Opening::Normal, Opening::ReadOnly, Opening::Immutable] {
        match open(path, opening).and_then(|connection| newest(&connection, &read)) {
            Ok(Some(Ok(value))) => return Ok(value),
            Ok(Some(Err(Malformed::Column(problem)))) => return Err(invalid(problem, None)),
            Ok(Some(Err(Malformed::Sqlite(source)))) => {
                return Err(invalid("has a malformed login row", Some(source)));
            }
            Ok(None) => return Err(invalid("holds no login", None)),
            Err(source) => failure = failure.or(Some(source)),
        }
    }
    Err(invalid("is not a login database", failure))
}

fn open(path: &Path, opening: Opening) -> rusqlite::Result<Connection> {
    let connection = match opening {
        Opening::Normal => Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        Opening::ReadOnly => Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        Opening::Immutable => {
            let mut url = Url::from_file_path(path).map_err(|()| rusqlite::Error::InvalidPath(path.to_owned()))?;
            url.set_query(Some("immutable=1"));
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(url.as_str(), flags)?
        }
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The outer error is one of access, which another way of opening may avoid; the inner one is about the content.
fn newest<T>(
    connection: &Connection,
    read: impl Fn(&Row<'_>) -> Result<T, Malformed>,
) -> rusqlite::Result<Option<Result<T, Malformed>>> {
    connection.query_row(NEWEST_ROW, [], |row| Ok(read(row))).optional()
}

fn configuration(path: &Path, row: &Row<'_>) -> Result<Configuration, Malformed> {
    let text = |name: &str| row.get::<_, Option<String>>(name);
    let text_if = |present, name: &str| if present { text(name) } else { Ok(None) };
    let token = stored_token(row)?;
    let auth: AuthConfig = json(&row.get::<_, String>("auth_config")?, "has a malformed auth_config column")?;
    let token_url = Url::parse(&auth.token_url).map_err(|_| Malformed::Column("has no URL to renew the login at"))?;
    let has_projects = row.as_ref().column_names().any(|name| name == "projects");
    let projects = text_if(has_projects, "projects")?
        .map(|column| json(&column, "has a malformed projects column"))
        .transpose()?;
    let renewal = (!token.refresh_token.expose_secret().is_empty()).then(|| Renewal {
        token_url,
        client_id: auth.client_id,
        refresh_token: token.refresh_token.clone(),
    });
    Ok(Configuration {
        url: Url::parse(&row.get::<_, String>("url")?).map_err(|_| Malformed::Column("has no URL of a platform"))?,
        source: Source::Database(path.to_owned()),
        selection: Selection {
            cluster: row.get("cluster_name")?,
            org: text("org_name")?.filter(|org| !org.is_empty()),
            project: text_if(has_projects, "project_name")?,
            era: if has_projects { Era::Projects } else { Era::Owners },
        },
        overrides: Overrides::default(),
        token: Token { access: token.access, renew_at: token.renew_at },
        renewal,
        clusters: json(&row.get::<_, String>("clusters")?, "has a malformed clusters column")?,
        projects,
        warnings: Vec::new(),
    })
}

fn stored_token(row: &Row<'_>) -> Result<StoredToken, Malformed> {
    Ok(StoredToken {
        access: SecretString::from(row.get::<_, String>("token")?),
        renew_at: row.get("expiration_time")?,
        refresh_token: SecretString::from(row.get::<_, Option<String>>("refresh_token")?.unwrap_or_default()),
    })
}

fn json<T: DeserializeOwned>(column: &str, problem: &'static str) -> Result<T, Malformed> {
    serde_json::from_str(column).map_err(|_| Malformed::Column(problem))
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
