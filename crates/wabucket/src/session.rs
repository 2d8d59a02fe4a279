//! A session: settings, and the connection to the registry that they name, made when it is first needed.

use std::sync::Mutex;

use apolo_client::Platform;
use tokio::sync::OnceCell;

use wabucket_model::RunArguments;
use wandb_client::Run;

use crate::registry::{Connection, RunRequest};
use crate::{Error, Settings, platform};

/// Does operations, one after the other or at once. Each has a run of its own.
pub struct Session {
    pub(crate) settings: Settings,
    connection: OnceCell<Connection>,
    platform: OnceCell<Platform>,
    /// What the user should know, said with the next report.
    warnings: Mutex<Vec<String>>,
}

impl Session {
    /// Makes a session. Nothing is contacted before the first operation has checked its input.
    pub fn new(settings: Settings) -> Self {
        Self { settings, connection: OnceCell::new(), platform: OnceCell::new(), warnings: Mutex::default() }
    }

    /// The registry, connected.
    pub(crate) async fn connection(&self) -> Result<&Connection, Error> {
        self.connection.get_or_try_init(|| Connection::open(&self.settings)).await
    }

    /// The platform, logged in; `bucket` is what it is wanted for.
    pub(crate) async fn platform(&self, bucket: &str) -> Result<&Platform, Error> {
        let connect = async || {
            let (platform, warnings) = platform::connect(&self.settings.environment, bucket).await?;
            for warning in warnings {
                self.warn(warning);
            }
            Ok(platform)
        };
        self.platform.get_or_try_init(connect).await
    }

    /// Keeps a warning for the next report.
    pub(crate) fn warn(&self, warning: String) {
        self.warnings.lock().expect("no holder of this lock panics").push(warning);
    }

    /// The warnings since the last report, and these.
    pub(crate) fn take_warnings(&self, more: Vec<String>) -> Vec<String> {
        let mut warnings = std::mem::take(&mut *self.warnings.lock().expect("no holder of this lock panics"));
        warnings.extend(more);
        warnings
    }

    /// Starts a run of the session, tagged with the platform job that this process may be.
    pub(crate) async fn start_run(&self, verb: &'static str, config: RunArguments) -> Result<Run, Error> {
        let (tags, warning) = platform::job_tags(&self.settings.environment).await;
        if let Some(warning) = warning {
            self.warn(warning);
        }
        self.connection().await?.start_run(&self.settings, RunRequest { verb, config, tags }).await
    }

    /// Stops the embedded registry, if this session started it.
    pub async fn close(self) {
        if let Some(connection) = self.connection.into_inner() {
            connection.close().await;
        }
    }
}
