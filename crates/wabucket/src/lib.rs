#![doc = include_str!("../README.md")]

mod alias;
mod bucket;
mod claim;
mod command_line;
mod config_defaults;
mod control;
mod download;
mod entries;
mod error;
mod git;
mod inside_run;
mod link;
mod registry;
mod replace;
mod report;
mod serve;
mod session;
mod settings;
mod sources;
mod upload;

pub use alias::AliasChoice;
pub use apolo_client::{JobOutputs, OutputSuffix};
pub use control::Control;
pub use download::DownloadOptions;
pub use error::{Error, ErrorKind};
pub use link::LinkOptions;
pub use report::{ArtifactSummary, DownloadReport, LinkReport, Outcome, RunSummary, UploadReport};
pub use serve::{DEFAULT_ADDRESS, ServeOptions, ServeSummary, Server, serve};
pub use session::Session;
pub use settings::{RegistryChoice, Settings, SettingsOptions};
pub use tokio_util::sync::CancellationToken;
pub use upload::{Existing, Placement, UploadOptions};
pub use wabucket_model::{
    Alias, ArtifactName, ArtifactType, BucketUrl, EntityName, Environment, InvalidWord, Metadata, ProjectName,
    RunArguments, RunId,
};
pub use wabucket_transfer::{Phase, Reporter, Totals};
