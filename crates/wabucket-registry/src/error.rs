//! What can go wrong when the registry starts; what goes wrong in a request is answered in W&B's shapes.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the registry cannot work.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another program listens there, or the address is not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database was written by a newer version of this program.
    #[error("{path} was written by a newer wabucket (format {found}, this program knows {known})", path = path.display())]
    TooNew {
        /// The database file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// The database cannot be used.
    #[error("cannot use the registry's database")]
    Database(#[from] rusqlite::Error),
    /// A file or folder of the registry cannot be used.
    #[error("cannot use the registry's directory")]
    Io(#[from] io::Error),
}
