//! The arguments of a run: what its configuration starts with, and what `!run-config-hash` is computed from.

use std::fmt::Write;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Alias;

/// Run arguments by name, in the order they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunArguments(Map<String, Value>);

/// A text that holds no run arguments.
#[derive(Debug, thiserror::Error)]
pub enum RunArgumentsError {
    /// Neither JSON nor YAML.
    #[error("cannot read run arguments as YAML or JSON: {0}")]
    Syntax(String),
    /// A document that is not a mapping.
    #[error("run arguments must be a mapping from names to values")]
    NotAMapping,
    /// An item without `=`.
    #[error("run argument {0:?} must have the form KEY=VALUE")]
    NotAPair(String),
}

impl RunArguments {
    /// Reads a YAML or JSON document. An empty document holds no arguments.
    pub fn from_document(text: &str) -> Result<Self, RunArgumentsError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // JSON first: it is nearly a subset of YAML, but its numbers are wider (`1e-5` is one).
        let value = serde_json::from_str(text).or_else(|_| crate::yaml::read(text))?;
        match value {
            Value::Object(map) => Ok(Self(map)),
            Value::Null => Ok(Self::default()),
            _ => Err(RunArgumentsError::NotAMapping),
        }
    }

    /// Reads `KEY=VALUE` items; values stay text.
    pub fn from_pairs<S: AsRef<str>>(items: &[S]) -> Result<Self, RunArgumentsError> {
        let pair = |item: &S| match item.as_ref().split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), Value::String(value.to_owned()))),
            _ => Err(RunArgumentsError::NotAPair(item.as_ref().to_owned())),
        };
        items.iter().map(pair).collect::<Result<_, _>>().map(Self)
    }

    /// Takes a JSON object.
    pub fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// Adds arguments; those already present give way.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The arguments as a JSON object.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The alias that stands for these arguments, or `None` if there are none: SHA-256 in hex over `k=v`, sorted by
    /// key, joined by one space, values as Python's `str()` prints them. Existing aliases depend on every byte.
    pub fn alias(&self) -> Option<Alias> {
        if self.is_empty() {
            return None;
        }
        let mut keys: Vec<_> = self.0.iter().collect();
        keys.sort_by_key(|(key, _)| *key);
        let pairs: Vec<_> =
            keys.into_iter().map(|(key, value)| format!("{key}={}", crate::python::str(value))).collect();
        let hash = Sha256::digest(pairs.join(" "));
        let hex = hash.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a String succeeds");
            hex
        });
        Some(Alias::parse(&hex).expect("hex digits are an alias"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_alias_is_the_hash_of_the_sorted_pairs() {
        let arguments = RunArguments::from_document("{\"lr\": 0.1, \"epochs\": 3}").unwrap();
        // sha256("epochs=3 lr=0.1")
        assert_eq!(
            arguments.alias().unwrap().as_str(),
            "047c860a51a638fc421412d832a505bd9313955f9db1087c71796735d515fa54"
        );
        assert_eq!(RunArguments::default().alias(), None);
    }

    #[test]
    fn documents_and_pairs_are_told_from_nonsense() {
        assert!(RunArguments::from_document("lr: 0.1\nname: x").is_ok());
        assert!(RunArguments::from_document("").unwrap().is_empty());
        assert!(matches!(RunArguments::from_document("[1]"), Err(RunArgumentsError::NotAMapping)));
        assert!(matches!(RunArguments::from_document("{a: "), Err(RunArgumentsError::Syntax(_))));
        assert!(matches!(RunArguments::from_pairs(&["a"]), Err(RunArgumentsError::NotAPair(_))));
        let pairs = RunArguments::from_pairs(&["a=1", "b=x=y"]).unwrap();
        assert_eq!(Value::Object(pairs.0), json!({"a": "1", "b": "x=y"}));
    }
}
