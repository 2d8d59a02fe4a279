//! A session: settings, and the connection to the registry that they name, made when it is first needed.

use tokio::sync::OnceCell;

use crate::registry::Connection;
use crate::{Error, Settings};

/// Does operations, one after the other or at once. Each has a run of its own.
pub struct Session {
    pub(crate) settings: Settings,
    connection: OnceCell<Connection>,
}

impl Session {
    /// Makes a session. Nothing is contacted before the first operation has checked its input.
    pub fn new(settings: Settings) -> Self {
        Self { settings, connection: OnceCell::new() }
    }

    /// The registry, connected.
    pub(crate) async fn connection(&self) -> Result<&Connection, Error> {
        self.connection.get_or_try_init(|| Connection::open(&self.settings)).await
    }

    /// Stops the embedded registry, if this session started it.
    pub async fn close(self) {
        if let Some(connection) = self.connection.into_inner() {
            connection.close().await;
        }
    }
}
