//! Settings as W&B's own client finds them: files below variables below what is said explicitly.

mod base_url;
mod credentials;
mod file;
mod key;
mod netrc;

use secrecy::SecretString;
use wabucket_model::Environment;

pub use base_url::BaseUrl;
pub use credentials::{CredentialSource, Credentials, IdentityToken};

use crate::WandbError;
use crate::certificates::Authorities;
use crate::run::Resume;
use file::SettingsFile;

/// Which server to talk to.
#[derive(Debug, Clone)]
pub enum Server {
    /// The one that W&B's variables and files name, with the key they hold.
    FromEnvironment,
    /// This one, with this key; neither variables nor files are asked. The embedded registry is one.
    Given {
        /// Its address.
        base_url: BaseUrl,
        /// Its key.
        api_key: SecretString,
        /// Where its pages are.
        app_url: String,
    },
}

/// What variables say about the run.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// `WANDB_RUN_ID`: a run to join or to make under this id.
    pub id: Option<String>,
    /// `WANDB_RESUME`.
    pub resume: Resume,
    /// `WANDB_NAME`.
    pub name: Option<String>,
    /// `WANDB_NOTES`.
    pub notes: Option<String>,
    /// `WANDB_TAGS`, separated by commas.
    pub tags: Vec<String>,
    /// `WANDB_RUN_GROUP`.
    pub group: Option<String>,
    /// `WANDB_JOB_TYPE`.
    pub job_type: Option<String>,
    /// `WANDB_HOST`.
    pub host: Option<String>,
    /// `WANDB_PROGRAM`.
    pub program: Option<String>,
}

/// How to reach the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub(crate) http_proxy: Option<String>,
    pub(crate) https_proxy: Option<String>,
    pub(crate) authorities: Authorities,
    pub(crate) accepts_any_certificate: bool,
    pub(crate) extra_headers: Vec<(String, SecretString)>,
    pub(crate) user_name: Option<String>,
    pub(crate) user_email: Option<String>,
}

/// Everything that the client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API server.
    pub base_url: BaseUrl,
    /// `WANDB_APP_URL`: where pages are, if that cannot be told from the API server.
    pub app_url: Option<String>,
    /// Proof of who we are.
    pub credentials: Credentials,
    /// The entity that variables or files name.
    pub entity: Option<String>,
    /// The project that variables or files name.
    pub project: Option<String>,
    /// What variables say about the run.
    pub run: RunSettings,
    pub(crate) network: Network,
}

impl Settings {
    /// Resolves everything. Reads W&B's settings files and netrc; contacts nothing.
    pub fn resolve(environment: &Environment, server: Server) -> Result<Self, WandbError> {
        let file = SettingsFile::read(environment)?;
        let variable = |name: &str| environment.variable(name).map(str::to_owned);
        let either = |name: &str, key: &str| variable(name).or_else(|| file.get(key));
        let (base_url, credentials, app_url) = match server {
            Server::Given { base_url, api_key, app_url } => {
                (base_url, Credentials::ApiKey { key: api_key, source: CredentialSource::Given }, Some(app_url))
            }
            Server::FromEnvironment => {
                refuse_offline(either("WANDB_MODE", "mode"))?;
                let said = either("WANDB_BASE_URL", "base_url");
                let base_url = BaseUrl::resolve(said.as_deref().or(Some(key::default_host(environment))))?;
                let credentials = Credentials::find(environment, &file, &base_url)?;
                (base_url, credentials, either("WANDB_APP_URL", "app_url"))
            }
        };
        Ok(Self {
            base_url,
            app_url,
            credentials,
            entity: either("WANDB_ENTITY", "entity"),
            project: either("WANDB_PROJECT", "project"),
            run: run_settings(environment, either("WANDB_RESUME", "resume").as_deref())?,
            network: network(environment, &file)?,
        })
    }
}

