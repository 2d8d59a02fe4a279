//! Which alias a new version gets.

use uuid::Uuid;
use wabucket_model::{Alias, InvalidWord, RunArguments};

use crate::Error;

/// How the alias of a new version is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasChoice {
    /// A random UUID.
    Random,
    /// The hash of the run arguments.
    RunConfigHash,
    /// This one.
    Named(Alias),
}

impl AliasChoice {
    /// What users write for [`AliasChoice::RunConfigHash`].
    pub const RUN_CONFIG_HASH: &str = "!run-config-hash";

    /// Parses what users write; nothing means a random one.
    pub fn parse(text: Option<&str>) -> Result<Self, InvalidWord> {
        match text {
            None => Ok(Self::Random),
            Some(Self::RUN_CONFIG_HASH) => Ok(Self::RunConfigHash),
            Some(text) => Alias::parse_new(text).map(Self::Named),
        }
    }

    /// The alias itself.
    pub(crate) fn resolve(self, arguments: &RunArguments) -> Result<Alias, Error> {
        match self {
            Self::Random => Ok(Alias::parse(&Uuid::new_v4().to_string()).expect("a UUID is an alias")),
            Self::RunConfigHash => arguments.alias().ok_or(Error::NoRunArguments),
            Self::Named(alias) => Ok(alias),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_gives_its_alias() {
        let none = RunArguments::default();
        let some = RunArguments::from_pairs(&["a=1"]).unwrap();
        let resolve = |text, arguments| AliasChoice::parse(text).unwrap().resolve(arguments);
        assert_eq!(resolve(Some("best"), &none).unwrap().as_str(), "best");
        assert_eq!(resolve(Some("!run-config-hash"), &some).unwrap(), some.alias().unwrap());
        assert!(matches!(resolve(Some("!run-config-hash"), &none), Err(Error::NoRunArguments)));
        assert_ne!(resolve(None, &none).unwrap(), resolve(None, &none).unwrap());
        assert!(AliasChoice::parse(Some("v1")).is_err());
    }
}
