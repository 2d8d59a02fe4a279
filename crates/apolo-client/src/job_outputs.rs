//! The outputs of a job: lines in its log that apolo-flow and neuro-flow hand to later jobs.
//!
//! Their parser (apolo-flow 26.7.2, neuro-flow 24.12.1) has no escapes: what it would lose or change is refused here.

use std::fmt;

use wabucket_model::{Alias, ArtifactName, ArtifactType};

/// Container runtimes split longer lines of a log.
const LONGEST_LINE: usize = 16 * 1024 - 1;

/// The end of the outputs' names, so that one job can have several artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSuffix(String);

/// What names a committed version for later jobs.
#[derive(Debug, Clone, Copy)]
pub struct JobOutputs<'a> {
    /// Becomes `artifact_name[_SUFFIX]`.
    pub name: &'a ArtifactName,
    /// Becomes `artifact_type[_SUFFIX]`.
    pub artifact_type: &'a ArtifactType,
    /// Becomes `artifact_alias[_SUFFIX]`.
    pub alias: &'a Alias,
    /// The suffix, where one was asked for.
    pub suffix: Option<&'a OutputSuffix>,
}

/// Why an output cannot be handed to later jobs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobOutputsError {
    /// The parser knows names of letters, digits and `_` only; the line would be lost without a word.
    #[error("suffix {suffix:?} cannot be part of an output's name: it may contain only ASCII letters, digits and '_'")]
    Suffix {
        /// The suffix as given.
        suffix: String,
    },
    /// The parser would lose the value or change it.
    #[error("{output} {value:?} cannot be handed to later jobs: {reason}")]
    Value {
        /// The output's name.
        output: String,
        /// The value.
        value: String,
        /// What would happen to it, or the rule it breaks.
        reason: &'static str,
    },
}

impl OutputSuffix {
    /// Parses a suffix: ASCII letters, digits and `_`.
    pub fn parse(text: &str) -> Result<Self, JobOutputsError> {
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(JobOutputsError::Suffix { suffix: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for OutputSuffix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl JobOutputs<'_> {
    /// The block of lines, to be written in one piece to standard output after everything else.
    ///
    /// It starts with a line end, so that an unfinished progress line on the merged log cannot stand before it.
    pub fn render(&self) -> Result<String, JobOutputsError> {
        let mut block = String::from("\n");
        let values = [
            ("artifact_name", self.name.as_str()),
            ("artifact_type", self.artifact_type.as_str()),
            ("artifact_alias", self.alias.as_str()),
        ];
        for (word, value) in values {
            let output = self.suffix.map_or_else(|| word.to_owned(), |suffix| format!("{word}_{suffix}"));
            block.push_str(&render_line(output, value)?);
        }
        Ok(block)
    }

    /// Checks the outputs without writing them: before any byte is moved.
    pub fn check(&self) -> Result<(), JobOutputsError> {
        self.render().map(drop)
    }
}

fn render_line(output: String, value: &str) -> Result<String, JobOutputsError> {
    let line = format!("::set-output name={output}::{value}\n");
    let reason = if value.is_empty() {
        "an empty value is lost"
    } else if value.contains(['\n', '\r']) {
        "a line end cuts the value"
    } else if value.trim_end_matches([' ', '\t', '\x0b', '\x0c']).len() != value.len() {
        "white space at the end is lost"
    } else if line.len() > LONGEST_LINE {
        "a line of more than 16 KiB is split"
    } else {
        return Ok(line);
    };
    Err(JobOutputsError::Value { output, value: value.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(alias: &str, suffix: Option<&OutputSuffix>) -> Result<String, JobOutputsError> {
        JobOutputs {
            name: &ArtifactName::parse("net").unwrap(),
            artifact_type: &ArtifactType::parse("my model").unwrap(),
            alias: &Alias::parse(alias).unwrap(),
            suffix,
        }
        .render()
    }

    #[test]
    fn the_block_is_what_later_jobs_read() {
        let expected = "\n::set-output name=artifact_name::net\n::set-output name=artifact_type::my model\n\
                        ::set-output name=artifact_alias::v 1%0A é\n";
        assert_eq!(render("v 1%0A é", None).unwrap(), expected);
        let suffix = OutputSuffix::parse("Best_1").unwrap();
        assert!(render("a", Some(&suffix)).unwrap().contains("\n::set-output name=artifact_alias_Best_1::a\n"));
    }

    #[test]
    fn what_the_parser_would_lose_is_refused_with_the_reason() {
        for suffix in ["", "s-1", "a.b", "a b", "é", "a:"] {
            assert!(OutputSuffix::parse(suffix).is_err(), "{suffix:?}");
        }
        let reason = |value: &str| match render_line("artifact_alias".to_owned(), value) {
            Err(JobOutputsError::Value { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(""), "an empty value is lost");
        assert_eq!(reason("a\nb"), "a line end cuts the value");
        assert_eq!(reason("a\rb"), "a line end cuts the value");
        assert_eq!(reason("a "), "white space at the end is lost");
        assert_eq!(reason(&"x".repeat(16 * 1024)), "a line of more than 16 KiB is split");
        assert!(render("a ", None).is_err());
    }
}
