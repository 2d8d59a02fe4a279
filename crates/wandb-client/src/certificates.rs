//! Certificates of further authorities: PEM files, and folders of them as `c_rehash` makes them.

use std::path::{Path, PathBuf};

use reqwest::Certificate;
use wabucket_model::Environment;

use crate::WandbError;

/// Where certificates of further authorities are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Authorities {
    /// PEM files or folders that must be there.
    pub(crate) bundles: Vec<PathBuf>,
    /// Folders that may be there.
    pub(crate) folders: Vec<PathBuf>,
}

impl Authorities {
    /// What the Python parts of W&B's own client read, and what its Go parts do.
    pub(crate) fn find(environment: &Environment) -> Self {
        let named = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().filter_map(|name| environment.variable(name));
        let folders = environment.variable("SSL_CERT_DIR").into_iter().flat_map(|folders| folders.split(':'));
        Self {
            bundles: named.map(|path| environment.path(path)).collect(),
            folders: folders.filter(|path| !path.is_empty()).map(|path| environment.path(path)).collect(),
        }
    }

    /// The certificates of all of them.
    pub(crate) fn read(&self) -> Result<Vec<Certificate>, WandbError> {
        let mut certificates = Vec::new();
        for bundle in &self.bundles {
            certificates.extend(if bundle.is_dir() { of_folder(bundle) } else { of_file(bundle)? });
        }
        certificates.extend(self.folders.iter().flat_map(|folder| of_folder(folder)));
        Ok(certificates)
    }
}

/// A folder may hold other things, too, and the same certificate under two names.
fn of_folder(folder: &Path) -> Vec<Certificate> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.filter(|path| path.is_file()).filter_map(|file| of_file(&file).ok()).flatten().collect()
}

fn of_file(path: &Path) -> Result<Vec<Certificate>, WandbError> {
    let bad = |problem: String| WandbError::Setup(format!("{}: {problem}", path.display()));
    let bytes = fs_err::read(path).map_err(|error| WandbError::Setup(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&bytes).map_err(|error| bad(error.to_string()))?;
    if certificates.is_empty() { Err(bad("holds no certificate in PEM format".to_owned())) } else { Ok(certificates) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../tests/authority.pem");

    #[test]
    fn files_and_folders_are_read_and_what_is_none_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs_err::create_dir(path("folder")).unwrap();
        for (name, text) in
            [("folder/0a1b2c3d.0", PEM), ("folder/README", "no certificate"), ("two.pem", &PEM.repeat(2))]
        {
            fs_err::write(path(name), text).unwrap();
        }
        let read = |name: &str, folders: &str| {
            let variables = [("REQUESTS_CA_BUNDLE", name), ("SSL_CERT_DIR", folders)];
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Authorities::find(&Environment::new(variables, None, root.path().to_path_buf())).read()
        };
        assert_eq!(read("two.pem", "folder:missing").unwrap().len(), 3);
        assert_eq!(read("folder", "").unwrap().len(), 1);
        for bad in ["missing.pem", "folder/README"] {
            let error = read(bad, "").unwrap_err().to_string();
            assert!(error.contains(bad), "{error}");
        }
    }
}
