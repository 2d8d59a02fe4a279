//! The client: a login that is current, and the calls that need one.

use std::sync::Arc;

use reqwest::StatusCode;
use tokio::sync::RwLock;
use url::Url;

use crate::configuration::{Configuration, Era};
use crate::http::{Answer, Call, Http};
use crate::place::{Known, Place};
use crate::server::ServerConfiguration;
use crate::token::Tokens;
use crate::{Error, Missing, RetryPolicy};

/// How to talk to the platform.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectOptions {
    /// When to repeat requests.
    pub retry: RetryPolicy,
}

/// The Apolo/Neu.ro platform, logged in. Clones share the login.
#[derive(Clone)]
pub struct Platform {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    tokens: Tokens,
    api: Url,
    known: RwLock<Known>,
    place: Place,
}

impl Platform {
    /// Makes a client of a login. The server is asked only where the login does not say all: it was passed in a
    /// variable, is of the time before projects, or lacks its own cluster.
    pub async fn connect(configuration: Configuration, options: ConnectOptions) -> Result<Self, Error> {
        let http = Http::new(options.retry);
        let tokens = Tokens::new(http.clone(), &configuration);
        let selection = &configuration.selection;
        let mut known =
            Known { clusters: configuration.clusters, projects: configuration.projects.unwrap_or_default() };
        let cluster = configuration.overrides.cluster.as_ref().unwrap_or(&selection.cluster);
        if selection.era != Era::Projects || known.cluster(cluster).is_none() {
            known = fetch_configuration(&http, &tokens, &configuration.url).await?;
        }
        let token = tokens.current_unchecked().await;
        let place = Place::resolve(selection, &known, &token, &configuration.overrides)?;
        if known.cluster(&place.cluster).is_none() {
            return Err(cluster_not_found(&place.cluster));
        }
        let inner = Inner { http, tokens, api: configuration.url, known: RwLock::new(known), place };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The current cluster.
    pub fn cluster(&self) -> &str {
        &self.inner.place.cluster
    }

    /// The current organisation, where there is one.
    pub fn organisation(&self) -> Option<&str> {
        self.inner.place.org.as_deref()
    }

    /// The current project, where one is selected.
    pub fn project(&self) -> Option<&str> {
        self.inner.place.project.as_deref()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.inner.place
    }

    /// The URL of something below the platform's API.
    pub(crate) fn api(&self, segments: &[&str]) -> Url {
        below(self.inner.api.clone(), segments)
    }

    /// The URL of something below a cluster's buckets API. An unknown cluster is asked for once more.
    pub(crate) async fn buckets_api(&self, cluster: &str, segments: &[&str]) -> Result<Url, Error> {
        let mut base = self.inner.known.read().await.cluster(cluster).map(|cluster| cluster.buckets_url.clone());
        if base.is_none() {
            let fresh = fetch_configuration(&self.inner.http, &self.inner.tokens, &self.inner.api).await?;
            base = fresh.cluster(cluster).map(|cluster| cluster.buckets_url.clone());
            *self.inner.known.write().await = fresh;
        }
        let base = base.ok_or_else(|| cluster_not_found(cluster))?;
        let base = Url::parse(&base).map_err(|_| Error::UnexpectedAnswer {
            operation: format!("find the buckets of cluster {cluster:?}"),
            problem: "has no URL for them",
        })?;
        // The address of the buckets API ends in "buckets" itself; the doubled word is right.
        Ok(below(below(base, &["buckets"]), segments))
    }

    /// Sends a call with a current token, and once more with another if it is refused.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, Error> {
        let token = self.inner.tokens.current().await?;
        let answer = self.inner.http.send(call, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = self.inner.tokens.after_refusal(&token).await?;
        let answer = self.inner.http.send(call, Some(&token)).await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(self.inner.tokens.refused()),
            _ => Ok(answer),
        }
    }
}

/// Shows the place, never the login.
impl std::fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Platform")
            .field("api", &self.inner.api.as_str())
            .field("place", &self.inner.place)
            .finish_non_exhaustive()
    }
}

fn cluster_not_found(name: &str) -> Error {
    Error::NotFound {
        missing: Missing::Cluster,
        name: name.to_owned(),
        place: "among the clusters of this login".to_owned(),
    }
}

/// Asks the server for clusters and projects.
///
/// A token it does not take makes no 401 here but `"authorized": false`, so the second try with another token is made
/// here, too.
async fn fetch_configuration(http: &Http, tokens: &Tokens, api: &Url) -> Result<Known, Error> {
    let call = Call::get("read the platform's configuration".to_owned(), below(api.clone(), &["config"]));
    let mut token = tokens.current().await?;
    for attempt in 0..2 {
        let answer = http.send(&call, Some(&token)).await?;
        let refused = answer.status == StatusCode::UNAUTHORIZED;
        let server: Option<ServerConfiguration> = if refused { None } else { Some(answer.success()?.json()?) };
        match server {
            Some(server) if server.authorized != Some(false) => {
                return Ok(Known { clusters: server.clusters, projects: server.projects.unwrap_or_default() });
            }
            _ if attempt == 0 => token = tokens.after_refusal(&token).await?,
            _ => {}
        }
    }
    Err(tokens.refused())
}

/// Appends path segments, encoded; a slash at the end of the base makes no empty segment.
fn below(mut base: Url, segments: &[&str]) -> Url {
    if let Ok(mut path) = base.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    base
}
