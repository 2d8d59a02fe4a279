//! What can go wrong with the platform, sorted by what the caller can do next.

use std::path::PathBuf;
use std::time::Duration;

/// Anything that fails here. No variant holds a token, a key or the text of a passed configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform does not accept the login, or there is no way to renew it: log in again.
    #[error("the platform at {url} does not accept the login: {reason}")]
    NotAuthenticated {
        /// Origin of the API that refused.
        url: String,
        /// What was refused.
        reason: &'static str,
    },

    /// The login is good but may not do this.
    #[error("{operation}: not allowed: {message}")]
    NotAllowed {
        /// Operation and object.
        operation: String,
        /// What the platform says is missing.
        message: String,
    },

    /// What was named does not exist, or is not visible to this login.
    #[error("{missing} {name:?} not found {place}")]
    NotFound {
        /// What kind of thing.
        missing: Missing,
        /// Its name as given.
        name: String,
        /// Where it was looked for: "in cluster c, organisation o, project p".
        place: String,
    },

    /// A name that no bucket can have.
    #[error("bucket name {name:?} is impossible: {rule}")]
    InvalidBucketName {
        /// The name as given.
        name: String,
        /// The rule of the platform it breaks.
        rule: &'static str,
    },

    /// A reference that is not a `blob://` URL of the platform.
    #[error("platform reference {text:?} {rule}")]
    InvalidReference {
        /// The reference as given.
        text: String,
        /// The rule it breaks.
        rule: &'static str,
    },

    /// No project is selected, and a bucket belongs to one.
    #[error("no project of the platform is selected in cluster {cluster:?}")]
    NoProject {
        /// The current cluster.
        cluster: String,
    },

    /// The login database or a configuration file cannot be used.
    #[error("platform configuration {} {problem}", path.display())]
    InvalidConfiguration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as a clause.
        problem: &'static str,
        /// The cause, where there is one that shows no secret.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },

    /// The variable with a passed configuration holds something else. Its value is never shown.
    #[error("environment variable {variable} does not hold a passed configuration: {problem}")]
    InvalidPassedConfiguration {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong, without the value.
        problem: &'static str,
    },

    /// A provider that this version does not know, with credentials that look like none it knows.
    #[error("bucket {bucket:?} has the storage provider {provider:?}, which is not supported")]
    UnsupportedProvider {
        /// The bucket.
        bucket: String,
        /// The platform's word for the provider.
        provider: String,
    },

    /// The local clock is so wrong that signed requests would be refused.
    #[error("the local clock is {minutes} minutes {direction} the platform's")]
    ClockSkew {
        /// Size of the difference.
        minutes: u64,
        /// "ahead of" or "behind".
        direction: &'static str,
    },

    /// The platform did not answer, or answered with a temporary failure until the retries were used up.
    #[error("{operation}: {reason} ({attempts} attempts in {:.1} s)", elapsed.as_secs_f32())]
    Unavailable {
        /// Operation and object.
        operation: String,
        /// The last failure.
        reason: String,
        /// How often it was tried.
        attempts: usize,
        /// How long all attempts took.
        elapsed: Duration,
        /// The cause, without the URL.
        #[source]
        source: Option<reqwest::Error>,
    },

    /// The platform refused the request for a reason that has no other variant.
    #[error("{operation}: the platform answered {status}: {message}")]
    Refused {
        /// Operation and object.
        operation: String,
        /// HTTP status.
        status: u16,
        /// The platform's message, shortened.
        message: String,
    },

    /// The platform's answer has not the promised form.
    #[error("{operation}: the platform's answer {problem}")]
    UnexpectedAnswer {
        /// Operation and object.
        operation: String,
        /// What is wrong, as a clause.
        problem: &'static str,
    },
}

/// The kinds of things that can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A cluster.
    Cluster,
    /// An organisation.
    Organisation,
    /// A project.
    Project,
    /// A bucket.
    Bucket,
    /// A job.
    Job,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Cluster => "cluster",
            Self::Organisation => "organisation",
            Self::Project => "project",
            Self::Bucket => "bucket",
            Self::Job => "job",
        })
    }
}

