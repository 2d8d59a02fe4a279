//! What the JSON API says of objects (JSON API reference, "Objects").

use object_store::{Error, Extensions, ObjectMeta, PutResult, Result, path::Path};
use serde::Deserialize;
use wabucket_model::{ETag, Md5};

use super::store::STORE;
use crate::http::{Failure, Verified};
use crate::provider::{Page, RawObject};

/// An object. Numbers are texts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectResource {
    name: String,
    size: String,
    pub(super) etag: Option<String>,
    pub(super) generation: Option<String>,
    md5_hash: Option<String>,
    updated: Option<String>,
}

/// A page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectList {
    #[serde(default)]
    items: Vec<ObjectResource>,
    next_page_token: Option<String>,
}

/// How far a copy inside the store is: large ones take several requests.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rewrite {
    pub(super) done: bool,
    pub(super) rewrite_token: Option<String>,
}

impl ObjectResource {
    fn size(&self) -> u64 {
        self.size.parse().unwrap_or_default()
    }

    pub(super) fn meta(&self, location: &Path) -> ObjectMeta {
        ObjectMeta {
            location: location.clone(),
            last_modified: self.updated.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
            size: self.size(),
            e_tag: self.etag.clone(),
            version: self.generation.clone(),
        }
    }

    /// The result of a write, if the store has what was sent. Objects that were composed of others have no MD5.
    pub(super) fn written(self, sent: Md5) -> Result<PutResult> {
        let mut extensions = Extensions::default();
        match self.md5_hash.as_deref().map(Md5::from_base64) {
            Some(Some(stored)) if stored == sent => drop(extensions.insert(Verified)),
            Some(stored) => {
                let stored = stored.map(Md5::to_hex).unwrap_or_default();
                let message = format!("content with the MD5 {} was sent, and with {stored} is stored", sent.to_hex());
                let kind = object_store::client::HttpErrorKind::Unknown;
                return Err(Error::Generic { store: STORE, source: Box::new(Failure::Transport { kind, message }) });
            }
            None => {}
        }
        Ok(PutResult { e_tag: self.etag, version: self.generation, extensions })
    }
}

impl From<ObjectList> for Page {
    fn from(list: ObjectList) -> Self {
        let objects = list.items.into_iter().map(|item| RawObject {
            size: item.size(),
            key: item.name,
            etag: item.etag.as_deref().map(ETag::new),
            version: item.generation,
        });
        Self { objects: objects.collect(), next: list.next_page_token.filter(|token| !token.is_empty()) }
    }
}
