//! The login that the platform's own tools keep, found and read the way they do.
//!
//! ```text
//! Environment -> location (which folder) -> database (its `db`)         -> Configuration
//!                                        -> passed (…_PASSED_CONFIG)    ->
//!                overrides (user.toml, .apolo.toml, .neuro.toml) -------->
//! ```

mod database;
mod location;
mod overrides;
mod passed;
mod permissions;

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;
use wabucket_model::Environment;

pub(crate) use database::{StoredToken, read_token, write_token};

use crate::Error;
use crate::server::{Cluster, Project};
pub(crate) use overrides::Overrides;

/// A login, with the cluster, organisation and project that are current for the working folder.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub(crate) url: Url,
    pub(crate) source: Source,
    pub(crate) selection: Selection,
    pub(crate) overrides: Overrides,
    pub(crate) token: Token,
    pub(crate) renewal: Option<Renewal>,
    /// Known without asking the server only from a database.
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) projects: Option<Vec<Project>>,
    warnings: Vec<Warning>,
}

/// Where a login comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The login database of the platform's own tools.
    Database(PathBuf),
    /// The variable of this name, as set inside platform jobs.
    Variable(&'static str),
}

/// Something that works but should be put right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The login can be read or written by others, and the platform's own tools refuse it.
    #[error("{} has permissions {mode:03o}, the platform's own tools refuse it; run `chmod {wanted:03o} {}`",
        path.display(), path.display())]
    OpenPermissions {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits it should have.
        wanted: u32,
    },
}

/// Cluster, organisation and project by name, before they are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) cluster: String,
    pub(crate) org: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) era: Era,
}

/// Which rules the selection was written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// Written by an SDK that knows projects; what is missing is missing.
    Projects,
    /// Written by an SDK before projects, when the user's name stood in their place.
    Owners,
    /// A passed configuration: what it names must exist, the rest takes the defaults.
    Passed,
}

/// An access token with its end.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) access: SecretString,
    /// Unix seconds at which to renew it; none where that is not known.
    pub(crate) renew_at: Option<f64>,
}

/// How to get a new access token.
#[derive(Debug, Clone)]
pub(crate) struct Renewal {
    pub(crate) token_url: Url,
    pub(crate) client_id: String,
    pub(crate) refresh_token: SecretString,
}

impl Configuration {
    /// Finds the login: a database if there is one, else a passed configuration, else none.
    pub fn find(environment: &Environment) -> Result<Option<Self>, Error> {
        let folder = location::login_folder(environment);
        let found = match &folder {
            Some(folder) => Some(database::read(&folder.join(location::DATABASE))?),
            None => passed::find(environment)?,
        };
        let Some(mut configuration) = found else { return Ok(None) };
        let user_folder = folder.clone().or_else(|| location::new_login_folder(environment));
        configuration.overrides = Overrides::find(environment, user_folder.as_deref())?;
        configuration.warnings = folder.as_deref().map(permissions::check).unwrap_or_default();
        Ok(Some(configuration))
    }

    /// Where the login comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The base of the platform's API.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What should be put right, though the login works.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
