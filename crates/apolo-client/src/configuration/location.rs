//! Which folder holds the login.

use std::path::PathBuf;

use wabucket_model::Environment;

/// The `SQLite` file inside the folder.
pub(super) const DATABASE: &str = "db";

/// The first of the two candidates that has a database, as apolo-sdk since 24.12 looks for it.
///
/// `APOLO_CONFIG` without a database still falls through to the older tools' folder.
pub(super) fn login_folder(environment: &Environment) -> Option<PathBuf> {
    candidates(environment).find(|folder| folder.join(DATABASE).exists())
}

/// Where the platform's tools would make a login: its `user.toml` counts for a passed one, too.
pub(super) fn new_login_folder(environment: &Environment) -> Option<PathBuf> {
    candidates(environment).next()
}

fn candidates(environment: &Environment) -> impl Iterator<Item = PathBuf> {
    [("APOLO_CONFIG", ".apolo"), ("NEUROMATION_CONFIG", ".neuro")].into_iter().filter_map(move |(variable, name)| {
        match environment.variable(variable) {
            Some(text) => Some(environment.path(text)),
            None => environment.home().map(|home| home.join(name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_with_a_database_wins() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let other = root.path().join("other");
        for folder in [&home.join(".apolo"), &home.join(".neuro"), &other] {
            fs_err::create_dir_all(folder).unwrap();
        }
        let find = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            login_folder(&Environment::new(variables, Some(home.clone()), root.path().to_owned()))
        };
        assert_eq!(find(&[]), None);
        fs_err::write(home.join(".neuro/db"), "").unwrap();
        assert_eq!(find(&[]), Some(home.join(".neuro")));
        assert_eq!(find(&[("APOLO_CONFIG", "other")]), Some(home.join(".neuro")));
        fs_err::write(other.join("db"), "").unwrap();
        assert_eq!(find(&[("APOLO_CONFIG", "other")]), Some(other.clone()));
        assert_eq!(find(&[("NEUROMATION_CONFIG", "~/../other")]).unwrap().canonicalize().unwrap(), other);
        fs_err::write(home.join(".apolo/db"), "").unwrap();
        assert_eq!(find(&[("NEUROMATION_CONFIG", "other")]), Some(home.join(".apolo")));
    }
}
