//! The one place that looks at the process: its variables, home and working folder.

use std::path::PathBuf;

use wabucket::Environment;

/// Takes the environment. Variables that are not UTF-8 mean nothing to the services we talk to and are left out.
pub(crate) fn take() -> Environment {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let current_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    Environment::new(variables.collect(), std::env::home_dir(), current_dir)
}
