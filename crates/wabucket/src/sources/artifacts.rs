//! Entries that refer to entries of other versions: `wandb-artifact://HEX_ID/PATH`.

use std::sync::Arc;

use wabucket_model::{Manifest, ManifestEntry, Reference};
use wandb_client::NativeLinks;

use super::Planner;
use crate::Error;

/// W&B's client resolves such references when it makes them, so that chains are short; a loop is no chain.
const LONGEST_CHAIN: usize = 16;

/// Another version that entries refer to.
pub(super) struct Referenced {
    manifest: Manifest,
    links: Arc<NativeLinks>,
}

impl Planner<'_> {
    /// The entry that is meant in the end, and the links of the version it is in.
    pub(super) async fn referenced_entry(
        &mut self,
        path: &str,
        id: &str,
        inner: &str,
    ) -> Result<(ManifestEntry, Arc<NativeLinks>), Error> {
        let (mut id, mut inner) = (id.to_owned(), inner.to_owned());
        for _ in 0..LONGEST_CHAIN {
            let version = self.referenced(&id).await?;
            let Some(entry) = version.manifest.entries.get(&inner) else {
                return Err(
                    self.unreadable(format!("{path} refers to {inner:?} of another version, which has no such file"))
                );
            };
            match entry.reference.as_deref().map(Reference::parse) {
                Some(Reference::Artifact { id: next, path: next_inner }) => (id, inner) = (next, next_inner),
                _ => return Ok((entry.clone(), Arc::clone(&version.links))),
            }
        }
        Err(self.unreadable(format!("{path} refers to other versions without end")))
    }

    async fn referenced(&mut self, id: &str) -> Result<Arc<Referenced>, Error> {
        if let Some(known) = self.referenced.get(id) {
            return Ok(Arc::clone(known));
        }
        let artifact = self.client.referenced_artifact(id).await?;
        let manifest = self.client.fetch_manifest(&artifact).await?;
        let links = self.client.native_links(&artifact, &manifest);
        let referenced = Arc::new(Referenced { manifest, links });
        self.referenced.insert(id.to_owned(), Arc::clone(&referenced));
        Ok(referenced)
    }
}
