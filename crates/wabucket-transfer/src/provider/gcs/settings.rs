//! The user's own access to Google, found as Google's libraries find it.

use std::path::PathBuf;

use url::Url;
use wabucket_model::Environment;

use super::ENDPOINT;
use crate::error::{Operation, TransferError};
use crate::options::StoreOptions;

/// What the firmware of Google's machines says; Google's own libraries look here, too.
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";

/// Which service, and how to get in.
pub(super) struct Settings {
    pub(super) endpoint: Url,
    pub(super) access: Access,
}

/// What opens the service.
pub(super) enum Access {
    /// An emulator asks for nothing.
    Nothing,
    /// A file with credentials: of a service account or of a user.
    File(PathBuf),
    /// The machine's own service account.
    Machine,
}

impl Settings {
    pub(super) fn read(operation: &Operation, options: &StoreOptions) -> Result<Self, TransferError> {
        let environment = &options.environment;
        let emulator = environment.variable("STORAGE_EMULATOR_HOST");
        let endpoint = match (&options.endpoint_url, emulator) {
            (Some(url), _) => url.clone(),
            (None, Some(host)) => emulator_url(operation, host)?,
            (None, None) => Url::parse(ENDPOINT).expect("the constant is a URL"),
        };
        let is_emulator = endpoint.scheme() == "http";
        let access = match credentials_file(environment) {
            _ if is_emulator => Access::Nothing,
            Some(file) => Access::File(file),
            None if is_on_google() => Access::Machine,
            None => return Err(no_credentials(operation)),
        };
        Ok(Self { endpoint, access })
    }
}

/// Google's libraries want a scheme here, older tools write none.
fn emulator_url(operation: &Operation, host: &str) -> Result<Url, TransferError> {
    let text = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
    Url::parse(&text).ok().filter(Url::has_host).ok_or_else(|| TransferError::InvalidOption {
        operation: operation.clone(),
        problem: format!("STORAGE_EMULATOR_HOST must be a web address, and is {host:?}"),
    })
}

/// The file that the variable names, else the one that `gcloud auth application-default login` writes.
fn credentials_file(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.variable("GOOGLE_APPLICATION_CREDENTIALS") {
        return Some(environment.path(path));
    }
    let folder = environment.path(environment.variable("CLOUDSDK_CONFIG").unwrap_or("~/.config/gcloud"));
    Some(folder.join("application_default_credentials.json")).filter(|path| path.exists())
}

fn is_on_google() -> bool {
    fs_err::read_to_string(PRODUCT_NAME).is_ok_and(|name| name.contains("Google"))
}

fn no_credentials(operation: &Operation) -> TransferError {
    TransferError::NotAuthenticated {
        operation: operation.clone(),
        source: "there are no Google credentials on this machine".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(home: &std::path::Path, variables: &[(&str, &str)]) -> Result<Settings, TransferError> {
        let variables: BTreeMap<_, _> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let environment = Environment::new(variables, Some(home.to_path_buf()), home.to_path_buf());
        Settings::read(&Operation::new("open", "gs://b"), &StoreOptions { environment, ..StoreOptions::default() })
    }

    #[test]
    fn credentials_are_found_where_googles_tools_put_them() {
        let home = tempfile::tempdir().unwrap();
        if !is_on_google() {
            assert!(matches!(read(home.path(), &[]), Err(TransferError::NotAuthenticated { .. })));
        }
        let file = home.path().join(".config/gcloud/application_default_credentials.json");
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, "{}").unwrap();
        assert!(matches!(read(home.path(), &[]).unwrap().access, Access::File(found) if found == file));
        let named = read(home.path(), &[("GOOGLE_APPLICATION_CREDENTIALS", "key.json")]).unwrap();
        assert!(matches!(named.access, Access::File(found) if found == home.path().join("key.json")));
        for host in ["127.0.0.1:9", "http://127.0.0.1:9"] {
            let emulated = read(home.path(), &[("STORAGE_EMULATOR_HOST", host)]).unwrap();
            assert_eq!(emulated.endpoint.as_str(), "http://127.0.0.1:9/");
            assert!(matches!(emulated.access, Access::Nothing));
        }
        assert!(read(home.path(), &[("STORAGE_EMULATOR_HOST", "http://")]).is_err());
    }
}
