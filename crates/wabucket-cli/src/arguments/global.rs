//! Options of every command: where bytes go, where runs are recorded, how the program talks.

use std::path::PathBuf;

use clap::{ArgAction, Args};

/// Options that stand before or after the command.
#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// Bucket: s3://BUCKET[/PREFIX], gs://…, az://…, file:///DIR, or the name or id of a platform bucket
    ///
    /// Default: WABUCKET_BUCKET, else with --local a folder of its own, else the platform bucket named like the project.
    /// The prefix is taken as it is written, nothing in it is percent-decoded.
    #[arg(long, global = true, value_name = "BUCKET", help_heading = "Where bytes live")]
    pub(crate) bucket: Option<String>,

    /// Endpoint of an S3-compatible server, of an Azure storage account, or of a Google emulator
    ///
    /// Default for S3: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else W&B's AWS_S3_ENDPOINT_URL, else AWS itself.
    #[arg(long, global = true, value_name = "URL", help_heading = "Where bytes live")]
    pub(crate) endpoint_url: Option<String>,

    /// AWS credentials file, in the format of ~/.aws/credentials
    ///
    /// Default: the environment, profiles in ~/.aws, and the roles of a container or an instance, in this order.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where bytes live")]
    pub(crate) aws_credentials_file: Option<PathBuf>,

    /// W&B project
    ///
    /// Default: WANDB_PROJECT, else W&B's settings files. One of them is needed.
    #[arg(long, global = true, value_name = "PROJECT", help_heading = "Where runs are recorded")]
    pub(crate) project_name: Option<String>,

    /// W&B user or team
    ///
    /// Default: WANDB_ENTITY, else W&B's settings files, else the default entity of your account.
    #[arg(long, global = true, value_name = "ENTITY", help_heading = "Where runs are recorded")]
    pub(crate) entity: Option<String>,

    /// Name of the run; default: WANDB_NAME, else W&B invents one
    #[arg(long, alias = "run_name", global = true, value_name = "NAME", help_heading = "Where runs are recorded")]
    pub(crate) run_name: Option<String>,

    /// Job type of the run; default: WANDB_JOB_TYPE, else the command's name
    #[arg(long, global = true, value_name = "TYPE", help_heading = "Where runs are recorded")]
    pub(crate) job_type: Option<String>,

    /// Record runs in the embedded registry instead of W&B: no account, no network
    ///
    /// Its database and its folder bucket lie in DIR; default: WABUCKET_HOME, else `wabucket` in the XDG data directory.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "Where runs are recorded"
    )]
    pub(crate) local: Option<String>,

    /// Print one JSON document on stdout
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,

    /// Print nothing but results and errors
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Draw no progress bars
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) no_progress: bool,

    /// Say more: -v what is done, -vv every request
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}
