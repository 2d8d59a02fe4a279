//! The addresses of W&B's pages, for people.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{RunPath, Settings};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Run ids keep these.
const RUN_ID: &AsciiSet = &SEGMENT.remove(b'=').remove(b'+').remove(b'&').remove(b'$').remove(b'@');

/// Where pages are, for this API server.
pub(crate) fn app_url(settings: &Settings) -> String {
    if let Some(url) = &settings.app_url {
        return url.trim_end_matches('/').to_owned();
    }
    let base = settings.base_url.as_str();
    match base {
        "https://api.wandb.ai" => "https://wandb.ai".to_owned(),
        "https://api.forge.coreweave.com" => "https://forge.coreweave.com/wandb".to_owned(),
        _ => base.strip_prefix("https://api.").map_or_else(|| base.to_owned(), |rest| format!("https://app.{rest}")),
    }
}

/// The page of a run.
pub(crate) fn run(app_url: &str, path: &RunPath) -> String {
    let segment = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let id = utf8_percent_encode(path.id.as_str(), RUN_ID);
    format!("{app_url}/{}/{}/runs/{id}", segment(path.entity.as_str()), segment(path.project.as_str()))
}

/// The page of a version.
pub(crate) fn artifact(app_url: &str, parts: [&str; 5]) -> String {
    let [entity, project, artifact_type, name, version] = parts.map(|part| utf8_percent_encode(part, SEGMENT));
    format!("{app_url}/{entity}/{project}/artifacts/{artifact_type}/{name}/{version}")
}
