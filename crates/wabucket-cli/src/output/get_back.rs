//! The command that gets a version back, ready to be pasted.

use wabucket::{Alias, ArtifactSummary};

use super::format::shell_word;
use crate::arguments::GlobalArguments;

/// A `wabucket download …` command line.
#[derive(Debug)]
pub(crate) struct GetBack {
    command: String,
    is_local: bool,
}

impl GetBack {
    /// Repeats the global options that say where the version is.
    pub(crate) fn new(global: &GlobalArguments, artifact: &ArtifactSummary, alias: &Alias) -> Self {
        let mut words = vec!["wabucket".to_owned()];
        match global.local.as_deref() {
            Some("") => words.push("--local".to_owned()),
            Some(directory) => words.push(shell_word(&format!("--local={directory}"))),
            None => {}
        }
        let options = [
            ("--project-name", &global.project_name),
            ("--entity", &global.entity),
            ("--bucket", &global.bucket),
            ("--endpoint-url", &global.endpoint_url),
        ];
        for (option, value) in options {
            if let Some(value) = value {
                words.extend([option.to_owned(), shell_word(value)]);
            }
        }
        if let Some(file) = &global.aws_credentials_file {
            words.extend(["--aws-credentials-file".to_owned(), shell_word(&file.to_string_lossy())]);
        }
        words.push("download".to_owned());
        words.extend([artifact.artifact_type.as_str(), artifact.name.as_str(), alias.as_str()].map(shell_word));
        Self { command: words.join(" "), is_local: global.local.is_some() }
    }

    /// The command line.
    pub(crate) fn as_str(&self) -> &str {
        &self.command
    }

    /// The address of a page, and how it is shown when nobody else serves it.
    pub(crate) fn page(&self, url: &str) -> String {
        if self.is_local { format!("{url} (while `wabucket serve` runs)") } else { url.to_owned() }
    }
}
