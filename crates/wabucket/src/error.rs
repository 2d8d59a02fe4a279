//! Every way an operation can fail, sorted by what the caller can do next, with the next thing to try.

use std::io;

use serde::Serialize;
use wabucket_model::{ArtifactPath, InvalidWord, RunArgumentsError};
use wabucket_registry::RegistryError;
use wabucket_transfer::{SourceProblem, TransferError};
use wandb_client::{CredentialSource, WandbError};

/// What the caller can do next. Exit codes and Python exceptions follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Report a bug, or mend the machine.
    Unexpected,
    /// Say it differently.
    Usage,
    /// Log in, or ask for access.
    NotAllowed,
    /// Name something that is there.
    NotFound,
    /// Name something that is not there yet.
    AlreadyExists,
    /// Try again later.
    Unavailable,
    /// Do not trust the bytes.
    Integrity,
    /// Run it again when ready.
    Interrupted,
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name, alias, type, URL or item that breaks its rule.
    #[error(transparent)]
    InvalidWord(#[from] InvalidWord),
    /// Run arguments that cannot be read.
    #[error(transparent)]
    RunArguments(#[from] RunArgumentsError),
    /// A value that job outputs cannot carry.
    #[error(transparent)]
    JobOutputs(#[from] apolo_client::JobOutputsError),
    /// No project is named anywhere.
    #[error("no project: give --project-name or set WANDB_PROJECT")]
    NoProject,
    /// No entity is named anywhere, and the key's owner has no default one.
    #[error("no entity: give --entity or set WANDB_ENTITY")]
    NoEntity,
    /// There is no home folder to keep the embedded registry in.
    #[error("no home folder to keep the embedded registry in")]
    NoHome,
    /// An endpoint that is no web address.
    #[error("endpoint URL {text:?} must be an http:// or https:// address")]
    InvalidEndpoint {
        /// What was given.
        text: String,
    },
    /// An alias is to be made from run arguments, but there are none.
    #[error("the alias !run-config-hash needs run arguments, and there are none")]
    NoRunArguments,
    /// A type that W&B keeps for itself, with this name.
    #[error("artifact type {artifact_type:?} with the name {name:?} is kept by W&B for itself")]
    ReservedType {
        /// The type.
        artifact_type: String,
        /// The name.
        name: String,
    },
    /// The collection has another type.
    #[error("artifact {name} has the type {found:?}, not {wanted:?}")]
    TypeMismatch {
        /// The collection.
        name: String,
        /// Its type.
        found: String,
        /// The type that was asked for.
        wanted: String,
    },
    /// A local file that an option names cannot be read.
    #[error("cannot {operation}")]
    Source {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A version has this alias.
    #[error("{path} already exists: it is version {version}, at {url}")]
    AliasExists {
        /// The name and the alias.
        path: ArtifactPath,
        /// The version that has it.
        version: String,
        /// Its page.
        url: String,
    },
    /// The artifact folder holds objects that are not leftovers of an unfinished upload.
    #[error("{location} already holds objects, and this upload would mix with them")]
    FolderExists {
        /// The folder.
        location: String,
    },
    /// There is no such version.
    #[error("artifact {path} not found in {project}")]
    ArtifactNotFound {
        /// The name and the alias.
        path: ArtifactPath,
        /// `entity/project`.
        project: String,
        /// Aliases and versions that are there.
        known: Vec<String>,
    },
    /// There is nothing below this path of the bucket.
    #[error("{location} not found: no object lies below it")]
    NothingToLink {
        /// The folder.
        location: String,
    },
    /// A folder that could not be downloaded again.
    #[error("{location} cannot be linked: {problem}")]
    Unlinkable {
        /// The folder.
        location: String,
        /// What is wrong.
        problem: String,
    },
    /// The version's bytes are not where its manifest says, or the manifest is not to be trusted.
    #[error("artifact {path} cannot be downloaded: {problem}")]
    Unreadable {
        /// The name and the alias.
        path: ArtifactPath,
        /// What is wrong.
        problem: String,
    },
    /// The caller stopped the operation.
    #[error("interrupted: {remains}")]
    Interrupted {
        /// What is done and what is not.
        remains: String,
    },
    /// A user stopped the run in W&B.
    #[error("stopped by a user in W&B: {remains}")]
    Stopped {
        /// What is done and what is not.
        remains: String,
    },
    /// Nobody is logged in to the platform.
    #[error("not logged in to the platform, which has the bucket {bucket:?}")]
    NotLoggedIn {
        /// The bucket that was to be used.
        bucket: String,
    },
    /// The platform's credentials for the bucket do not allow writing.
    #[error("bucket {bucket} may only be read with this login")]
    ReadOnlyBucket {
        /// The bucket's URL.
        bucket: String,
    },
    /// The platform failed.
    #[error(transparent)]
    Platform(#[from] apolo_client::Error),
    /// W&B failed.
    #[error(transparent)]
    Wandb(#[from] WandbError),
    /// Moving bytes failed.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The embedded registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl Error {
    /// What the caller can do next.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidWord(_)
            | Self::RunArguments(_)
            | Self::JobOutputs(_)
            | Self::NoProject
            | Self::NoEntity
            | Self::NoHome
            | Self::InvalidEndpoint { .. }
            | Self::NoRunArguments
            | Self::ReservedType { .. }
            | Self::TypeMismatch { .. }
            | Self::Unlinkable { .. }
            | Self::Source { .. } => ErrorKind::Usage,
            Self::AliasExists { .. } | Self::FolderExists { .. } => ErrorKind::AlreadyExists,
            Self::ArtifactNotFound { .. } | Self::NothingToLink { .. } => ErrorKind::NotFound,
            Self::Unreadable { .. } => ErrorKind::Integrity,
            Self::Interrupted { .. } | Self::Stopped { .. } => ErrorKind::Interrupted,
            Self::NotLoggedIn { .. } | Self::ReadOnlyBucket { .. } => ErrorKind::NotAllowed,
            Self::Platform(error) => platform_kind(error),
            Self::Wandb(error) => wandb_kind(error),
            Self::Transfer(error) => transfer_kind(error),
            Self::Registry(error) => registry_kind(error),
        }
    }

    /// What to try next, most likely first.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoRunArguments => "give run arguments with --run-args, or name an alias",
            Self::TypeMismatch { found, .. } => {
                return vec![format!("use the type {found:?}, or another name: a name has one type for ever")];
            }
            Self::AliasExists { .. } => {
                "upload under another alias (-a), or replace this version's content with --overwrite"
            }
            Self::FolderExists { .. } => {
                "make a version of what is there with `wabucket link`, upload under another alias (-a), or replace it with --overwrite"
            }
            Self::ArtifactNotFound { known, .. } if known.is_empty() => {
                "check the name, the project and the entity; nothing of this name is there"
            }
            Self::ArtifactNotFound { known, .. } => return vec![format!("there are: {}", known.join(", "))],
            Self::NothingToLink { .. } => "give the path of a folder relative to the bucket URL (see --bucket)",
            Self::Interrupted { .. } | Self::Stopped { .. } => "run the same command again to go on",
            Self::ReadOnlyBucket { .. } => {
                "ask the bucket's owner for write access, or use another bucket with --bucket"
            }
            Self::NotLoggedIn { .. } => return not_logged_in_hints(),
            Self::InvalidEndpoint { .. } => "e.g. --endpoint-url http://127.0.0.1:9000",
            Self::NoProject => "e.g. wabucket --project-name my-project …",
            Self::Platform(error) => return error.hint().into_iter().collect(),
            Self::Wandb(error) => return wandb_hints(error),
            Self::Transfer(error) => return transfer_hint(error).into_iter().map(str::to_owned).collect(),
            Self::Registry(error) => registry_hint(error),
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

fn not_logged_in_hints() -> Vec<String> {
    [
        "to use the platform's bucket, log in with `apolo login` or `neuro login`",
        "to use another bucket, give --bucket s3://… or file:///DIR",
    ]
    .map(str::to_owned)
    .into()
}

fn platform_kind(error: &apolo_client::Error) -> ErrorKind {
    use apolo_client::Error as E;
    match error {
        E::NotAuthenticated { .. } | E::NotAllowed { .. } => ErrorKind::NotAllowed,
        E::NotFound { .. } => ErrorKind::NotFound,
        E::InvalidBucketName { .. } | E::InvalidReference { .. } | E::NoProject { .. } => ErrorKind::Usage,
        E::InvalidConfiguration { .. } | E::InvalidPassedConfiguration { .. } | E::ClockSkew { .. } => {
            ErrorKind::NotAllowed
        }
        E::Unavailable { .. } => ErrorKind::Unavailable,
        E::UnsupportedProvider { .. } | E::Refused { .. } | E::UnexpectedAnswer { .. } => ErrorKind::Unexpected,
    }
}

fn wandb_kind(error: &WandbError) -> ErrorKind {
    match error {
        WandbError::NoCredentials { .. }
        | WandbError::NotAuthenticated { .. }
        | WandbError::IdentityTokenRefused { .. }
        | WandbError::MalformedKey { .. }
        | WandbError::NotAllowed { .. } => ErrorKind::NotAllowed,
        WandbError::NotFound { .. } => ErrorKind::NotFound,
        WandbError::RunExists { .. } => ErrorKind::AlreadyExists,
        WandbError::Offline { .. } | WandbError::InvalidSetting { .. } | WandbError::InvalidWord(_) => ErrorKind::Usage,
        WandbError::Unavailable { .. } | WandbError::EndUnrecorded { .. } => ErrorKind::Unavailable,
        WandbError::UntrustedCertificate { .. }
        | WandbError::Refused { .. }
        | WandbError::Protocol { .. }
        | WandbError::Io(_)
        | WandbError::Setup(_) => ErrorKind::Unexpected,
    }
}

fn wandb_hints(error: &WandbError) -> Vec<String> {
    const LOG_IN: &str = "log in with `wandb login`, or set WANDB_API_KEY";
    const TRY_LOCAL: &str = "to try without any account, add --local";
    const RENEW: &str = "write a fresh token there; its issuer must be one that your W&B organisation trusts";
    let hints: &[&str] = match error {
        WandbError::NoCredentials { .. } => &[LOG_IN, TRY_LOCAL],
        WandbError::IdentityTokenRefused { .. }
        | WandbError::NotAuthenticated { source_of_credentials: CredentialSource::IdentityToken(_), .. } => &[RENEW],
        WandbError::NotAuthenticated { .. } | WandbError::MalformedKey { .. } => {
            &[LOG_IN, "the key must belong to the server in WANDB_BASE_URL"]
        }
        WandbError::NotAllowed { .. } | WandbError::NotFound { .. } => {
            &["check --entity and --project-name, and that your key may use them"]
        }
        WandbError::UntrustedCertificate { .. } => {
            &["if an authority of your own signed it, name that authority's PEM file in SSL_CERT_FILE"]
        }
        WandbError::Offline { .. } => &["unset WANDB_MODE, or record locally with --local"],
        WandbError::Unavailable { .. } => &["check the network and WANDB_BASE_URL, then run the command again"],
        _ => &[],
    };
    hints.iter().map(|&hint| hint.to_owned()).collect()
}

fn transfer_kind(error: &TransferError) -> ErrorKind {
    use TransferError as E;
    match error {
        E::NotAuthenticated { .. } | E::NotAllowed { .. } => ErrorKind::NotAllowed,
        E::NotFound { .. } => ErrorKind::NotFound,
        E::AlreadyExists { .. } => ErrorKind::AlreadyExists,
        E::InvalidOption { .. } | E::InvalidSource { .. } | E::Destination { .. } => ErrorKind::Usage,
        E::Unavailable { .. } => ErrorKind::Unavailable,
        E::Integrity { .. } => ErrorKind::Integrity,
        E::Interrupted { .. } => ErrorKind::Interrupted,
        _ => ErrorKind::Unexpected,
    }
}

/// Where the credentials for this kind of store come from.
fn credentials_hint(object: &str) -> &'static str {
    match object.split_once("://") {
        Some(("gs", _)) => {
            "log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
        }
        Some(("az" | "https", _)) => {
            "set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or log in with `az login`"
        }
        Some(("blob", _)) => "log in again with `apolo login` or `neuro login`",
        _ => {
            "check the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or --aws-credentials-file"
        }
    }
}

fn transfer_hint(error: &TransferError) -> Option<&'static str> {
    use TransferError as E;
    Some(match error {
        E::NotAuthenticated { operation, .. } => credentials_hint(&operation.object),
        E::NotAllowed { .. } => "check that these credentials may list, read and write this bucket",
        E::NotFound { .. } => "check the bucket's name, --endpoint-url, and that the object was not removed",
        E::InvalidSource { problem: SourceProblem::Missing | SourceProblem::NotAFolder, .. } => {
            "give the path of a folder"
        }
        E::InvalidSource { .. } => "remove or rename it, or upload another folder",
        E::Destination { .. } => "give another folder with -d",
        E::Changed { .. } => "run the command again when nothing writes to the folder",
        E::Unavailable { .. } => "check the network and --endpoint-url, then run the command again",
        E::Integrity { .. } => "the bytes were changed after they were uploaded; download another version",
        E::Interrupted { .. } => "run the same command again to go on",
        _ => return None,
    })
}

fn registry_kind(error: &RegistryError) -> ErrorKind {
    match error {
        RegistryError::Listen { .. } | RegistryError::TooNew { .. } => ErrorKind::Usage,
        _ => ErrorKind::Unexpected,
    }
}

fn registry_hint(error: &RegistryError) -> &'static str {
    match error {
        RegistryError::Listen { .. } => "give another address with --addr; port 0 takes a free one",
        RegistryError::TooNew { .. } => "use the newer wabucket, or another directory with --local=DIR",
        _ => "check that the directory may be written, or give another with --local=DIR",
    }
}
