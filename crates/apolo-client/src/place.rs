//! The current cluster, organisation and project: what the login names, checked against what the server knows.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::configuration::{Era, Overrides, Selection};
use crate::server::{Cluster, Project, default_project};
use crate::{Error, Missing};

/// Where a bucket's name is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cluster: String,
    pub(crate) org: Option<String>,
    pub(crate) project: Option<String>,
}

/// What the server, or the login database, lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) projects: Vec<Project>,
}

impl Known {
    pub(crate) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    fn has_project(&self, place: &Place, project: &str) -> bool {
        self.projects
            .iter()
            .any(|known| known.name == project && known.cluster_name == place.cluster && known.org_name == place.org)
    }

    /// The project after a switch of cluster or organisation: the current one if it is there, else the first.
    fn keep_or_choose_project(&self, place: &mut Place) {
        let kept = place.project.take().filter(|project| self.has_project(place, project));
        place.project = kept.or_else(|| default_project(&self.projects, &place.cluster, place.org.as_deref()));
    }
}

impl Place {
    /// The place of a login, with the project files' overrides on top.
    pub(crate) fn resolve(
        selection: &Selection,
        known: &Known,
        token: &SecretString,
        overrides: &Overrides,
    ) -> Result<Self, Error> {
        let mut place = match selection.era {
            Era::Projects => Self::as_selected(selection),
            Era::Owners => Self::of_owner(selection, known, token),
            Era::Passed => Self::passed(selection, known)?,
        };
        if let Some(cluster) = &overrides.cluster {
            place.cluster.clone_from(cluster);
        }
        if let Some(org) = &overrides.org {
            // The SDK before projects spells "no organisation" so; later it is a name like any other.
            let means_none = selection.era == Era::Owners && org == "NO_ORG";
            place.org = (!means_none).then(|| org.clone());
        }
        if let Some(project) = &overrides.project {
            place.project = Some(project.clone());
        }
        Ok(place)
    }

    fn as_selected(selection: &Selection) -> Self {
        Self { cluster: selection.cluster.clone(), org: selection.org.clone(), project: selection.project.clone() }
    }

    /// A login of the SDK before projects, against a server that has them or, where it lists none, has not.
    fn of_owner(selection: &Selection, known: &Known, token: &SecretString) -> Self {
        let mut place = Self::as_selected(selection);
        if known.projects.is_empty() {
            place.project = user_name(token);
        } else {
            place.org = place.org.or_else(|| known.cluster(&place.cluster)?.first_org());
            known.keep_or_choose_project(&mut place);
        }
        place
    }

    /// Follows the switches that apolo-sdk 26.9.0 makes for a passed configuration, but in memory, and with an error
    /// where it would silently keep the defaults.
    fn passed(selection: &Selection, known: &Known) -> Result<Self, Error> {
        let not_found = |missing, name: &str| Error::NotFound {
            missing,
            name: name.to_owned(),
            place: format!("for the login passed for cluster {:?}", selection.cluster),
        };
        let cluster =
            known.cluster(&selection.cluster).ok_or_else(|| not_found(Missing::Cluster, &selection.cluster))?;
        let default_org = known.clusters.first().and_then(Cluster::first_org);
        let default_cluster = known.clusters.first().map_or("", |cluster| cluster.name.as_str());
        let mut place = Self {
            cluster: cluster.name.clone(),
            project: default_project(&known.projects, default_cluster, default_org.as_deref()),
            org: cluster.org_after_switch(default_org.as_deref()),
        };
        known.keep_or_choose_project(&mut place);
        if let Some(org) = &selection.org {
            if !cluster.has_org(org) {
                let other = known.clusters.iter().find(|cluster| cluster.has_org(org));
                place.cluster.clone_from(&other.ok_or_else(|| not_found(Missing::Organisation, org))?.name);
            }
            place.org = Some(org.clone());
            known.keep_or_choose_project(&mut place);
        }
        if let Some(project) = &selection.project {
            if !known.has_project(&place, project) {
                return Err(not_found(Missing::Project, project));
            }
            place.project = Some(project.clone());
        }
        Ok(place)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "in cluster {:?}", self.cluster)?;
        if let Some(org) = &self.org {
            write!(formatter, ", organisation {org:?}")?;
        }
        match &self.project {
            Some(project) => write!(formatter, ", project {project:?}"),
            None => Ok(()),
        }
    }
}

