//! What the registry remembers, in `SQLite`. Every function here is one question or one change.
//!
//! Servers in several processes share the file: write-ahead logging lets readers go on while one writes, and writers
//! take the lock at the start of their transaction and wait for each other.

pub(crate) mod aliases;
pub(crate) mod artifacts;
pub(crate) mod collections;
pub(crate) mod ids;
pub(crate) mod manifests;
pub(crate) mod projects;
pub(crate) mod runs;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::RegistryError;

/// What makes the database one format newer each, from the empty file on. The file's `user_version` counts the steps
/// that it has; a file that has more of them than this program knows is refused. Steps are added, never changed.
const MIGRATIONS: [&str; FORMAT as usize] = [include_str!("schema.sql")];

/// The newest format of the database.
const FORMAT: u32 = 1;

/// How long a writer waits for others.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Connections to one database file, each used by one request at a time.
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the file, creating it with the newest format if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, RegistryError> {
        let database = Self { path: path.to_path_buf(), idle: Mutex::new(Vec::new()) };
        let mut connection = database.connect()?;
        use_write_ahead_log(&connection)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > FORMAT {
            return Err(RegistryError::TooNew { path: path.to_path_buf(), found, known: FORMAT });
        }
        for (format, step) in (1..).zip(MIGRATIONS).filter(|(format, _)| *format > found) {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", format)?;
        }
        transaction.commit()?;
        database.put_back(connection);
        Ok(database)
    }

    /// Asks.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let connection = self.take()?;
        let result = ask(&connection);
        self.put_back(connection);
        result
    }

    /// Changes, wholly or not at all.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        change: impl FnOnce(&Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.take()?;
        let result = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        self.put_back(connection);
        result
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().expect("no holder of this lock panics").pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    fn put_back(&self, connection: Connection) {
        self.idle.lock().expect("no holder of this lock panics").push(connection);
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // With write-ahead logging a crash of the machine may lose the last commits, but never the database.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    }
}

/// Switches the file to write-ahead logging, which it keeps. `SQLite` does not wait for other processes here, so we do.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Now, as the database keeps times.
pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
