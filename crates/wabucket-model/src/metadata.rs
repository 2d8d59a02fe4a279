//! What a user says about a version: `-m KEY=VALUE`, kept as a JSON object.

use serde_json::{Map, Value};

use crate::InvalidWord;

/// The metadata of a version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Most top-level keys that W&B takes.
    pub const MAX_KEYS: usize = 100;

    /// Parses `KEY=VALUE` items; values stay text. The last of several equal keys wins.
    pub fn parse_items<S: AsRef<str>>(items: &[S]) -> Result<Self, InvalidWord> {
        let mut map = Map::new();
        for item in items {
            let item = item.as_ref();
            let (key, value) = item
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| InvalidWord::new("metadata", item, "must have the form KEY=VALUE"))?;
            map.insert(key.to_owned(), Value::String(value.to_owned()));
        }
        Self::from_map(map)
    }

    /// Takes a JSON object.
    pub fn from_map(map: Map<String, Value>) -> Result<Self, InvalidWord> {
        if map.len() > Self::MAX_KEYS {
            let count = format!("{} keys", map.len());
            return Err(InvalidWord::new("metadata", &count, "is more than the 100 that W&B takes"));
        }
        Ok(Self(map))
    }

    /// The JSON object.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_split_at_the_first_equals_sign() {
        let metadata = Metadata::parse_items(&["a=1", "b=x=y", "c="]).unwrap();
        assert_eq!(Value::Object(metadata.0), serde_json::json!({"a": "1", "b": "x=y", "c": ""}));
    }

    #[test]
    fn an_item_without_key_or_equals_sign_is_refused() {
        for bad in ["a", "=1", ""] {
            assert!(Metadata::parse_items(&[bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn more_keys_than_the_server_takes_are_refused() {
        let items: Vec<_> = (0..101).map(|i| format!("k{i}=v")).collect();
        assert!(Metadata::parse_items(&items).is_err());
        assert!(Metadata::parse_items(&items[..100]).is_ok());
    }
}
