#![doc = include_str!("../README.md")]

mod bucket;
mod bucket_name;
mod configuration;
mod credentials;
mod error;
mod http;
mod job;
mod job_outputs;
mod place;
mod platform;
mod reference;
mod refresher;
mod server;
mod token;

pub use bucket::{PlatformBucketInfo, Provider, ResolvedReference};
pub use bucket_name::BucketName;
pub use configuration::{Configuration, Source, Warning};
pub use credentials::{
    Access, AzureCredentials, AzureKey, Credentials, GcsCredentials, GcsKey, S3Credentials, TemporaryCredentials,
};
pub use error::{Error, Missing};
pub use http::{ClockDifference, RetryPolicy};
pub use job::{JobTags, job_id, job_run_tags};
pub use job_outputs::{JobOutputs, JobOutputsError, OutputSuffix};
pub use platform::{ConnectOptions, Platform};
pub use reference::PlatformReference;
pub use refresher::CredentialRefresher;
