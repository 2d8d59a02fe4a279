//! `wabucket download`.

use std::path::PathBuf;

use clap::Args;

/// Download a version and mark it as used by this run
///
/// Every file is checked against the hash it was uploaded with and appears under its name only when complete. Files
/// that are already right at the destination are not fetched again; other files there are left alone.
#[derive(Debug, Args)]
pub(crate) struct DownloadArguments {
    /// Artifact type
    #[arg(value_name = "TYPE")]
    pub(crate) artifact_type: String,

    /// Artifact name
    pub(crate) name: String,

    /// Alias, version (v3) or latest
    pub(crate) alias: String,

    /// Folder to download into
    ///
    /// Default: ./TYPE/NAME/ALIAS
    #[arg(long, short, value_name = "DIR")]
    pub(crate) destination: Option<PathBuf>,

    /// Run arguments: a YAML or JSON file, a JSON object, or KEY=VALUE pairs; they become the run's config
    #[arg(long, short = 'a', alias = "run_args", value_name = "ARGS", num_args = 1..)]
    pub(crate) run_args: Vec<String>,
}
