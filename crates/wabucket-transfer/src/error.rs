//! What can go wrong while bytes move, sorted by what the caller can do next.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::Failure;

/// What was being done to which object, for messages: `upload s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// An imperative verb: "upload", "list", …
    pub verb: &'static str,
    /// The object, file or bucket, by a name the user can paste elsewhere. Never a signed URL.
    pub object: String,
}

impl Operation {
    /// Puts verb and object together.
    pub fn new(verb: &'static str, object: impl Into<String>) -> Self {
        Self { verb, object: object.into() }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.object)
    }
}

/// Any other error, kept as the cause.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a transfer or a request to a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// No usable credentials: none found, expired for good, or unknown to the store.
    #[error("{operation}: not authenticated")]
    NotAuthenticated {
        /// What was being done.
        operation: Operation,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The store knows the caller and refuses.
    #[error("{operation}: not allowed")]
    NotAllowed {
        /// What was being done.
        operation: Operation,
        /// The store's words.
        #[source]
        source: Cause,
    },
    /// The bucket, object, file or version does not exist.
    #[error("{operation}: {missing} does not exist")]
    NotFound {
        /// What was being done.
        operation: Operation,
        /// What is missing, by name: `the bucket`, `the object`, …
        missing: String,
    },
    /// Something is there that must not be replaced.
    #[error("{operation}: it already exists")]
    AlreadyExists {
        /// What was being done.
        operation: Operation,
    },
    /// The options do not fit together or cannot be used.
    #[error("{operation}: {problem}")]
    InvalidOption {
        /// What was being done.
        operation: Operation,
        /// The rule that is broken.
        problem: String,
    },
    /// The local folder cannot be uploaded as it is.
    #[error("upload {}: {problem}", path.display())]
    InvalidSource {
        /// The file or folder that is in the way.
        path: PathBuf,
        /// What is wrong with it.
        problem: SourceProblem,
    },
    /// The files cannot be written where they are wanted; nothing was written.
    #[error("write {}: {problem}", path.display())]
    Destination {
        /// The file or folder that is in the way.
        path: PathBuf,
        /// What is wrong with it.
        problem: DestinationProblem,
    },
    /// A file was changed by somebody else while it was read.
    #[error("upload {}: the file changed while it was being read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The network or the service failed, also after retries.
    #[error("{operation}: no success after {retries} retries in {} s", elapsed.as_secs())]
    Unavailable {
        /// What was being done.
        operation: Operation,
        /// How often it was tried again.
        retries: usize,
        /// How long all of that took.
        elapsed: Duration,
        /// The last failure.
        #[source]
        source: Cause,
    },
    /// The bytes are not the ones that were recorded or sent.
    #[error("{operation}: {problem}")]
    Integrity {
        /// What was being done.
        operation: Operation,
        /// What differs, with both values.
        problem: String,
    },
    /// The caller asked to stop. Nothing half-done is left under a final name.
    #[error("{operation}: interrupted")]
    Interrupted {
        /// What was being done.
        operation: Operation,
    },
    /// The local file system failed.
    #[error("{operation}")]
    Io {
        /// What was being done.
        operation: Operation,
        /// The system's words; they name the path.
        #[source]
        source: std::io::Error,
    },
    /// The store answered something that makes no sense.
    #[error("{operation}: unexpected answer")]
    Unexpected {
        /// What was being done.
        operation: Operation,
        /// What was wrong with it.
        #[source]
        source: Cause,
    },
}

/// Why a local file or folder cannot be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceProblem {
    /// Nothing has this name.
    #[error("it does not exist")]
    Missing,
    /// The source itself must be a folder.
    #[error("it is not a folder")]
    NotAFolder,
    /// A symbolic link points at nothing.
    #[error("it is a symbolic link to something that does not exist")]
    BrokenLink,
    /// A symbolic link leads back to a folder above it.
    #[error("it is a symbolic link into a folder that contains it, which would never end")]
    LinkLoop,
    /// A pipe, socket or device.
    #[error("it is neither a file nor a folder")]
    SpecialFile,
    /// Keys are UTF-8.
    #[error("its name is not valid UTF-8")]
    NotUnicode,
    /// Such keys cannot be listed or signed reliably.
    #[error("its name contains a control character")]
    ControlCharacter,
    /// Azure takes a backslash for a slash.
    #[error("its name contains a backslash, which Azure takes for a slash")]
    Backslash,
    /// Stores allow keys of 1024 bytes.
    #[error("its key would be {length} bytes long, and stores allow 1024")]
    KeyTooLong {
        /// The length of the key in bytes.
        length: usize,
    },
}

