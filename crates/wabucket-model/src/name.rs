//! Names that W&B gives rules to: artifacts, types, aliases, entities, projects, runs.
//!
//! The rules are those of W&B's own client (0.31.0) and, where it has none, of its server's schema.

use std::fmt;
use std::str::FromStr;

use crate::InvalidWord;

/// Longest artifact name, type, alias or project that W&B takes, in characters.
const MAX_CHARACTERS: usize = 128;

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidWord;

            fn from_str(text: &str) -> Result<Self, InvalidWord> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

/// Checks what all names share: not empty, not too long, no control characters, nothing a folder name cannot be.
fn check_common(word: &'static str, text: &str) -> Result<(), InvalidWord> {
    let refuse = |rule| Err(InvalidWord::new(word, text, rule));
    if text.is_empty() {
        return refuse("must not be empty");
    }
    if text.chars().count() > MAX_CHARACTERS {
        return refuse("must not have more than 128 characters");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not contain control characters");
    }
    if text == "." || text == ".." {
        return refuse("must not be a dot segment, as it names a folder in the bucket");
    }
    Ok(())
}

/// The name of an artifact collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactName(String);

text_newtype!(ArtifactName);

impl ArtifactName {
    /// Parses a name: letters, digits, `_`, `-` and `.`, at most 128 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "artifact name";
        check_common(WORD, text)?;
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return Err(InvalidWord::new(WORD, text, "may contain only letters, digits, '_', '-' and '.'"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The type of an artifact, such as `model` or `dataset`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactType(String);

text_newtype!(ArtifactType);

impl ArtifactType {
    /// Parses a type: words of letters, digits, `_`, `-`, `.` with spaces between them, not one that W&B reserves.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "artifact type";
        check_common(WORD, text)?;
        let refuse = |rule| Err(InvalidWord::new(WORD, text, rule));
        if text.starts_with("wandb-") {
            return refuse("must not start with 'wandb-', which W&B keeps for itself");
        }
        if text == "job" {
            return refuse("is kept by W&B for itself");
        }
        if text.contains(['/', ':']) {
            return refuse("must not contain '/' or ':'");
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let in_pattern = text.starts_with(is_word)
            && text.chars().all(|c| is_word(c) || matches!(c, '.' | ' '))
            && !text.ends_with(' ');
        if !in_pattern {
            return refuse("may contain only letters, digits, '_', '-', and inside also '.' and ' '");
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether W&B keeps this type for its own use in combination with this name (`code` with `source-…`,
    /// `run_table` with `run-…`); logging such an artifact is refused.
    pub fn reserves(&self, name: &ArtifactName) -> bool {
        match self.0.as_str() {
            "run_table" => name.as_str().starts_with("run-"),
            "code" => name.as_str().starts_with("source-"),
            _ => false,
        }
    }
}

/// A name for one version of an artifact. It moves; `vN` and `latest` are given by W&B.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias(String);

text_newtype!(Alias);

impl Alias {
    /// The alias of the newest version.
    pub const LATEST: &str = "latest";

    /// Parses an alias to look up: an alias, a version (`v3`), or a digest.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "alias";
        check_common(WORD, text)?;
        if text.contains(['/', ':']) {
            return Err(InvalidWord::new(WORD, text, "must not contain '/' or ':'"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Parses an alias to give to a new version: `vN` is refused, as only W&B gives version numbers.
    pub fn parse_new(text: &str) -> Result<Self, InvalidWord> {
        let alias = Self::parse(text)?;
        if alias.version_index().is_some() {
            return Err(InvalidWord::new("alias", text, "is a version number, which only W&B gives"));
        }
        Ok(alias)
    }

    /// The alias of the newest version.
    pub fn latest() -> Self {
        Self(Self::LATEST.to_owned())
    }

    /// The N of an alias that is a version number, `vN`.
    pub fn version_index(&self) -> Option<u64> {
        let digits = self.0.strip_prefix('v')?;
        if digits.starts_with('+') {
            return None;
        }
        digits.parse().ok()
    }
}

/// A W&B user or team, as the server spells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityName(String);

text_newtype!(EntityName);

impl EntityName {
    /// Parses an entity name.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "entity";
        check_common(WORD, text)?;
        if text.contains(['/', ':']) {
            return Err(InvalidWord::new(WORD, text, "must not contain '/' or ':'"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A W&B project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectName(String);

text_newtype!(ProjectName);

impl ProjectName {
    /// Parses a project name: at most 128 characters, none of `/ \ # ? % :`.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "project name";
        check_common(WORD, text)?;
        if text.contains(['/', '\\', '#', '?', '%', ':']) {
            return Err(InvalidWord::new(WORD, text, "must not contain any of '/\\#?%:'"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The short id of a run, the last part of its page's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

text_newtype!(RunId);

impl RunId {
    /// Parses a run id: no surrounding space, none of `: ; , # ? / '`.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "run id";
        check_common(WORD, text)?;
        if text.trim() != text {
            return Err(InvalidWord::new(WORD, text, "must not start or end with a space"));
        }
        if text.contains([':', ';', ',', '#', '?', '/', '\'']) {
            return Err(InvalidWord::new(WORD, text, "must not contain any of ':;,#?/''"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// `NAME:ALIAS`: one version of one artifact within a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactPath {
    /// The collection.
    pub name: ArtifactName,
    /// The alias, version or digest that picks the version.
    pub alias: Alias,
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.name, self.alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifact_names_follow_the_rule_of_the_client() {
        for good in ["a", "my-model_1.2", "0", "A.b"] {
            assert_eq!(ArtifactName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "a:b", "ü", ".", "..", "a\n", &"x".repeat(129)] {
            assert!(ArtifactName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn types_that_the_server_refuses_are_refused() {
        for good in ["model", "data set", "a.b", "job_x", "-x"] {
            assert!(ArtifactType::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "wandb-x", "job", "a/b", "a:b", " a", "a ", ".a", "a@b"] {
            assert!(ArtifactType::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reserved_pairs_are_known() {
        let reserves = |t: &str, n: &str| ArtifactType::parse(t).unwrap().reserves(&ArtifactName::parse(n).unwrap());
        assert!(reserves("code", "source-x") && reserves("run_table", "run-x"));
        assert!(!reserves("code", "x") && !reserves("model", "source-x"));
    }

    #[test]
    fn a_new_alias_is_not_a_version_number() {
        assert_eq!(Alias::parse("v12").unwrap().version_index(), Some(12));
        assert!(Alias::parse_new("v12").is_err());
        for good in ["v", "v1a", "vx", "latest", "prod 1", "v+1"] {
            assert!(Alias::parse_new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "a/b", "a:b", "..", &"x".repeat(129)] {
            assert!(Alias::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn projects_and_run_ids_follow_their_rules() {
        assert!(ProjectName::parse("my project").is_ok());
        for bad in ["a/b", "a\\b", "a#", "a?", "a%", "a:", ""] {
            assert!(ProjectName::parse(bad).is_err(), "{bad:?}");
        }
        for bad in [" a", "a ", "a:b", "a'b", ""] {
            assert!(RunId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
