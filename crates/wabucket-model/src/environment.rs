//! The surroundings of the process as a value, so that library crates need not look at the process themselves.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Environment variables, home and working folder, taken once at the edge and handed down.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    current_dir: PathBuf,
}

impl Environment {
    /// Puts the parts together.
    pub fn new(variables: BTreeMap<String, String>, home: Option<PathBuf>, current_dir: PathBuf) -> Self {
        Self { variables, home, current_dir }
    }

    /// The value of a variable; one that is set to the empty text counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables, also empty ones.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The user's home folder, where there is one.
    pub fn home(&self) -> Option<&std::path::Path> {
        self.home.as_deref()
    }

    /// The working folder.
    pub fn current_dir(&self) -> &std::path::Path {
        &self.current_dir
    }

    /// A path as users write it into variables and options: `~` and `~/…` mean the home folder, and what is relative
    /// is meant relative to the working folder.
    pub fn path(&self, text: &str) -> PathBuf {
        let expanded = match (text.strip_prefix('~'), &self.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
            _ => PathBuf::from(text),
        };
        self.current_dir.join(expanded)
    }
}

/// Variables may hold secrets: none is shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("home", &self.home)
            .field("current_dir", &self.current_dir)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_expanded_like_users_mean_them() {
        let environment = Environment::new(BTreeMap::new(), Some("/home/u".into()), "/here".into());
        for (text, path) in [("~", "/home/u"), ("~/x", "/home/u/x"), ("x", "/here/x"), ("/x", "/x"), ("~x", "/here/~x")]
        {
            assert_eq!(environment.path(text), PathBuf::from(path));
        }
    }

    #[test]
    fn empty_variables_count_as_unset_and_none_is_shown() {
        let variables = [("A".to_owned(), String::new()), ("B".to_owned(), "secret".to_owned())].into();
        let environment = Environment::new(variables, None, "/".into());
        assert_eq!((environment.variable("A"), environment.variable("B")), (None, Some("secret")));
        assert!(!format!("{environment:?}").contains("secret"));
    }
}
