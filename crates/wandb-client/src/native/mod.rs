//! Native files: their bytes are held by W&B itself.

mod links;
mod upload;

use std::path::PathBuf;

use wabucket_model::{Md5, RelativePath};

pub use links::{NativeLink, NativeLinks, NativeSource};
pub(crate) use upload::{PartSizes, header_map};

/// A file to upload.
#[derive(Debug, Clone)]
pub struct NativeFile {
    /// Its path in the artifact.
    pub path: RelativePath,
    /// Where it lies.
    pub local: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Its hash.
    pub md5: Md5,
}
