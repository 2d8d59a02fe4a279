//! The platform job that this process runs in, and what its run is tagged with.

use reqwest::StatusCode;
use wabucket_model::Environment;

use crate::http::Call;
use crate::{Error, Missing, Platform};

/// The tags that a user gave to a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobTags(pub Vec<String>);

impl Platform {
    /// Reads a job's tags. Nothing else of the answer is looked at, so no change of it does harm.
    pub async fn job(&self, id: &str) -> Result<JobTags, Error> {
        let answer = self.call(&Call::get(format!("read the tags of job {id:?}"), self.api(&["jobs", id]))).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Error::NotFound {
                missing: Missing::Job,
                name: id.to_owned(),
                place: "on the platform".to_owned(),
            });
        }
        let job: serde_json::Value = answer.success()?.json()?;
        let tags = job.get("tags").and_then(serde_json::Value::as_array);
        let texts = tags.into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned));
        Ok(JobTags(texts.collect()))
    }
}

/// The id of the job that this process runs in, from `NEURO_JOB_ID`; there are no variables of a newer name.
pub fn job_id(environment: &Environment) -> Option<&str> {
    environment.variable("NEURO_JOB_ID")
}

/// The tags for a run inside a job: `job_id:…`, `job_name:…`, `owner:…`, then the job's own, each once.
///
/// Outside a job there are none, and a variable that is unset or empty (as the name of an unnamed job is) gives none.
pub fn job_run_tags(environment: &Environment, job: Option<&JobTags>) -> Vec<String> {
    if job_id(environment).is_none() {
        return Vec::new();
    }
    let described = [("job_id", "NEURO_JOB_ID"), ("job_name", "NEURO_JOB_NAME"), ("owner", "NEURO_JOB_OWNER")]
        .into_iter()
        .filter_map(|(word, variable)| environment.variable(variable).map(|value| format!("{word}:{value}")));
    let own = job.into_iter().flat_map(|job| job.0.iter().cloned()).filter(|tag| !tag.is_empty());
    let mut tags: Vec<String> = Vec::new();
    for tag in described.chain(own) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(variables: &[(&str, &str)], own: &[&str]) -> Vec<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let own = JobTags(own.iter().map(|tag| (*tag).to_owned()).collect());
        job_run_tags(&Environment::new(variables, None, "/".into()), Some(&own))
    }

    #[test]
    fn a_run_in_a_job_is_tagged_with_what_is_known() {
        let all = [("NEURO_JOB_ID", "job-1"), ("NEURO_JOB_NAME", "train"), ("NEURO_JOB_OWNER", "alice")];
        assert_eq!(tags(&all, &["a", "b", "a"]), ["job_id:job-1", "job_name:train", "owner:alice", "a", "b"]);
        assert_eq!(tags(&[("NEURO_JOB_ID", "job-1"), ("NEURO_JOB_NAME", "")], &[]), ["job_id:job-1"]);
        assert_eq!(tags(&[("NEURO_JOB_NAME", "train"), ("NEURO_JOB_OWNER", "alice")], &["a"]), [""; 0]);
    }
}
