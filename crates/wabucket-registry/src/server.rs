//! The server: opens the directory, listens, stops.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::RegistryError;
use crate::access::{Access, KEY_FILE};
use crate::graphql::State;
use crate::objects::Objects;
use crate::storage::Database;

/// The one entity of the registry: runs and artifacts belong to it.
pub const ENTITY: &str = "local";

/// How long requests in progress may take to end when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What the registry needs to start.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Where everything is kept. Made if it is not there.
    pub directory: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
}

/// A registry that answers requests until it is stopped or dropped.
pub struct Registry {
    base_url: Url,
    directory: PathBuf,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Registry {
    /// Opens the directory and starts to answer.
    ///
    /// # Errors
    /// Fails if the address is taken, or if the directory or its database cannot be used.
    pub async fn start(options: RegistryOptions) -> Result<Self, RegistryError> {
        let listen = |source| RegistryError::Listen { address: options.address, source };
        let listener = TcpListener::bind(options.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let directory = options.directory.clone();
        let state = tokio::task::spawn_blocking(move || open(&directory)).await.expect("opening does not panic")?;
        let state = Arc::new(state);
        let (stop, stopped) = oneshot::channel::<()>();
        let app = crate::http::router(Arc::clone(&state));
        let server = axum::serve(listener, app).with_graceful_shutdown(async {
            // A dropped sender stops the server too.
            let _ = stopped.await;
        });
        Ok(Self {
            base_url: Url::parse(&format!("http://{address}")).expect("a socket address makes a URL"),
            directory: options.directory,
            state,
            stop: Some(stop),
            server: tokio::spawn(server.into_future()),
        })
    }

    /// Where it answers: what `WANDB_BASE_URL` wants.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The key it asks for: what `WANDB_API_KEY` wants.
    pub fn api_key(&self) -> &SecretString {
        self.state.access.key()
    }

    /// The file that holds the key.
    pub fn api_key_file(&self) -> PathBuf {
        self.directory.join(KEY_FILE)
    }

    /// Where everything is kept.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    /// Stops listening and lets requests in progress end, for a while.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

fn open(directory: &std::path::Path) -> Result<State, RegistryError> {
    make_private(directory)?;
    Ok(State {
        access: Access::open(directory)?,
        objects: Objects::open(directory)?,
        database: Database::open(&directory.join("registry.sqlite"))?,
    })
}

/// Makes the directory, for its owner alone. One that is there keeps its permissions.
fn make_private(directory: &std::path::Path) -> std::io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}
