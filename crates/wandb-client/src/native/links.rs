//! Where the bytes of native files can be fetched: first by the links that the server lists for a version, which expire;
//! then by their content, with our credentials, as every generation of servers offers it.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;
use wabucket_model::{ContentDigest, Manifest, ManifestEntry, StorageLayout};

use crate::graphql::{Operation, operation};
use crate::transport::Key;
use crate::{Artifact, Client, WandbError};

/// What the real client asks for at once.
const PAGE: u64 = 5000;

/// Where a native file's bytes can be fetched now.
#[derive(Debug, Clone)]
pub struct NativeLink {
    /// The address. May be signed: not for messages.
    pub url: Url,
    /// Headers to send; they may hold credentials.
    pub headers: HeaderMap,
}

/// The links of one version's files. They are listed when the first one is needed.
pub struct NativeLinks {
    client: Client,
    artifact: Artifact,
    layout: StorageLayout,
    region: Option<String>,
    /// Held while the list is fetched, so that all files together ask once.
    listing: Mutex<Listing>,
}

/// The list, and how often it was fetched.
#[derive(Default)]
struct Listing {
    generation: u64,
    links: Arc<HashMap<String, String>>,
}

/// One file, and how far its links were tried.
pub struct NativeSource {
    links: Arc<NativeLinks>,
    path: String,
    content: ContentDigest,
    birth: Option<String>,
    tried: Mutex<Tried>,
}

