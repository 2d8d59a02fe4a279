//! Settings: options and environment resolved once, into typed values that everything below is handed.

use std::path::PathBuf;

use url::Url;
use wabucket_model::{BucketUrl, EntityName, Environment, ProjectName};

use crate::Error;

/// What a caller may say; everything else comes from the environment.
#[derive(Debug, Clone, Default)]
pub struct SettingsOptions {
    /// A bucket URL, or the name or id of a platform bucket.
    pub bucket: Option<String>,
    /// The endpoint of an S3-compatible server.
    pub endpoint_url: Option<String>,
    /// A file in the format of `~/.aws/credentials`.
    pub aws_credentials_file: Option<PathBuf>,
    /// Where runs are recorded.
    pub registry: RegistryChoice,
    /// The W&B project.
    pub project: Option<String>,
    /// The W&B user or team.
    pub entity: Option<String>,
    /// The run's name.
    pub run_name: Option<String>,
    /// The run's job type.
    pub job_type: Option<String>,
    /// The program and its arguments as the run's metadata shows them.
    pub command_line: Vec<String>,
}

/// Where runs are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RegistryChoice {
    /// W&B, the cloud or a self-managed server, as W&B's own variables and files say.
    #[default]
    Wandb,
    /// The embedded registry.
    Embedded {
        /// Where it keeps its database and its folder bucket; by default `$WABUCKET_HOME`, else the XDG data directory.
        directory: Option<PathBuf>,
    },
}

/// Where bytes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BucketChoice {
    /// A bucket that its URL names in full.
    Url(BucketUrl),
    /// A platform bucket by name or id, within the current cluster, organisation and project.
    Platform(String),
    /// The folder bucket of the embedded registry.
    Embedded(PathBuf),
}

/// Everything that operations need to know, parsed.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) environment: Environment,
    pub(crate) bucket: BucketChoice,
    pub(crate) endpoint_url: Option<Url>,
    pub(crate) aws_credentials_file: Option<PathBuf>,
    /// The embedded registry's directory, where runs are recorded there.
    pub(crate) embedded: Option<PathBuf>,
    pub(crate) project: ProjectName,
    pub(crate) entity: Option<EntityName>,
    pub(crate) run_name: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) command_line: Vec<String>,
}

impl Settings {
    /// Resolves options and environment. Nothing is contacted and nothing is created.
    pub fn resolve(options: SettingsOptions, environment: Environment) -> Result<Self, Error> {
        let variable = |name| environment.variable(name).map(str::to_owned);
        let project = match options.project.or_else(|| variable("WANDB_PROJECT")) {
            Some(project) => project,
            None => wandb_client::configured_project(&environment)?.ok_or(Error::NoProject)?,
        };
        let project = ProjectName::parse(&project)?;
        let entity = options.entity.or_else(|| variable("WANDB_ENTITY"));
        let embedded = match options.registry {
            RegistryChoice::Wandb => None,
            RegistryChoice::Embedded { directory } => Some(embedded_directory(directory, &environment)?),
        };
        let bucket = match (options.bucket.or_else(|| variable("WABUCKET_BUCKET")), &embedded) {
            (Some(text), _) if text.contains("://") => BucketChoice::Url(BucketUrl::parse(&text)?),
            (Some(name), _) => BucketChoice::Platform(name),
            (None, Some(directory)) => BucketChoice::Embedded(directory.join("bucket")),
            (None, None) => BucketChoice::Platform(project.as_str().to_owned()),
        };
        Ok(Self {
            bucket,
            endpoint_url: options.endpoint_url.as_deref().map(parse_endpoint).transpose()?,
            aws_credentials_file: options.aws_credentials_file.map(|file| environment.current_dir().join(file)),
            embedded,
            project,
            entity: entity.as_deref().map(EntityName::parse).transpose()?,
            run_name: options.run_name,
            job_type: options.job_type,
            command_line: options.command_line,
            environment,
        })
    }
}

/// The embedded registry's directory: as asked, else `$WABUCKET_HOME`, else in the XDG data directory.
pub(crate) fn embedded_directory(asked: Option<PathBuf>, environment: &Environment) -> Result<PathBuf, Error> {
    if let Some(directory) = asked {
        return Ok(environment.current_dir().join(directory));
    }
    if let Some(directory) = environment.variable("WABUCKET_HOME") {
        return Ok(environment.path(directory));
    }
    if let Some(directory) = environment.variable("XDG_DATA_HOME") {
        return Ok(environment.path(directory).join("wabucket"));
    }
    let home = environment.home().ok_or(Error::NoHome)?;
    Ok(home.join(".local/share/wabucket"))
}

fn parse_endpoint(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| Error::InvalidEndpoint { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment::new(variables, Some("/home/u".into()), "/here".into())
    }

    fn options() -> SettingsOptions {
        SettingsOptions { project: Some("p".to_owned()), ..SettingsOptions::default() }
    }

    #[test]
    fn the_bucket_is_the_option_then_the_variable_then_the_default() {
        let embedded = SettingsOptions { registry: RegistryChoice::Embedded { directory: None }, ..options() };
        let named = SettingsOptions { bucket: Some("mine".to_owned()), ..options() };
        let s3 = [("WABUCKET_BUCKET", "s3://b/x")];
        for (options, variables, bucket) in [
            (named.clone(), &s3[..], BucketChoice::Platform("mine".to_owned())),
            (options(), &s3[..], BucketChoice::Url(BucketUrl::parse("s3://b/x").unwrap())),
            (options(), &[][..], BucketChoice::Platform("p".to_owned())),
            (embedded, &[][..], BucketChoice::Embedded("/home/u/.local/share/wabucket/bucket".into())),
        ] {
            assert_eq!(Settings::resolve(options, environment(variables)).unwrap().bucket, bucket);
        }
    }

    #[test]
    fn a_project_is_needed() {
        let resolve = |variables| Settings::resolve(SettingsOptions::default(), environment(variables));
        assert!(matches!(resolve(&[]), Err(Error::NoProject)));
        assert_eq!(resolve(&[("WANDB_PROJECT", "p")]).unwrap().project.as_str(), "p");
    }

    #[test]
    fn the_embedded_registry_lives_where_it_is_told_to() {
        for (asked, variables, directory) in [
            (Some("d"), &[("WABUCKET_HOME", "/h")][..], "/here/d"),
            (None, &[("WABUCKET_HOME", "~/h"), ("XDG_DATA_HOME", "/x")][..], "/home/u/h"),
            (None, &[("XDG_DATA_HOME", "/x")][..], "/x/wabucket"),
            (None, &[][..], "/home/u/.local/share/wabucket"),
        ] {
            let found = embedded_directory(asked.map(PathBuf::from), &environment(variables)).unwrap();
            assert_eq!(found, PathBuf::from(directory));
        }
    }

    #[test]
    fn endpoints_are_web_addresses() {
        for bad in ["localhost:9000", "ftp://x", "x"] {
            let options = SettingsOptions { endpoint_url: Some(bad.to_owned()), ..options() };
            assert!(Settings::resolve(options, environment(&[])).is_err(), "{bad}");
        }
    }
}