/// The project that W&B's settings files name.
pub fn configured_project(environment: &Environment) -> Result<Option<String>, WandbError> {
    Ok(SettingsFile::read(environment)?.get("project"))
}

fn refuse_offline(mode: Option<String>) -> Result<(), WandbError> {
    match mode {
        Some(mode) if matches!(mode.as_str(), "offline" | "disabled" | "dryrun") => Err(WandbError::Offline { mode }),
        _ => Ok(()),
    }
}

fn run_settings(environment: &Environment, resume: Option<&str>) -> Result<RunSettings, WandbError> {
    let variable = |name: &str| environment.variable(name).map(str::to_owned);
    let tags = variable("WANDB_TAGS").unwrap_or_default();
    Ok(RunSettings {
        id: variable("WANDB_RUN_ID"),
        resume: Resume::parse(resume, environment)?,
        name: variable("WANDB_NAME"),
        notes: variable("WANDB_NOTES"),
        tags: tags.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        group: variable("WANDB_RUN_GROUP"),
        job_type: variable("WANDB_JOB_TYPE"),
        host: variable("WANDB_HOST"),
        program: variable("WANDB_PROGRAM"),
    })
}

fn network(environment: &Environment, file: &SettingsFile) -> Result<Network, WandbError> {
    let variable = |name: &str| environment.variable(name).map(str::to_owned);
    let is_true = |text: String| matches!(text.to_ascii_lowercase().as_str(), "y" | "yes" | "t" | "true" | "on" | "1");
    Ok(Network {
        http_proxy: variable("WANDB_HTTP_PROXY").or_else(|| file.get("http_proxy")),
        https_proxy: variable("WANDB_HTTPS_PROXY").or_else(|| file.get("https_proxy")),
        authorities: Authorities::find(environment),
        accepts_any_certificate: variable("WANDB_INSECURE_DISABLE_SSL").is_some_and(is_true),
        extra_headers: extra_headers(variable("WANDB__EXTRA_HTTP_HEADERS"))?,
        user_name: variable("WANDB_USERNAME"),
        user_email: variable("WANDB_USER_EMAIL"),
    })
}