#[derive(Clone, Copy)]
enum Tried {
    Nothing,
    /// The link of this generation of the list.
    Listed(u64),
    /// The link of a list that was fetched anew for its sake.
    ListedAnew,
    ByContent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Files {
    page_info: PageInfo,
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

#[derive(Deserialize)]
struct Edge {
    node: Option<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    direct_url: Option<String>,
}

impl Client {
    /// The links of a version's native files. Contacts nothing yet.
    pub fn native_links(&self, artifact: &Artifact, manifest: &Manifest) -> Arc<NativeLinks> {
        Arc::new(NativeLinks {
            client: self.clone(),
            artifact: artifact.clone(),
            layout: manifest.storage_layout,
            region: manifest.storage_region.clone(),
            listing: Mutex::default(),
        })
    }
}

impl NativeLinks {
    /// One file of the version.
    pub fn source(self: &Arc<Self>, path: &str, entry: &ManifestEntry) -> Result<NativeSource, WandbError> {
        let content = entry.content_digest().ok_or_else(|| WandbError::Protocol {
            operation: format!("fetching {path} from W&B"),
            message: format!("its digest {:?} is of no kind that is known here", entry.digest),
        })?;
        Ok(NativeSource {
            links: Arc::clone(self),
            path: path.to_owned(),
            content,
            birth: entry.birth_artifact_id.clone(),
            tried: Mutex::new(Tried::Nothing),
        })
    }

    /// The list, younger than the given generation.
    async fn listed(&self, known: u64) -> Result<(u64, Arc<HashMap<String, String>>), WandbError> {
        let mut listing = self.listing.lock().await;
        if listing.generation <= known {
            let links = Arc::new(self.list().await?);
            *listing = Listing { generation: known + 1, links };
        }
        Ok((listing.generation, Arc::clone(&listing.links)))
    }

    /// Asks as newer servers want it, then as older ones do; a server that knows neither lists nothing.
    async fn list(&self) -> Result<HashMap<String, String>, WandbError> {
        let artifact = &self.artifact;
        let by_membership = (
            operation!("GetArtifactMembershipFileUrls", "listing the artifact's files in W&B"),
            json!({
                "entity": artifact.project.entity, "project": artifact.project.project,
                "collection": artifact.name, "alias": artifact.version,
            }),
            "/project/artifactCollection/artifactMembership/files",
        );
        let by_id = (
            operation!("ArtifactFileURLs", "listing the artifact's files in W&B"),
            json!({ "id": artifact.id }),
            "/artifact/files",
        );
        for (operation, variables, place) in [by_membership, by_id] {
            match self.pages(&operation, variables, place).await {
                Ok(Some(links)) => return Ok(links),
                Ok(None) => {}
                Err(error @ (WandbError::NotAuthenticated { .. } | WandbError::Unavailable { .. })) => {
                    return Err(error);
                }
                Err(error) => tracing::debug!(%error, operation = operation.name, "the server lists no links"),
            }
        }
        Ok(HashMap::new())
    }

    async fn pages(
        &self,
        operation: &Operation,
        mut variables: Value,
        place: &str,
    ) -> Result<Option<HashMap<String, String>>, WandbError> {
        variables["perPage"] = json!(PAGE);
        let mut links = HashMap::new();
        loop {
            let mut data: Value = self.client.transport.execute(operation, &variables).await?;
            let Some(files) = data.pointer_mut(place).filter(|files| !files.is_null()) else { return Ok(None) };
            let files: Files = serde_json::from_value(files.take()).map_err(|error| WandbError::Protocol {
                operation: operation.description.to_owned(),
                message: error.to_string(),
            })?;
            let nodes = files.edges.into_iter().filter_map(|edge| edge.node);
            links.extend(nodes.filter_map(|node| Some((node.name, node.direct_url.filter(|url| !url.is_empty())?))));
            match files.page_info.end_cursor.filter(|_| files.page_info.has_next_page) {
                Some(cursor) if variables["cursor"] != cursor.as_str() => variables["cursor"] = json!(cursor),
                _ => return Ok(Some(links)),
            }
        }
    }
}

impl NativeSource {
    /// The HTTP client for its links: it goes through the same proxies and trusts the same certificates.
    pub fn web(&self) -> reqwest::Client {
        self.links.client.transport.links().clone()
    }

    /// The link to try first.
    pub async fn first(&self) -> Result<NativeLink, WandbError> {
        let mut tried = self.tried.lock().await;
        let (generation, links) = self.links.listed(0).await?;
        if let Some(address) = links.get(&self.path) {
            *tried = Tried::Listed(generation);
            return self.listed(address).await;
        }
        *tried = Tried::ByContent;
        self.by_content().await
    }

    /// The next link after one was refused; none if there is no other.
    pub async fn next(&self) -> Result<Option<NativeLink>, WandbError> {
        let mut tried = self.tried.lock().await;
        if let Tried::Listed(generation) = *tried {
            let (_, links) = self.links.listed(generation).await?;
            if let Some(address) = links.get(&self.path) {
                *tried = Tried::ListedAnew;
                return self.listed(address).await.map(Some);
            }
        }
        if let Tried::ByContent = *tried {
            return Ok(None);
        }
        *tried = Tried::ByContent;
        self.by_content().await.map(Some)
    }

    async fn listed(&self, address: &str) -> Result<NativeLink, WandbError> {
        let transport = &self.links.client.transport;
        let url = transport.resolve(&self.operation(), address)?;
        match Key::for_link(address) {
            Key::Sent => self.with_credentials(url).await,
            Key::Withheld => Ok(NativeLink { url, headers: HeaderMap::new() }),
        }
    }

    async fn by_content(&self) -> Result<NativeLink, WandbError> {
        const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
        let links = &self.links;
        let entity = utf8_percent_encode(links.artifact.project.entity.as_str(), SEGMENT);
        let content = self.content.to_hex();
        let address = match (links.layout, &self.birth) {
            (StorageLayout::V2, Some(birth)) => {
                let region = links.region.as_deref().unwrap_or("default");
                let birth = utf8_percent_encode(birth, SEGMENT);
                format!("/artifactsV2/{region}/{entity}/{birth}/{content}")
            }
            _ => format!("/artifacts/{entity}/{content}"),
        };
        let url = links.client.transport.resolve(&self.operation(), &address)?;
        self.with_credentials(url).await
    }

    async fn with_credentials(&self, url: Url) -> Result<NativeLink, WandbError> {
        let authorization = self.links.client.transport.authorization_for(&url).await?;
        let headers = authorization.map(|value| (AUTHORIZATION, value)).into_iter().collect();
        Ok(NativeLink { url, headers })
    }

    fn operation(&self) -> String {
        format!("fetching {} from W&B", self.path)
    }
}
