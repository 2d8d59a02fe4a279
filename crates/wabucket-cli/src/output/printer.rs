//! The one value that writes to stdout and stderr.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use serde::Serialize;
use wabucket::{Control, DownloadReport, Error, JobOutputs, LinkReport, ServeSummary, UploadReport};

use super::progress::Bars;
use super::{GetBack, error, summary};
use crate::arguments::GlobalArguments;

/// What results look like on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Results {
    /// For people.
    Summary,
    /// `::set-output` lines and paths, for pipes and platform jobs.
    Lines,
    /// One JSON document.
    Json,
}

/// Whether there is anything on stderr besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    On,
    Off,
}

/// Writes results, talk, progress and errors, each to its place.
pub(crate) struct Printer {
    results: Results,
    talk: Talk,
    bars: Option<Arc<Bars>>,
}

impl Printer {
    /// Looks at the options and at where the streams go.
    pub(crate) fn new(global: &GlobalArguments) -> Self {
        let in_job = std::env::var_os("NEURO_JOB_ID").is_some_and(|id| !id.is_empty());
        let results = if global.json {
            Results::Json
        } else if in_job || !std::io::stdout().is_terminal() {
            Results::Lines
        } else {
            Results::Summary
        };
        let talk = if global.quiet { Talk::Off } else { Talk::On };
        let draws = std::io::stderr().is_terminal() && talk == Talk::On && !global.no_progress && global.verbose == 0;
        Self { results, talk, bars: draws.then(|| Arc::new(Bars::new())) }
    }

    /// A control for one operation, whose progress is drawn here.
    pub(crate) fn control(&self) -> Control {
        match &self.bars {
            Some(bars) => Control { reporter: Arc::clone(bars) as _, ..Control::default() },
            None => Control::default(),
        }
    }

    /// Takes the bars off the screen before anything else is printed.
    pub(crate) fn clear_progress(&self) {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
    }

    /// Reports an upload.
    pub(crate) fn uploaded(&self, report: &UploadReport, get_back: &GetBack) {
        self.warnings(&report.warnings);
        self.result(report, None, || summary::uploaded(report, get_back));
    }

    /// Reports a link.
    pub(crate) fn linked(&self, report: &LinkReport, get_back: &GetBack) {
        self.warnings(&report.warnings);
        self.result(report, None, || summary::linked(report, get_back));
    }

    /// Reports a download; in a pipe, stdout is the folder.
    pub(crate) fn downloaded(&self, report: &DownloadReport) {
        self.warnings(&report.warnings);
        let line = report.destination.display().to_string();
        self.result(report, Some(&line), || summary::downloaded(report));
    }

    /// Says where the registry is; in a pipe, stdout is its address.
    pub(crate) fn served(&self, served: &ServeSummary) {
        self.result(served, Some(served.base_url.as_str()), || summary::served(served));
    }

    /// Refuses, before any work, values that job runners would lose, where stdout is for them.
    pub(crate) fn check_job_outputs(&self, outputs: &JobOutputs) -> Result<(), Error> {
        if self.results == Results::Lines {
            outputs.check()?;
        }
        Ok(())
    }

    /// Writes the block that job runners read, where stdout is for them.
    pub(crate) fn job_outputs(&self, outputs: &JobOutputs) -> Result<(), Error> {
        if self.results == Results::Lines {
            write(std::io::stdout(), outputs.render()?.as_bytes());
        }
        Ok(())
    }

    /// Writes a generated document to stdout.
    #[expect(clippy::unused_self, reason = "everything printed goes through the printer")]
    pub(crate) fn document(&self, bytes: &[u8]) {
        write(std::io::stdout(), bytes);
    }

    /// Explains an error on stderr, with a hint; with `--json` also as a document on stdout.
    pub(crate) fn error(&self, failure: &Error) {
        self.clear_progress();
        write(anstream::stderr(), error::text(failure).as_bytes());
        if self.results == Results::Json {
            json(&error::document(failure));
        }
    }

    /// Warnings are printed also when nothing else is said: they are about what is not recorded.
    #[expect(clippy::unused_self, reason = "everything printed goes through the printer")]
    fn warnings(&self, warnings: &[String]) {
        for warning in warnings {
            write(anstream::stderr(), error::warning(warning).as_bytes());
        }
    }

    fn result(&self, report: &impl Serialize, line: Option<&str>, summary: impl Fn() -> String) {
        match self.results {
            Results::Json => json(report),
            Results::Summary => write(anstream::stdout(), (summary() + "\n").as_bytes()),
            Results::Lines => {
                if self.talk == Talk::On {
                    write(anstream::stderr(), (summary() + "\n").as_bytes());
                }
                if let Some(line) = line {
                    write(std::io::stdout(), format!("{line}\n").as_bytes());
                }
            }
        }
    }
}

/// Whether stderr takes colours.
pub(crate) fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes one JSON document to stdout.
fn json(document: &impl Serialize) {
    let mut text = serde_json::to_vec(document).expect("reports have text keys only");
    text.push(b'\n');
    write(std::io::stdout(), &text);
}

/// Writes in one call and flushes. A reader that went away is no error of ours.
fn write(mut stream: impl Write, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}
