//! `serve`: the embedded registry in the foreground, for `wandb` and other clients.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;
use wabucket_model::Environment;
use wabucket_registry::{Registry, RegistryOptions};

use crate::Error;
use crate::settings::embedded_directory;

/// Where `serve` listens unless told otherwise, and where links to pages of the embedded registry lead.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where to serve what.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The registry's directory; by default `$WABUCKET_HOME`, else in the XDG data directory.
    pub directory: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
}

/// A registry that serves until it is stopped.
pub struct Server(Registry);

/// What clients need to know.
#[derive(Debug, Clone, Serialize)]
pub struct ServeSummary {
    /// What `WANDB_BASE_URL` wants.
    pub base_url: String,
    /// The file that holds what `WANDB_API_KEY` wants.
    pub api_key_file: PathBuf,
    /// Where everything is kept.
    pub directory: PathBuf,
}

/// Starts the embedded registry.
pub async fn serve(options: ServeOptions, environment: &Environment) -> Result<Server, Error> {
    let directory = embedded_directory(options.directory, environment)?;
    let registry = Registry::start(RegistryOptions { directory, address: options.address }).await?;
    Ok(Server(registry))
}

impl Server {
    /// What clients need to know.
    pub fn summary(&self) -> ServeSummary {
        ServeSummary {
            base_url: self.0.base_url().as_str().trim_end_matches('/').to_owned(),
            api_key_file: self.0.api_key_file(),
            directory: self.0.directory().to_path_buf(),
        }
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}