/// `WANDB__EXTRA_HTTP_HEADERS`, a JSON object. Its values may be secrets.
fn extra_headers(text: Option<String>) -> Result<Vec<(String, SecretString)>, WandbError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let map: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&text).map_err(|_| WandbError::InvalidSetting {
            setting: "WANDB__EXTRA_HTTP_HEADERS".to_owned(),
            text: "…".to_owned(),
            rule: "must be a JSON object from names to texts",
        })?;
    Ok(map.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::collections::BTreeMap;

    const KEY: &str = "0123456789012345678901234567890123456789";

    fn environment(home: &std::path::Path, variables: &[(&str, &str)]) -> Environment {
        let variables: BTreeMap<_, _> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Environment::new(variables, Some(home.to_path_buf()), home.to_path_buf())
    }

    #[test]
    fn variables_win_over_the_local_file_and_that_over_the_global_one() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(home.path().join(".config/wandb")).unwrap();
        fs_err::create_dir_all(home.path().join("wandb")).unwrap();
        fs_err::write(
            home.path().join(".config/wandb/settings"),
            "[default]\nentity = global\nproject = global\nbase_url: http://global:1\n",
        )
        .unwrap();
        fs_err::write(home.path().join("wandb/settings"), "[default]\n# note\nproject = 100%%\n").unwrap();
        let resolve = |variables: &[(&str, &str)]| {
            let variables = [variables, &[("WANDB_API_KEY", KEY)]].concat();
            Settings::resolve(&environment(home.path(), &variables), Server::FromEnvironment).unwrap()
        };
        let settings = resolve(&[]);
        assert_eq!((settings.entity.as_deref(), settings.project.as_deref()), (Some("global"), Some("100%")));
        assert_eq!(settings.base_url.as_str(), "http://global:1");
        assert_eq!(resolve(&[("WANDB_ENTITY", "mine")]).entity.as_deref(), Some("mine"));
    }

    #[test]
    fn the_key_comes_from_the_variable_then_from_netrc() {
        let home = tempfile::tempdir().unwrap();
        let find = |variables: &[(&str, &str)]| {
            Settings::resolve(&environment(home.path(), variables), Server::FromEnvironment)
        };
        assert!(matches!(find(&[]), Err(WandbError::NoCredentials { .. })));
        fs_err::write(home.path().join(".netrc"), format!("machine api.wandb.ai\n  login user\n  password {KEY}\n"))
            .unwrap();
        let found = find(&[]).unwrap().credentials;
        assert_eq!(found.api_key().unwrap().expose_secret(), KEY);
        assert!(matches!(found.source(), CredentialSource::Netrc(_)));
        let other = KEY.replace('0', "a");
        assert_eq!(find(&[("WANDB_API_KEY", &other)]).unwrap().credentials.source(), CredentialSource::Variable);
        assert!(matches!(find(&[("WANDB_API_KEY", "short")]), Err(WandbError::MalformedKey { .. })));
    }

    #[test]
    fn without_a_server_the_host_is_the_one_that_netrc_has_a_key_for() {
        let home = tempfile::tempdir().unwrap();
        let machine = |host: &str| format!("machine {host}\n  login user\n  password {KEY}\n");
        let resolve = |netrc: String| {
            fs_err::write(home.path().join(".netrc"), netrc).unwrap();
            Settings::resolve(&environment(home.path(), &[]), Server::FromEnvironment).unwrap().base_url
        };
        assert_eq!(resolve(machine("api.forge.coreweave.com")).as_str(), BaseUrl::MOVED);
        assert_eq!(resolve(machine("api.wandb.ai")).as_str(), BaseUrl::DEFAULT);
        let both = machine("api.forge.coreweave.com") + &machine("api.wandb.ai");
        assert_eq!(resolve(both).as_str(), BaseUrl::DEFAULT);
    }

    #[test]
    fn an_identity_token_wins_over_files_and_contradicts_a_variable() {
        let home = tempfile::tempdir().unwrap();
        let token = ("WANDB_IDENTITY_TOKEN_FILE", "token");
        fs_err::write(home.path().join(".netrc"), format!("default login user password {KEY}\n")).unwrap();
        let resolve = |variables: &[(&str, &str)]| {
            Settings::resolve(&environment(home.path(), variables), Server::FromEnvironment)
        };
        let Credentials::IdentityToken(found) = resolve(&[token]).unwrap().credentials else { panic!("not the token") };
        assert_eq!(found.token_file, home.path().join("token"));
        assert_eq!(found.cache_file, Some(home.path().join(".config/wandb/credentials.json")));
        let Credentials::IdentityToken(found) =
            resolve(&[token, ("WANDB_CREDENTIALS_FILE", "cache")]).unwrap().credentials
        else {
            panic!("not the token")
        };
        assert_eq!(found.cache_file, Some(home.path().join("cache")));
        assert!(matches!(resolve(&[token, ("WANDB_API_KEY", KEY)]), Err(WandbError::InvalidSetting { .. })));
    }

    #[test]
    fn modes_without_a_server_are_refused_unless_the_server_is_given() {
        let home = tempfile::tempdir().unwrap();
        let environment = environment(home.path(), &[("WANDB_MODE", "offline"), ("WANDB_API_KEY", KEY)]);
        assert!(matches!(Settings::resolve(&environment, Server::FromEnvironment), Err(WandbError::Offline { .. })));
        let given = Server::Given {
            base_url: BaseUrl::resolve(Some("http://127.0.0.1:1")).unwrap(),
            api_key: SecretString::from(KEY),
            app_url: "http://127.0.0.1:1".to_owned(),
        };
        assert!(Settings::resolve(&environment, given).is_ok());
    }
}
