//! Reads what `--run-args` names: a YAML or JSON file, a JSON object, or pairs.

use wabucket::{Environment, Error, RunArguments};

/// Reads the texts in order; later ones win.
pub(crate) fn read(texts: &[String], environment: &Environment) -> Result<RunArguments, Error> {
    let mut arguments = RunArguments::default();
    for text in texts {
        arguments.extend(read_one(text, environment)?);
    }
    Ok(arguments)
}

fn read_one(text: &str, environment: &Environment) -> Result<RunArguments, Error> {
    if text.trim_start().starts_with('{') {
        return Ok(RunArguments::from_document(text)?);
    }
    let path = environment.path(text);
    let names_a_document = [".yaml", ".yml", ".json"].iter().any(|extension| text.ends_with(extension));
    if path.is_file() || (names_a_document && !text.contains('=')) {
        let document = fs_err::read_to_string(&path)
            .map_err(|source| Error::Source { operation: "read the run arguments", source })?;
        return Ok(RunArguments::from_document(&document)?);
    }
    Ok(RunArguments::from_pairs(&[text])?)
}
