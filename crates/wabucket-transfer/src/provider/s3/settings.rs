//! Endpoint and region of an S3 store, and the profile they may come from.

use std::path::PathBuf;

use ini::Ini;
use url::Url;
use wabucket_model::Environment;

use crate::error::{Operation, TransferError};
use crate::options::StoreOptions;

/// The region that stores other than AWS expect when they expect none.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// The variables that name an endpoint, the first one wins: AWS's own, then W&B's.
const ENDPOINT_VARIABLES: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_S3_ENDPOINT_URL"];

/// The variables that name a region, the first one wins.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

pub(super) struct Settings {
    pub(super) endpoint: Option<Url>,
    pub(super) region: Option<String>,
}

impl Settings {
    pub(super) fn read(operation: &Operation, options: &StoreOptions) -> Result<Self, TransferError> {
        let environment = &options.environment;
        let profile = Profile::read(operation, options)?;
        let first = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, environment.variable(name)?)));
        let endpoint = match (&options.endpoint_url, first(&ENDPOINT_VARIABLES)) {
            (Some(url), _) => Some(url.clone()),
            (None, Some((name, text))) => Some(parse_endpoint(operation, name, text)?),
            (None, None) => {
                profile.value("endpoint_url").map(|text| parse_endpoint(operation, "endpoint_url", text)).transpose()?
            }
        };
        let region = first(&REGION_VARIABLES).map(|(_, text)| text).or_else(|| profile.value("region"));
        Ok(Self { endpoint, region: region.map(str::to_owned) })
    }
}

fn parse_endpoint(operation: &Operation, name: &str, text: &str) -> Result<Url, TransferError> {
    let problem = || TransferError::InvalidOption {
        operation: operation.clone(),
        problem: format!("{name} must be a URL with http:// or https://, and is {text:?}"),
    };
    let url = Url::parse(text).map_err(|_| problem())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(problem()) }
}

/// The profile in use: `AWS_PROFILE`, else `default`.
pub(super) fn profile_name(environment: &Environment) -> &str {
    environment.variable("AWS_PROFILE").or_else(|| environment.variable("AWS_DEFAULT_PROFILE")).unwrap_or("default")
}

/// What the user's AWS files say about one profile.
#[derive(Default)]
struct Profile {
    files: Vec<(Ini, String)>,
}

impl Profile {
    fn read(operation: &Operation, options: &StoreOptions) -> Result<Self, TransferError> {
        let environment = &options.environment;
        let name = profile_name(environment);
        let in_config = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut profile = Self::default();
        if let Some(file) = &options.aws_credentials_file {
            profile.files.push((load(operation, file)?, name.to_owned()));
            return Ok(profile);
        }
        let files = [
            ("AWS_CONFIG_FILE", "~/.aws/config", in_config),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", name.to_owned()),
        ];
        for (variable, usual, section) in files {
            let path = environment.path(environment.variable(variable).unwrap_or(usual));
            if path.exists() {
                profile.files.push((load(operation, &path)?, section));
            }
        }
        Ok(profile)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.files.iter().find_map(|(file, section)| file.get_from(Some(section.as_str()), name))
    }
}

/// Reads an ini file; the message names the file and never shows a line of it.
fn load(operation: &Operation, path: &PathBuf) -> Result<Ini, TransferError> {
    let text = fs_err::read_to_string(path).map_err(|error| TransferError::io("read", path, error))?;
    Ini::load_from_str(&text).map_err(|error| TransferError::InvalidOption {
        operation: operation.clone(),
        problem: format!("{} is not an ini file (line {})", path.display(), error.line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)], home: &std::path::Path) -> StoreOptions {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environment = Environment::new(variables, Some(home.to_owned()), home.to_owned());
        StoreOptions { environment, ..StoreOptions::default() }
    }

    fn read(options: &StoreOptions) -> Result<(Option<String>, Option<String>), TransferError> {
        let settings = Settings::read(&Operation::new("open", "s3://b"), options)?;
        Ok((settings.endpoint.map(|url| url.to_string()), settings.region))
    }

    #[test]
    fn endpoints_have_the_documented_order() {
        let home = tempfile::tempdir().unwrap();
        let all = [
            ("AWS_S3_ENDPOINT_URL", "http://wandb"),
            ("AWS_ENDPOINT_URL", "http://general"),
            ("AWS_ENDPOINT_URL_S3", "http://s3"),
        ];
        let mut with_option = options(&all, home.path());
        with_option.endpoint_url = Some(Url::parse("http://option").unwrap());
        assert_eq!(read(&with_option).unwrap().0.as_deref(), Some("http://option/"));
        for (count, winner) in [(3, "http://s3/"), (2, "http://general/"), (1, "http://wandb/")] {
            assert_eq!(read(&options(&all[..count], home.path())).unwrap().0.as_deref(), Some(winner));
        }
        let refused = read(&options(&[("AWS_ENDPOINT_URL", "minio:9000")], home.path())).unwrap_err().to_string();
        assert!(refused.contains("AWS_ENDPOINT_URL must be a URL"), "{refused}");
    }

    #[test]
    fn regions_come_from_the_environment_then_from_the_profile() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(home.path().join(".aws")).unwrap();
        let config = "[default]\nregion = eu-west-1\n[profile lab]\nregion = us-west-2\nendpoint_url = http://lab:1\n";
        fs_err::write(home.path().join(".aws/config"), config).unwrap();
        let region = |variables: &[(&str, &str)]| read(&options(variables, home.path())).unwrap();
        assert_eq!(region(&[]), (None, Some("eu-west-1".to_owned())));
        assert_eq!(region(&[("AWS_PROFILE", "lab")]), (Some("http://lab:1/".to_owned()), Some("us-west-2".to_owned())));
        assert_eq!(region(&[("AWS_DEFAULT_REGION", "a"), ("AWS_REGION", "b")]).1.as_deref(), Some("b"));
    }
}
