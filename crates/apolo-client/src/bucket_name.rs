//! The name or id of a bucket, checked by the platform's rule before anything is asked of a server.

use std::fmt;

use crate::Error;

/// A name that a bucket can have, or the id of one.
///
/// The rule is the server's: `^[a-z](?:-?[a-z0-9_-])*$`, 3 to 40 characters; an id is `bucket-` and a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BucketName(String);

impl BucketName {
    /// Parses a name or id.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |rule| Err(Error::InvalidBucketName { name: text.to_owned(), rule });
        if is_id(text) {
            return Ok(Self(text.to_owned()));
        }
        if !(3..=40).contains(&text.chars().count()) {
            return refuse("it must have 3 to 40 characters");
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return refuse("it must start with a small letter");
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')) {
            return refuse("it may contain only small letters, digits, '_' and '-'");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether the text is `bucket-` followed by a UUID.
pub(crate) fn is_id(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("bucket-") else { return false };
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    let groups_fit = uuid
        .split('-')
        .all(|group| lengths.next() == Some(group.len()) && group.chars().all(|c| c.is_ascii_hexdigit()));
    groups_fit && lengths.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_follow_the_rule_of_the_server() {
        for good in ["abc", "my-bucket_1", "a--b", "bucket-6f0c3a52-7d7a-4b0e-9a55-0a4b8f6a2c11", &"a".repeat(40)] {
            assert_eq!(BucketName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "ab", "Abc", "1bc", "a.b", "a/b", "my project", "aüb", &"a".repeat(41)] {
            assert!(matches!(BucketName::parse(bad), Err(Error::InvalidBucketName { .. })), "{bad:?}");
        }
    }

    #[test]
    fn an_id_is_recognised_by_its_form() {
        assert!(is_id("bucket-6f0c3a52-7d7a-4b0e-9a55-0a4b8f6a2c11"));
        for other in ["bucket-", "bucket-1", "bucket-6f0c3a52-7d7a-4b0e-9a55", "6f0c3a52-7d7a-4b0e-9a55-0a4b8f6a2c11"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
