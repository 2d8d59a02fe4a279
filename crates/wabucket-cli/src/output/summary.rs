//! The short human summaries of what was done.

use std::time::Duration;

use wabucket::{DownloadReport, LinkReport, Outcome, ServeSummary, UploadReport};

use super::GetBack;
use super::format::{bytes, duration, files, rate};

/// The fields that upload and link have in common.
struct Logged<'a> {
    verb: &'static str,
    artifact: &'a wabucket::ArtifactSummary,
    outcome: Outcome,
    location: &'a str,
    run_url: &'a str,
    size: String,
    time: String,
}

pub(super) fn uploaded(report: &UploadReport, get_back: &GetBack) -> String {
    logged(
        &Logged {
            verb: "uploaded",
            artifact: &report.artifact,
            outcome: report.outcome,
            location: &report.location,
            run_url: &report.run.url,
            size: size(report.bytes, report.files),
            time: time(report.bytes, report.duration),
        },
        get_back,
    )
}

pub(super) fn linked(report: &LinkReport, get_back: &GetBack) -> String {
    logged(
        &Logged {
            verb: "linked",
            artifact: &report.artifact,
            outcome: report.outcome,
            location: &report.location,
            run_url: &report.run.url,
            size: size(report.bytes, report.files),
            time: duration(report.duration),
        },
        get_back,
    )
}

fn logged(logged: &Logged, get_back: &GetBack) -> String {
    let artifact = logged.artifact;
    let aliases: Vec<_> = artifact.aliases.iter().map(wabucket::Alias::as_str).collect();
    let heading = match logged.outcome {
        Outcome::NewVersion => {
            format!("{} {} {}:{}", logged.verb, artifact.artifact_type, artifact.name, artifact.version)
        }
        Outcome::Unchanged => format!(
            "nothing changed: {} {}:{} has this content already, no new version was made",
            artifact.artifact_type, artifact.name, artifact.version
        ),
    };
    lines(
        &heading,
        &[
            ("aliases", &aliases.join(", ")),
            ("size", &logged.size),
            ("time", &logged.time),
            ("bytes at", logged.location),
            ("artifact", &get_back.page(&artifact.url)),
            ("run", &get_back.page(logged.run_url)),
            ("get it", get_back.as_str()),
        ],
    )
}

pub(super) fn downloaded(report: &DownloadReport) -> String {
    let artifact = &report.artifact;
    let heading = format!("downloaded {} {}:{}", artifact.artifact_type, artifact.name, artifact.version);
    let already_there = match report.files_already_right {
        0 => String::new(),
        count => format!(", {} already there", files(count)),
    };
    let total = size(report.bytes, report.files) + &already_there;
    lines(
        &heading,
        &[
            ("size", &total),
            ("time", &time(report.bytes_fetched, report.duration)),
            ("files at", &report.destination.display().to_string()),
            ("artifact", &artifact.url),
            ("run", &report.run.url),
        ],
    )
}

pub(super) fn served(summary: &ServeSummary) -> String {
    let key = format!(
        "export WANDB_API_KEY=\"$(cat {})\"",
        super::format::shell_word(&summary.api_key_file.to_string_lossy())
    );
    lines(
        &format!("serving the embedded registry at {}", summary.base_url),
        &[
            ("data", &summary.directory.display().to_string()),
            ("wandb", &format!("export WANDB_BASE_URL={}", summary.base_url)),
            ("", &key),
            ("stop", "Ctrl-C"),
        ],
    )
}

fn size(count: u64, file_count: u64) -> String {
    format!("{} in {}", bytes(count), files(file_count))
}

fn time(count: u64, elapsed: Duration) -> String {
    match rate(count, elapsed) {
        Some(rate) if count > 0 => format!("{} ({rate})", duration(elapsed)),
        _ => duration(elapsed),
    }
}

fn lines(heading: &str, rows: &[(&str, &str)]) -> String {
    rows.iter().fold(heading.to_owned(), |text, (name, value)| format!("{text}\n  {name:<9} {value}"))
}