impl Error {
    /// The next thing to try, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAuthenticated { .. } => LOGIN_HINT,
            Self::NotAllowed { .. } => "ask an owner of the project for access, or switch to another login",
            Self::NotFound { missing, .. } => return Some(not_found_hint(*missing).to_owned()),
            Self::InvalidBucketName { .. } => {
                "name an existing bucket by its name or id; `apolo blob lsbucket` lists them"
            }
            Self::InvalidReference { .. } => "a reference has the form blob://CLUSTER/ORG/PROJECT/BUCKET/KEY",
            Self::NoProject { .. } => "select one with `apolo config switch-project NAME`",
            Self::InvalidConfiguration { .. } => "correct the file, or run `apolo logout` and then `apolo login`",
            Self::InvalidPassedConfiguration { variable, .. } => {
                return Some(format!("set {variable} anew, or unset it and run `apolo login`"));
            }
            Self::UnsupportedProvider { .. } => "use a bucket of another provider, or a newer version of this program",
            Self::ClockSkew { .. } => "set the local clock, for example with `timedatectl set-ntp true`",
            Self::Unavailable { .. } => "check the network and the platform's status, then run the command again",
            Self::Refused { .. } | Self::UnexpectedAnswer { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether trying again later, unchanged, can help.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// The commands that make a login, those of the older tools included.
const LOGIN_HINT: &str = "log in with `apolo login` (headless: `apolo config login-headless`; with a token: \
                          `apolo config login-with-token TOKEN`; older installations: `neuro login`), or set \
                          APOLO_PASSED_CONFIG";

fn not_found_hint(missing: Missing) -> &'static str {
    match missing {
        Missing::Cluster => {
            "`apolo config get-clusters` lists the clusters of this login; `apolo config fetch` renews it"
        }
        Missing::Organisation => "`apolo config switch-org NAME` selects another organisation",
        Missing::Project => "`apolo config switch-project NAME` selects another project",
        Missing::Bucket => "`apolo blob lsbucket` lists the buckets of the project, `apolo blob mkbucket` makes one",
        Missing::Job => "`apolo ps --all` lists the jobs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What users see is frozen here; a change must be meant.
    #[test]
    fn messages_name_operation_and_object_and_hints_the_next_step() {
        let text = str::to_owned;
        let cases: [(Error, &str, &str); 13] = [
            (
                Error::NotAuthenticated { url: text("https://api.apolo.us"), reason: "its token was refused" },
                "the platform at https://api.apolo.us does not accept the login: its token was refused",
                "`apolo login`",
            ),
            (
                Error::NotAllowed { operation: text("find bucket \"b\""), message: text("read on blob://c/b") },
                "find bucket \"b\": not allowed: read on blob://c/b",
                "ask an owner",
            ),
            (
                Error::NotFound { missing: Missing::Bucket, name: text("b"), place: text("in cluster \"c\"") },
                "bucket \"b\" not found in cluster \"c\"",
                "`apolo blob lsbucket`",
            ),
            (
                Error::InvalidBucketName { name: text("B"), rule: "it must have 3 to 40 characters" },
                "bucket name \"B\" is impossible: it must have 3 to 40 characters",
                "`apolo blob lsbucket`",
            ),
            (
                Error::InvalidReference { text: text("x"), rule: "must start with blob://" },
                "platform reference \"x\" must start with blob://",
                "blob://CLUSTER/ORG/PROJECT/BUCKET/KEY",
            ),
            (
                Error::NoProject { cluster: text("c") },
                "no project of the platform is selected in cluster \"c\"",
                "`apolo config switch-project NAME`",
            ),
            (
                Error::InvalidConfiguration { path: "/h/.apolo/db".into(), problem: "holds no login", source: None },
                "platform configuration /h/.apolo/db holds no login",
                "`apolo logout` and then `apolo login`",
            ),
            (
                Error::InvalidPassedConfiguration { variable: "APOLO_PASSED_CONFIG", problem: "it is not base64 text" },
                "environment variable APOLO_PASSED_CONFIG does not hold a passed configuration: it is not base64 text",
                "set APOLO_PASSED_CONFIG anew",
            ),
            (
                Error::UnsupportedProvider { bucket: text("b"), provider: text("tape") },
                "bucket \"b\" has the storage provider \"tape\", which is not supported",
                "a newer version",
            ),
            (
                Error::ClockSkew { minutes: 20, direction: "ahead of" },
                "the local clock is 20 minutes ahead of the platform's",
                "set the local clock",
            ),
            (
                Error::Unavailable {
                    operation: text("find bucket \"b\""),
                    reason: text("the platform answered 503"),
                    attempts: 6,
                    elapsed: Duration::from_millis(12_340),
                    source: None,
                },
                "find bucket \"b\": the platform answered 503 (6 attempts in 12.3 s)",
                "check the network",
            ),
            (
                Error::Refused { operation: text("find bucket \"b\""), status: 422, message: text("disabled") },
                "find bucket \"b\": the platform answered 422: disabled",
                "",
            ),
            (
                Error::UnexpectedAnswer { operation: text("find bucket \"b\""), problem: "is not JSON" },
                "find bucket \"b\": the platform's answer is not JSON",
                "",
            ),
        ];
        for (error, message, hint) in cases {
            assert_eq!(error.to_string(), message);
            assert_eq!(error.hint().is_some(), !hint.is_empty(), "{message}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{message}: {:?}", error.hint());
        }
    }
}
