//! `wabucket serve`.

use std::net::SocketAddr;

use clap::Args;

/// Serve the embedded registry, so that wandb and other clients can use it
///
/// It speaks W&B's own protocol: set WANDB_BASE_URL to the printed address and WANDB_API_KEY to the key in the printed
/// file, and the wandb Python package works with it. Stop it with Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value_t = wabucket::DEFAULT_ADDRESS)]
    pub(crate) addr: SocketAddr,
}
