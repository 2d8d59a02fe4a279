//! The selection in TOML files: `user.toml` of the login's folder, and the nearest project file above the working folder.

use std::path::{Path, PathBuf};

use toml::{Table, Value};
use wabucket_model::Environment;

use crate::Error;

/// Per folder, in this order; the first that exists anywhere on the way up is the only one read.
const PROJECT_FILES: [&str; 2] = [".apolo.toml", ".neuro.toml"];

/// What the files say about the current cluster, organisation and project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(crate) cluster: Option<String>,
    pub(crate) org: Option<String>,
    pub(crate) project: Option<String>,
}

impl Overrides {
    /// Reads the files; keys that are not ours are left alone, though the platform's own tools refuse unknown ones.
    pub(super) fn find(environment: &Environment, folder: Option<&Path>) -> Result<Self, Error> {
        let user = match folder.map(|folder| folder.join("user.toml")).filter(|path| path.exists()) {
            Some(path) => Self::read_user(&path)?,
            None => Self::default(),
        };
        let project = match project_file(environment.current_dir()) {
            Some(path) => Self::read(&path)?,
            None => Self::default(),
        };
        Ok(Self { cluster: project.cluster, org: project.org, project: project.project.or(user.project) })
    }

    /// Cluster and organisation may not be set for all folders at once: the SDK refuses the file then, and so do we,
    /// rather than use another cluster than it would.
    fn read_user(path: &Path) -> Result<Self, Error> {
        let user = Self::read(path)?;
        let refuse = |problem| Err(Error::InvalidConfiguration { path: path.to_owned(), problem, source: None });
        if user.cluster.is_some() {
            return refuse("must not set job.cluster-name; use `apolo config switch-cluster`");
        }
        if user.org.is_some() {
            return refuse("must not set job.org-name; use `apolo config switch-org`");
        }
        Ok(user)
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let invalid = |problem, source| Error::InvalidConfiguration { path: path.to_owned(), problem, source };
        let text = fs_err::read_to_string(path).map_err(|source| invalid("cannot be read", Some(source.into())))?;
        let table: Table = text.parse().map_err(|source: toml::de::Error| {
            // The parser's own message quotes the line; its short form does not.
            invalid("is not TOML", Some(source.message().to_owned().into()))
        })?;
        let job = table.get("job").and_then(Value::as_table);
        let text_of = |key: &str| match job.and_then(|job| job.get(key)) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid("has a name in section [job] that is not a text", None)),
        };
        Ok(Self { cluster: text_of("cluster-name")?, org: text_of("org-name")?, project: text_of("project-name")? })
    }
}

/// The nearest project file; the root of the file system itself is not looked at.
fn project_file(current_dir: &Path) -> Option<PathBuf> {
    current_dir
        .ancestors()
        .filter(|folder| folder.parent().is_some())
        .flat_map(|folder| PROJECT_FILES.map(|name| folder.join(name)))
        .find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(current_dir: &Path) -> Environment {
        Environment::new(std::collections::BTreeMap::new(), None, current_dir.to_owned())
    }

    #[test]
    fn the_nearest_project_file_wins_and_is_read_alone() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs_err::create_dir_all(&inner).unwrap();
        fs_err::write(root.path().join(".apolo.toml"), "[job]\ncluster-name='far'\norg-name='far'\n").unwrap();
        fs_err::write(root.path().join("a/.neuro.toml"), "[job]\ncluster-name='near'\n[storage]\nx=1\n").unwrap();
        let find = || Overrides::find(&environment(&inner), None).unwrap();
        assert_eq!(find(), Overrides { cluster: Some("near".to_owned()), ..Overrides::default() });
        fs_err::write(root.path().join("a/.apolo.toml"), "[job]\nproject-name='p'\n").unwrap();
        assert_eq!(find(), Overrides { project: Some("p".to_owned()), ..Overrides::default() });
    }

    #[test]
    fn the_user_file_gives_a_project_but_neither_cluster_nor_organisation() {
        let root = tempfile::tempdir().unwrap();
        let user = root.path().join("user.toml");
        let find = || Overrides::find(&environment(root.path()), Some(root.path()));
        fs_err::write(&user, "[alias]\nx='y'\n[job]\nproject-name='p'\n").unwrap();
        assert_eq!(find().unwrap().project.as_deref(), Some("p"));
        for key in ["cluster-name", "org-name"] {
            fs_err::write(&user, format!("[job]\n{key}='x'\n")).unwrap();
            assert!(find().unwrap_err().to_string().contains(&format!("must not set job.{key}")));
        }
        for broken in ["[job", "[job]\nproject-name=5"] {
            fs_err::write(&user, broken).unwrap();
            assert!(matches!(find(), Err(Error::InvalidConfiguration { .. })), "{broken}");
        }
    }
}
