#![doc = include_str!("../README.md")]

mod access_token;
mod artifact;
mod certificates;
mod client;
mod error;
mod graphql;
mod log_artifact;
mod manifest;
mod native;
mod page;
mod retry;
mod run;
mod settings;
mod transport;

pub use artifact::{Artifact, ProjectPath};
pub use client::{Client, Viewer};
pub use error::WandbError;
pub use log_artifact::{ArtifactContents, ArtifactDraft, LoggedArtifact, Logging};
pub use native::{NativeFile, NativeLink, NativeLinks, NativeSource};
pub use retry::RetryPolicy;
pub use run::{GitState, Resume, Run, RunOptions, RunOutcome, RunPath};
pub use settings::{
    BaseUrl, CredentialSource, Credentials, IdentityToken, RunSettings, Server, Settings, configured_project,
};
