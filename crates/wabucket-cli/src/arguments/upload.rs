//! `wabucket upload`.

use std::path::PathBuf;

use clap::Args;

/// Upload a folder to the bucket and log an artifact that refers to it
///
/// The bytes go to TYPE/NAME/ALIAS in the bucket, under exactly the names the files have. The artifact becomes visible
/// in W&B when every byte is in the bucket and checked; a command that was killed leaves no version behind.
#[derive(Debug, Args)]
pub(crate) struct UploadArguments {
    /// Folder to upload, with its hidden files and empty folders; links are followed
    #[arg(value_name = "SRC_DIR")]
    pub(crate) source: PathBuf,

    /// Artifact name
    #[arg(long, short, value_name = "NAME")]
    pub(crate) name: String,

    /// Artifact type, e.g. model or dataset
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    pub(crate) artifact_type: String,

    /// Alias of the new version, besides latest
    ///
    /// Default: a random UUID. '!run-config-hash' stands for the SHA-256 of the run arguments, so that the same
    /// arguments always name the same version.
    #[arg(long, short, value_name = "ALIAS")]
    pub(crate) alias: Option<String>,

    /// Metadata of the version; may be repeated
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) metadata: Vec<String>,

    /// What the version is, for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Refer to the bytes in the bucket (default)
    #[arg(long, overrides_with = "no_reff")]
    pub(crate) reff: bool,

    /// Upload the bytes into W&B itself instead of the bucket
    #[arg(long, overrides_with = "reff")]
    pub(crate) no_reff: bool,

    /// Suffix of the names in the ::set-output lines: artifact_name_SUFFIX, …
    #[arg(long, short, value_name = "SUFFIX")]
    pub(crate) suffix: Option<String>,

    /// Replace the version that already has this alias
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Run arguments: a YAML or JSON file, a JSON object, or KEY=VALUE pairs; they become the run's config
    #[arg(long, alias = "run_args", value_name = "ARGS", num_args = 1..)]
    pub(crate) run_args: Vec<String>,
}