/// The user that a token names; the claim is not verified, as it only says where to look.
fn user_name(token: &SecretString) -> Option<String> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    ["identity", "https://platform.neuromation.io/user"]
        .into_iter()
        .find_map(|claim| claims.get(claim)?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known() -> Known {
        serde_json::from_value::<crate::server::ServerConfiguration>(json!({
            "clusters": [
                {"name": "c1", "orgs": ["o1"], "buckets_url": "http://h"},
                {"name": "c2", "orgs": ["o3", "o2", "o1"], "buckets_url": "http://h"},
            ],
            "projects": [
                {"name": "p1", "cluster_name": "c1", "org_name": "o1"},
                {"name": "p1", "cluster_name": "c2", "org_name": "o1"},
                {"name": "a1", "cluster_name": "c2", "org_name": "o1"},
                {"name": "z", "cluster_name": "c2", "org_name": "o2"},
                {"name": "y", "cluster_name": "c2", "org_name": "o2"},
            ],
        }))
        .map(|server| Known { clusters: server.clusters, projects: server.projects.unwrap_or_default() })
        .unwrap()
    }

    fn resolve(era: Era, cluster: &str, org: Option<&str>, project: Option<&str>) -> Result<String, Error> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let selection = Selection { cluster: cluster.to_owned(), org: own(org), project: own(project), era };
        let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"identity": "alice"}).to_string());
        let token = SecretString::from(format!("x.{claims}.y"));
        let known = if cluster == "ownerless" { Known::default() } else { known() };
        let place = Place::resolve(&selection, &known, &token, &Overrides::default())?;
        Ok(format!("{} {} {}", place.cluster, place.org.unwrap_or_default(), place.project.unwrap_or_default()))
    }

    #[test]
    fn a_passed_login_is_resolved_like_the_switches_of_the_sdk() {
        let passed = |cluster, org, project| resolve(Era::Passed, cluster, org, project);
        assert_eq!(passed("c1", None, None).unwrap(), "c1 o1 p1");
        // The organisation and project of the default cluster are kept where the new cluster has them.
        assert_eq!(passed("c2", None, None).unwrap(), "c2 o1 p1");
        assert_eq!(passed("c2", Some("o2"), None).unwrap(), "c2 o2 y");
        assert_eq!(passed("c2", Some("o2"), Some("z")).unwrap(), "c2 o2 z");
        assert_eq!(passed("c1", Some("o2"), None).unwrap(), "c2 o2 y");
        assert_eq!(passed("c2", Some("o3"), None).unwrap(), "c2 o3 ");
    }

    #[test]
    fn what_a_passed_login_names_must_exist() {
        let missing = |cluster, org, project| match resolve(Era::Passed, cluster, org, project) {
            Err(Error::NotFound { missing, name, .. }) => (missing, name),
            other => panic!("{other:?}"),
        };
        assert_eq!(missing("c9", None, None), (Missing::Cluster, "c9".to_owned()));
        assert_eq!(missing("c1", Some("o9"), None), (Missing::Organisation, "o9".to_owned()));
        assert_eq!(missing("c1", Some("o1"), Some("a1")), (Missing::Project, "a1".to_owned()));
    }

    #[test]
    fn a_login_before_projects_takes_the_first_project_or_the_user() {
        assert_eq!(resolve(Era::Owners, "c2", Some("o2"), None).unwrap(), "c2 o2 y");
        assert_eq!(resolve(Era::Owners, "c2", None, None).unwrap(), "c2 o3 ");
        assert_eq!(resolve(Era::Owners, "ownerless", None, None).unwrap(), "ownerless  alice");
    }
}