/// Why files cannot be written to a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationProblem {
    /// A file has the name of the destination folder, or of a folder on the way.
    #[error("a file is where a folder is needed")]
    IsAFile,
    /// A folder has the name of a file.
    #[error("a folder is where a file is needed")]
    IsAFolder,
    /// A link inside the destination leads out of it.
    #[error("a symbolic link leads out of the destination")]
    LeadsOut,
    /// Both `x` and `x/y` are wanted; no file system can hold both.
    #[error("it is wanted as a file and, by {other:?}, as a folder")]
    Conflict {
        /// A path that needs the folder.
        other: String,
    },
    /// The same path is wanted twice.
    #[error("it is wanted twice")]
    Twice,
}

impl TransferError {
    pub(crate) fn io(verb: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { operation: Operation::new(verb, path.display().to_string()), source }
    }

    pub(crate) fn source_problem(path: impl Into<PathBuf>, problem: SourceProblem) -> Self {
        Self::InvalidSource { path: path.into(), problem }
    }

    pub(crate) fn destination(path: impl Into<PathBuf>, problem: DestinationProblem) -> Self {
        Self::Destination { path: path.into(), problem }
    }

    pub(crate) fn unexpected(operation: &Operation, source: impl Into<Cause>) -> Self {
        Self::Unexpected { operation: operation.clone(), source: source.into() }
    }

    /// Sorts a failure of a store. Nothing of a URL's query survives: only our own [`Failure`] is kept, never
    /// `object_store`'s text, which shows the whole URL.
    pub(crate) fn from_store(operation: &Operation, error: object_store::Error) -> Self {
        if let Some(failure) = Failure::of(&error) {
            return Self::from_failure(operation, failure);
        }
        let operation = operation.clone();
        let missing = || operation.object.clone();
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound { missing: missing(), operation },
            object_store::Error::AlreadyExists { .. } => Self::AlreadyExists { operation },
            object_store::Error::Precondition { .. } | object_store::Error::NotModified { .. } => {
                Self::Integrity { operation, problem: "the object is not the one that was recorded".to_owned() }
            }
            object_store::Error::PermissionDenied { source, .. } => Self::NotAllowed { operation, source },
            object_store::Error::Unauthenticated { source, .. } => Self::NotAuthenticated { operation, source },
            object_store::Error::Generic { source, .. } => Self::from_generic(operation, source),
            other => Self::Unexpected { operation, source: Box::new(other) },
        }
    }

    fn from_generic(operation: Operation, source: Cause) -> Self {
        let source = match source.downcast::<Self>() {
            Ok(own) => return *own,
            Err(source) => source,
        };
        match source.downcast::<std::io::Error>() {
            Ok(source) => Self::Io { operation, source: *source },
            Err(source) => Self::Unexpected { operation, source },
        }
    }

    pub(crate) fn from_failure(operation: &Operation, failure: Failure) -> Self {
        let operation = operation.clone();
        match failure.kind() {
            crate::http::FailureKind::NotAuthenticated => {
                Self::NotAuthenticated { operation, source: Box::new(failure) }
            }
            crate::http::FailureKind::NotAllowed => Self::NotAllowed { operation, source: Box::new(failure) },
            crate::http::FailureKind::NoSuchBucket => Self::NotFound { missing: "the bucket".to_owned(), operation },
            crate::http::FailureKind::NotFound => Self::NotFound { missing: "the object".to_owned(), operation },
            crate::http::FailureKind::Temporary => {
                Self::Unavailable { operation, retries: 0, elapsed: Duration::ZERO, source: Box::new(failure) }
            }
            crate::http::FailureKind::Other => Self::Unexpected { operation, source: Box::new(failure) },
        }
    }

    /// Whether trying the same thing again may help.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether another address for the same bytes may help.
    pub(crate) fn is_refusal(&self) -> bool {
        self.concerns_credentials() || matches!(self, Self::NotFound { .. } | Self::Unexpected { .. })
    }

    /// Whether new credentials may help.
    pub(crate) fn concerns_credentials(&self) -> bool {
        matches!(self, Self::NotAuthenticated { .. } | Self::NotAllowed { .. })
    }
}
