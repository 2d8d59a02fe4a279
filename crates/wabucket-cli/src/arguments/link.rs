//! `wabucket link`.

use clap::Args;

/// Log an artifact that refers to a folder already in the bucket
///
/// No bytes are moved. Linking the same content again makes no new version; linking changed content does.
#[derive(Debug, Args)]
pub(crate) struct LinkArguments {
    /// Folder in the bucket, relative to the bucket URL
    #[arg(value_name = "BUCKET_PATH")]
    pub(crate) path: String,

    /// Artifact name
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: String,

    /// Artifact type, e.g. model or dataset
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    pub(crate) artifact_type: String,

    /// Alias of the version, besides latest; default: a random UUID
    #[arg(long, short, value_name = "ALIAS")]
    pub(crate) alias: Option<String>,

    /// Metadata of the version; may be repeated
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) metadata: Vec<String>,

    /// What the version is, for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Suffix of the names in the ::set-output lines: artifact_name_SUFFIX, …
    #[arg(long, short, value_name = "SUFFIX")]
    pub(crate) suffix: Option<String>,
}
