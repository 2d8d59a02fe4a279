//! Versions in a platform bucket.

use std::sync::Arc;

use wabucket_model::{Manifest, PLATFORM_ENTRY, RelativePath};
use wabucket_transfer::{Bucket, DownloadFile, DownloadPlan, Expected, Object, Source};

use super::Planner;
use super::entry::etag_of;
use crate::platform;
use crate::{Error, entries};

impl Planner<'_> {
    /// A version in a platform bucket: our own manifest tells each object's content, the earlier tool's only the folder.
    pub(super) async fn plan_platform(&self, reference: &str) -> Result<DownloadPlan, Error> {
        let (bucket, prefixes) = platform::open_reference(self.session, reference).await?;
        let mut found = None;
        for prefix in &prefixes {
            let listing = bucket.list(prefix).await?;
            if !(listing.objects.is_empty() && listing.folders.is_empty() && !listing.has_own_marker) {
                found = Some((prefix, listing));
                break;
            }
        }
        let Some((prefix, listing)) = found else {
            return Err(self.unreadable(format!("no object lies below {reference}")));
        };
        if let Some(odd) = listing.odd.first() {
            return Err(self.unreadable(format!("the key {:?} {}", odd.key, odd.problem)));
        }
        let bucket = Arc::new(bucket);
        let mut plan = DownloadPlan { files: Vec::new(), folders: listing.folders };
        let ours: Vec<_> = self.located.manifest.entries.iter().filter(|(path, _)| *path != PLATFORM_ENTRY).collect();
        if ours.is_empty() {
            plan.files = listing.objects.into_iter().map(|object| listed(&bucket, object)).collect();
        }
        for (path, entry) in ours {
            let path = entries::file_path(path);
            let path = RelativePath::parse(path)
                .map_err(|error| self.unreadable(format!("its manifest names the {error}")))?;
            let source = Source::Object { bucket: Arc::clone(&bucket), key: format!("{prefix}/{path}") };
            let expected = etag_of(entry, entry.reference.as_deref().unwrap_or_default());
            plan.files.push(DownloadFile { path, size: entry.size, source, expected });
        }
        self.read_kept_aside(&bucket, prefix, &mut plan).await?;
        Ok(plan)
    }
}

/// What the entry that the earlier tool writes refers to: the artifact folder in a platform bucket.
pub(super) fn reference_of(manifest: &Manifest) -> Option<&str> {
    manifest.entries.get(PLATFORM_ENTRY)?.reference.as_deref().filter(|reference| reference.starts_with("blob:"))
}

/// An object of which only the listing is known.
fn listed(bucket: &Arc<Bucket>, object: Object) -> DownloadFile {
    DownloadFile {
        path: object.path,
        size: Some(object.size),
        source: Source::Object { bucket: Arc::clone(bucket), key: object.key },
        expected: Expected { etag: object.etag, ..Expected::default() },
    }
}
