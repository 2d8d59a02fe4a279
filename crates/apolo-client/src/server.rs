//! What `GET {url}/config` says: clusters, organisations, projects, and where tokens are renewed.
//!
//! Field names and defaults as apolo-sdk 26.9.0 reads them; everything a bucket client does not need is left out.

use serde::Deserialize;

/// The organisation of a cluster that lists none, in the words of the platform's own SDK.
const DEFAULT_ORG: &str = "default-org";

/// The answer of the configuration endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerConfiguration {
    pub(crate) authorized: Option<bool>,
    #[serde(default)]
    pub(crate) clusters: Vec<Cluster>,
    #[serde(default)]
    pub(crate) projects: Option<Vec<Project>>,
}

/// One cluster; also an item of the `clusters` column of the login database.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    /// `null` stands for "no organisation" in logins of the older SDK.
    #[serde(default)]
    pub(crate) orgs: Option<Vec<Option<String>>>,
    pub(crate) buckets_url: String,
}

/// One project; also an item of the `projects` column of the login database.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) cluster_name: String,
    #[serde(default)]
    pub(crate) org_name: Option<String>,
}

impl Cluster {
    /// Whether the organisation may be used in this cluster.
    pub(crate) fn has_org(&self, org: &str) -> bool {
        match &self.orgs {
            Some(orgs) if !orgs.is_empty() => orgs.iter().flatten().any(|name| name == org),
            _ => org == DEFAULT_ORG,
        }
    }

    /// The organisation a new login starts with: the first one as sent.
    pub(crate) fn first_org(&self) -> Option<String> {
        match self.orgs.as_deref() {
            Some([first, ..]) => first.clone(),
            _ => Some(DEFAULT_ORG.to_owned()),
        }
    }

    /// The organisation after a switch to this cluster: the current one if it is here, else the alphabetically first.
    pub(crate) fn org_after_switch(&self, current: Option<&str>) -> Option<String> {
        if let Some(current) = current
            && self.has_org(current)
        {
            return Some(current.to_owned());
        }
        let sorted = self.orgs.as_deref().and_then(|orgs| orgs.iter().flatten().min().cloned());
        sorted.or_else(|| self.first_org())
    }
}

/// The project a login starts with: the alphabetically first of the cluster and organisation.
pub(crate) fn default_project(projects: &[Project], cluster: &str, org: Option<&str>) -> Option<String> {
    projects
        .iter()
        .filter(|project| project.cluster_name == cluster && project.org_name.as_deref() == org)
        .map(|project| project.name.clone())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(orgs: &serde_json::Value) -> Cluster {
        serde_json::from_value(serde_json::json!({"name": "c", "buckets_url": "http://b", "orgs": orgs})).unwrap()
    }

    #[test]
    fn organisations_follow_the_rules_of_the_sdk() {
        let some = cluster(&serde_json::json!(["z", "a"]));
        assert_eq!(some.first_org().as_deref(), Some("z"));
        assert_eq!(some.org_after_switch(Some("z")).as_deref(), Some("z"));
        assert_eq!(some.org_after_switch(Some("x")).as_deref(), Some("a"));
        let none = cluster(&serde_json::json!([]));
        assert_eq!(none.first_org().as_deref(), Some("default-org"));
        assert!(none.has_org("default-org") && !none.has_org("z"));
        assert_eq!(cluster(&serde_json::json!([null])).first_org(), None);
    }

    #[test]
    fn the_default_project_is_the_alphabetically_first_of_its_organisation() {
        let project = |name: &str, org: &str| Project {
            name: name.to_owned(),
            cluster_name: "c".to_owned(),
            org_name: Some(org.to_owned()),
        };
        let projects = [project("b", "o"), project("a2", "o"), project("a", "other")];
        assert_eq!(default_project(&projects, "c", Some("o")).as_deref(), Some("a2"));
        assert_eq!(default_project(&projects, "c2", Some("o")), None);
    }
}
