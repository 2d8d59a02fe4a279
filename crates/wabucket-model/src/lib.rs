#![doc = include_str!("../README.md")]

mod bucket;
mod digest;
mod environment;
mod folder;
mod manifest;
mod metadata;
mod name;
mod python;
mod reference;
mod relative_path;
mod run_arguments;
mod yaml;

pub use bucket::{BucketUrl, PlatformBucket};
pub use digest::{ArtifactDigest, Blake3, ContentDigest, ETag, Md5, Xxh128};
pub use environment::Environment;
pub use folder::ArtifactFolder;
pub use manifest::{Extra, Manifest, ManifestEntry, PLATFORM_ENTRY, StorageLayout};
pub use metadata::Metadata;
pub use name::{Alias, ArtifactName, ArtifactPath, ArtifactType, EntityName, ProjectName, RunId};
pub use reference::Reference;
pub use relative_path::RelativePath;
pub use run_arguments::{RunArguments, RunArgumentsError};

/// A text that is not the word it was meant to be.
///
/// The message completes "failed to …": it names the word, shows the text and says which rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word} {text:?} {rule}")]
pub struct InvalidWord {
    /// Which word was meant, in the user's terms: "artifact name", "alias", …
    pub word: &'static str,
    /// What was given.
    pub text: String,
    /// The rule it breaks, as a clause: "must not contain '/'", …
    pub rule: &'static str,
}

impl InvalidWord {
    pub(crate) fn new(word: &'static str, text: &str, rule: &'static str) -> Self {
        Self { word, text: text.to_owned(), rule }
    }
}
