//! Run arguments from files that W&B's own client reads, too: `WANDB_CONFIG_PATHS` and `config-defaults.yaml`.

use serde_json::Value;
use wabucket_model::{Environment, RunArguments};

use crate::Error;

const DEFAULTS: &str = "config-defaults.yaml";

/// The given arguments over those of the files.
pub(crate) fn with_defaults(given: RunArguments, environment: &Environment) -> Result<RunArguments, Error> {
    let named = environment.variable("WANDB_CONFIG_PATHS").unwrap_or_default();
    let named = named.split(',').filter(|path| !path.is_empty()).map(|path| environment.path(path));
    let default = environment.path(DEFAULTS);
    let mut arguments = RunArguments::default();
    for path in Some(default).filter(|path| path.exists()).into_iter().chain(named) {
        let text = fs_err::read_to_string(&path)
            .map_err(|source| Error::Source { operation: "read the run's default arguments", source })?;
        arguments.extend(unwrapped(&RunArguments::from_document(&text)?));
    }
    arguments.extend(given);
    Ok(arguments)
}

/// W&B writes `name: {desc: …, value: …}`, and a version number of the format.
fn unwrapped(arguments: &RunArguments) -> RunArguments {
    let value = |value: &Value| match value {
        Value::Object(map) if map.contains_key("value") => map["value"].clone(),
        other => other.clone(),
    };
    let members = arguments.as_map().iter().filter(|(name, _)| *name != "wandb_version");
    RunArguments::from_map(members.map(|(name, wrapped)| (name.clone(), value(wrapped))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_below_what_is_given() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join(DEFAULTS), "wandb_version: 1\na:\n  desc: x\n  value: 1\nb: 2\n").unwrap();
        fs_err::write(folder.path().join("more.yaml"), "b: 3\nc: 4\n").unwrap();
        let variables = [("WANDB_CONFIG_PATHS".to_owned(), "more.yaml".to_owned())].into();
        let environment = Environment::new(variables, None, folder.path().to_path_buf());
        let arguments = with_defaults(RunArguments::from_pairs(&["c=5"]).unwrap(), &environment).unwrap();
        let expected = serde_json::json!({"a": 1, "b": 3, "c": "5"});
        assert_eq!(Value::Object(arguments.as_map().clone()), expected);
    }
}
