//! What can go wrong with W&B, sorted by what the caller can do next.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use wabucket_model::{InvalidWord, RunId};

use crate::settings::CredentialSource;

/// Why an operation with W&B failed. Messages complete "failed to …" and hold no secrets.
#[derive(Debug, thiserror::Error)]
pub enum WandbError {
    /// There is no API key anywhere.
    #[error("no API key for {host}")]
    NoCredentials {
        /// The server that a key is needed for.
        host: String,
    },
    /// The server does not take the credentials.
    #[error("{host} does not accept {}", describe(source_of_credentials))]
    NotAuthenticated {
        /// The server.
        host: String,
        /// Where the credentials came from.
        source_of_credentials: CredentialSource,
    },
    /// The server gives no access token for the identity token.
    #[error("{host} gives no access token for the identity token in {}: {message}", token_file.display())]
    IdentityTokenRefused {
        /// The server.
        host: String,
        /// The file of the identity token.
        token_file: PathBuf,
        /// The server's words.
        message: String,
    },
    /// A key that cannot be one.
    #[error("the API key from {key_source} {rule}")]
    MalformedKey {
        /// Where the key came from.
        key_source: CredentialSource,
        /// What is wrong with it, as a clause.
        rule: &'static str,
    },
    /// The user may not do this.
    #[error("{operation} is not allowed: {message}")]
    NotAllowed {
        /// What was tried.
        operation: String,
        /// W&B's words.
        message: String,
    },
    /// What the operation is about is not there.
    #[error("{operation}: {message}")]
    NotFound {
        /// What was tried.
        operation: String,
        /// W&B's words.
        message: String,
    },
    /// The run is there, and it was said that it must not be.
    #[error("run {id} is there already, and WANDB_RESUME is never")]
    RunExists {
        /// The run's id.
        id: RunId,
    },
    /// The run has ended, but W&B was not told.
    #[error(
        "W&B does not know that run {id} is {outcome}, nor its summary and last log lines; it shows the run as running, \
         and later as crashed ({problem}; given up after {} s)",
        elapsed.as_secs()
    )]
    EndUnrecorded {
        /// The run's id.
        id: RunId,
        /// How it ended.
        outcome: &'static str,
        /// What went wrong.
        problem: String,
        /// How long it was tried.
        elapsed: Duration,
    },
    /// The server understood and refused.
    #[error("{operation} was refused with status {status}: {message}")]
    Refused {
        /// What was tried.
        operation: String,
        /// The HTTP status.
        status: StatusCode,
        /// W&B's words.
        message: String,
    },
    /// The server could not be reached, or kept failing.
    #[error("{operation} failed after {tries} tries in {} s: {message}", elapsed.as_secs())]
    Unavailable {
        /// What was tried.
        operation: String,
        /// What happened the last time.
        message: String,
        /// How often it was tried.
        tries: u32,
        /// For how long.
        elapsed: Duration,
        /// The last failure of the network, if it was one.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The server's certificate is signed by nobody we trust.
    #[error("the certificate of {host} is not trusted: {message}")]
    UntrustedCertificate {
        /// The server.
        host: String,
        /// What is wrong with it.
        message: String,
    },
    /// The server's answer is none that this protocol knows.
    #[error("{operation}: cannot understand the answer: {message}")]
    Protocol {
        /// What was tried.
        operation: String,
        /// What is odd about the answer.
        message: String,
    },
    /// W&B is switched off by `WANDB_MODE`.
    #[error("WANDB_MODE is {mode:?}, but bytes can only be recorded online")]
    Offline {
        /// The mode.
        mode: String,
    },
    /// A setting that makes no sense.
    #[error("{setting} {text:?} {rule}")]
    InvalidSetting {
        /// Which setting, and where it came from.
        setting: String,
        /// Its value.
        text: String,
        /// What is wrong with it, as a clause.
        rule: &'static str,
    },
    /// A name that W&B does not take.
    #[error(transparent)]
    InvalidWord(#[from] InvalidWord),
    /// A local file that is to be uploaded cannot be read.
    #[error("cannot read a file to upload")]
    Io(#[from] std::io::Error),
    /// The HTTP client cannot be built, e.g. from a bad CA file or proxy.
    #[error("cannot set up HTTP: {0}")]
    Setup(String),
}

impl WandbError {
    /// Whether a signed link may have been refused because its time is over. Stores say it with any of these statuses.
    pub(crate) fn is_expired_link(&self) -> bool {
        match self {
            Self::NotAllowed { .. } => true,
            Self::Refused { status, .. } => matches!(*status, StatusCode::BAD_REQUEST | StatusCode::GONE),
            _ => false,
        }
    }
}

fn describe(source: &CredentialSource) -> String {
    match source {
        CredentialSource::IdentityToken(_) => source.to_string(),
        _ => format!("the API key from {source}"),
    }
}
