//! What proves who we are: an API key, or an identity token that the server exchanges for access tokens.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use wabucket_model::Environment;

use super::{BaseUrl, file::SettingsFile, key};
use crate::WandbError;

/// Where credentials came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// The variable `WANDB_API_KEY`.
    Variable,
    /// A netrc file.
    Netrc(PathBuf),
    /// A settings file.
    Settings,
    /// The embedded registry, or whoever called us.
    Given,
    /// An identity token's file.
    IdentityToken(PathBuf),
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => formatter.write_str("WANDB_API_KEY"),
            Self::Netrc(path) => write!(formatter, "{}", path.display()),
            Self::Settings => formatter.write_str("W&B's settings file"),
            Self::Given => formatter.write_str("the caller"),
            Self::IdentityToken(path) => write!(formatter, "the identity token in {}", path.display()),
        }
    }
}

/// Proof of who we are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// An API key.
    ApiKey {
        /// The key.
        key: SecretString,
        /// Where it came from.
        source: CredentialSource,
    },
    /// A JWT of an identity provider that the server trusts.
    IdentityToken(IdentityToken),
}

/// Where a JWT is read from, and where the access tokens that the server gives for it are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityToken {
    /// `WANDB_IDENTITY_TOKEN_FILE`: read anew for each exchange, since whoever writes it renews it.
    pub token_file: PathBuf,
    /// `WANDB_CREDENTIALS_FILE`: shared with W&B's own client. None where there is no home folder.
    pub cache_file: Option<PathBuf>,
}

impl Credentials {
    /// The API key, if that is what there is.
    pub fn api_key(&self) -> Option<&SecretString> {
        match self {
            Self::ApiKey { key, .. } => Some(key),
            Self::IdentityToken(_) => None,
        }
    }

    /// Where they came from.
    pub fn source(&self) -> CredentialSource {
        match self {
            Self::ApiKey { source, .. } => source.clone(),
            Self::IdentityToken(identity) => CredentialSource::IdentityToken(identity.token_file.clone()),
        }
    }

    /// An identity token that is configured wins over keys in files; beside a key in a variable it is a mistake.
    pub(super) fn find(environment: &Environment, file: &SettingsFile, base_url: &BaseUrl) -> Result<Self, WandbError> {
        let either =
            |name: &str, setting: &str| environment.variable(name).map(str::to_owned).or_else(|| file.get(setting));
        let Some(token_file) = either("WANDB_IDENTITY_TOKEN_FILE", "identity_token_file") else {
            return key::find(environment, base_url, file.get("api_key"));
        };
        if environment.variable("WANDB_API_KEY").is_some() {
            return Err(WandbError::InvalidSetting {
                setting: "WANDB_IDENTITY_TOKEN_FILE".to_owned(),
                text: token_file,
                rule: "is set together with WANDB_API_KEY; W&B takes only one of them",
            });
        }
        let cache_file = either("WANDB_CREDENTIALS_FILE", "credentials_file").map(|path| environment.path(&path));
        let by_default = || environment.home().map(|home| home.join(".config/wandb/credentials.json"));
        let token_file = environment.path(&token_file);
        Ok(Self::IdentityToken(IdentityToken { token_file, cache_file: cache_file.or_else(by_default) }))
    }
}
