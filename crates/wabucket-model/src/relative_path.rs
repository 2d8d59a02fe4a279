//! Paths of files inside an artifact: hostile when they come from a key or a manifest, so parsed before use.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::InvalidWord;

/// A `/`-separated path that stays below the folder it is joined to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelativePath(String);

impl RelativePath {
    /// Parses a path: not empty, not absolute, no empty, `.` or `..` segment, no NUL.
    ///
    /// On Windows also no `\` and no `:`, which would name another place there.
    pub fn parse(text: &str) -> Result<Self, InvalidWord> {
        const WORD: &str = "path";
        let refuse = |rule| Err(InvalidWord::new(WORD, text, rule));
        if text.is_empty() {
            return refuse("must not be empty");
        }
        if text.contains('\0') {
            return refuse("must not contain a NUL character");
        }
        if cfg!(windows) && text.contains(['\\', ':']) {
            return refuse("must not contain '\\' or ':' on this system");
        }
        for segment in text.split('/') {
            match segment {
                "" => return refuse("must not be absolute or contain an empty segment"),
                "." | ".." => return refuse("must not contain a '.' or '..' segment"),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, `/`-separated on every system.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where this path lies below `root` on this system.
    pub fn below(&self, root: &Path) -> PathBuf {
        let mut path = root.to_path_buf();
        path.extend(self.0.split('/'));
        path
    }

    /// The folders on the way to this path, outermost first: `a`, `a/b` for `a/b/c`.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(index, _)| &self.0[..index])
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn hostile_paths_are_refused() {
        for bad in ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", "./a", "a/.", "a\0b"] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a/b c/ü%41#?+.", ".hidden", "...", "a\\b", "x:y"] {
            assert_eq!(RelativePath::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn ancestors_come_outermost_first() {
        let path = RelativePath::parse("a/b/c").unwrap();
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
    }

    proptest! {
        #[test]
        fn what_parses_stays_below_the_root(text in "[./a\\\\]{0,12}|\\PC{0,12}") {
            if let Ok(path) = RelativePath::parse(&text) {
                let joined = path.below(Path::new("/top/x"));
                prop_assert!(joined.starts_with("/top/x"));
                prop_assert!(joined.components().all(|c| c != Component::ParentDir));
                prop_assert_ne!(joined, PathBuf::from("/top/x"));
            }
        }
    }
}
