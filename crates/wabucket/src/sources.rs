//! From a manifest to a download plan: where the bytes of each entry are, whoever wrote the manifest.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use wabucket_model::{
    ArtifactFolder, ArtifactPath, BucketUrl, ETag, Manifest, ManifestEntry, Md5, PLATFORM_ENTRY, Reference,
    RelativePath,
};
use wabucket_transfer::{
    Bucket, Cause, DownloadFile, DownloadPlan, Expected, Location, Object, Renewal, Source, UrlProvider,
};
use wandb_client::{Artifact, Client};

use crate::claim::{Claim, previous_prefix};
use crate::platform::{self, Purpose};
use crate::{Error, Session, bucket, entries};

/// A version, what is in it, and what it was asked for as.
pub(crate) struct Located<'a> {
    pub(crate) artifact: &'a Artifact,
    pub(crate) manifest: Manifest,
    pub(crate) folder: &'a ArtifactFolder,
}

/// Finds the bytes of every entry. Opens the buckets that references point into.
pub(crate) async fn plan(session: &Session, client: &Client, located: Located<'_>) -> Result<DownloadPlan, Error> {
    let mut planner = Planner { session, client, located: &located, buckets: HashMap::new() };
    if let Some(reference) = platform_reference(&located.manifest) {
        return planner.plan_platform(reference).await;
    }
    let mut plan = DownloadPlan::default();
    for (path, entry) in &located.manifest.entries {
        plan.files.push(planner.file(path, entry).await?);
    }
    planner.add_folders(&mut plan).await?;
    Ok(plan)
}

struct Planner<'a> {
    session: &'a Session,
    client: &'a Client,
    located: &'a Located<'a>,
    /// By URL without prefix.
    buckets: HashMap<BucketUrl, Arc<Bucket>>,
}

impl Planner<'_> {
    /// A version in a platform bucket: our own manifest tells each object's content, the earlier tool's only the folder.
    async fn plan_platform(&self, reference: &str) -> Result<DownloadPlan, Error> {
        let platform = self.session.platform(reference).await?;
        let (bucket, prefixes) = platform::open_reference(platform, reference).await?;
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

    async fn file(&mut self, path: &str, entry: &ManifestEntry) -> Result<DownloadFile, Error> {
        let relative =
            RelativePath::parse(path).map_err(|error| self.unreadable(format!("its manifest names the {error}")))?;
        let Some(reference) = &entry.reference else {
            let source = Source::Url { provider: Arc::new(self.native(path, entry).await?) };
            return Ok(DownloadFile { path: relative, size: entry.size, source, expected: md5_of(entry) });
        };
        let Some((bucket, key)) = place_of(reference) else {
            return self.elsewhere(path, relative, entry, reference);
        };
        let expected = if matches!(bucket, BucketUrl::Folder(_)) { md5_of(entry) } else { etag_of(entry, reference) };
        let source = Source::Object { bucket: self.bucket(bucket).await?, key };
        Ok(DownloadFile { path: relative, size: known_size(entry), source, expected })
    }

    /// An entry whose bytes lie in no bucket.
    fn elsewhere(
        &self,
        path: &str,
        relative: RelativePath,
        entry: &ManifestEntry,
        reference: &str,
    ) -> Result<DownloadFile, Error> {
        match Reference::parse(reference) {
            Reference::Http(url) => {
                let provider = Fixed::parse(&url, |problem| self.unreadable(problem))?;
                let source = Source::Url { provider: Arc::new(provider) };
                let expected = etag_of(entry, reference);
                Ok(DownloadFile { path: relative, size: known_size(entry), source, expected })
            }
            Reference::Artifact { .. } => {
                Err(self.unreadable(format!("{path} refers to another artifact ({reference})")))
            }
            _ => Err(self.unreadable(format!("nothing here can read {reference:?}, which {path} refers to"))),
        }
    }

    async fn bucket(&mut self, url: BucketUrl) -> Result<Arc<Bucket>, Error> {
        if let Some(bucket) = self.buckets.get(&url) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::open(&url, &bucket::store_options(&self.session.settings)).await?);
        self.buckets.insert(url, Arc::clone(&bucket));
        Ok(bucket)
    }

    async fn native(&self, path: &str, entry: &ManifestEntry) -> Result<Native, Error> {
        let located = self.located;
        let link = self.client.native_link(located.artifact, &located.manifest, path, entry).await?;
        Ok(Native { name: format!("{path} of {}", self.located.artifact.name), link })
    }

    /// Empty folders have no entry: their markers lie in the artifact folder.
    async fn add_folders(&mut self, plan: &mut DownloadPlan) -> Result<(), Error> {
        let Some((bucket, prefix)) = self.artifact_folder().await? else { return Ok(()) };
        plan.folders = bucket.list(&prefix).await?.folders;
        self.read_kept_aside(&bucket, &prefix, plan).await
    }

    /// While this very version is being replaced, its objects are read from where they are kept aside.
    async fn read_kept_aside(&self, bucket: &Bucket, prefix: &str, plan: &mut DownloadPlan) -> Result<(), Error> {
        let claim = Claim::read(bucket, prefix).await?;
        if claim.and_then(|claim| claim.replaces).as_deref() != Some(self.located.artifact.id.as_str()) {
            return Ok(());
        }
        let aside = previous_prefix(prefix);
        for file in &mut plan.files {
            if let Source::Object { key, .. } = &mut file.source {
                *key = format!("{aside}/{}", file.path);
                // A copy of an object that was written in parts has another `ETag`.
                let etag = file.expected.etag.take();
                file.expected.md5 = file.expected.md5.or_else(|| etag.and_then(|etag| etag.md5()));
                file.expected.version_id = None;
            }
        }
        Ok(())
    }

    /// The bucket and the prefix of the folder that all entries share; for a version without any entry, the folder
    /// that one of its aliases names in the configured bucket.
    async fn artifact_folder(&mut self) -> Result<Option<(Arc<Bucket>, String)>, Error> {
        match folder_of(&self.located.manifest) {
            Some((url, prefix)) => Ok(Some((self.bucket(url).await?, prefix))),
            None => self.folder_by_alias().await,
        }
    }

    async fn folder_by_alias(&mut self) -> Result<Option<(Arc<Bucket>, String)>, Error> {
        if !self.located.manifest.entries.is_empty() {
            return Ok(None);
        }
        let bucket = Arc::new(bucket::open(self.session, Purpose::Read).await?);
        let artifact = self.located.artifact;
        let asked = std::iter::once(&self.located.folder.alias);
        for alias in asked.chain(&artifact.aliases) {
            let folder = ArtifactFolder { alias: alias.clone(), ..self.located.folder.clone() };
            let prefix = bucket.url().folder_prefix(&folder);
            if !bucket.is_empty_below(&prefix).await? {
                return Ok(Some((bucket, prefix)));
            }
        }
        Ok(None)
    }

    fn unreadable(&self, problem: String) -> Error {
        let folder = self.located.folder;
        let path = ArtifactPath { name: folder.name.clone(), alias: folder.alias.clone() };
        Error::Unreadable { path, problem }
    }
}

/// What the entry that the earlier tool writes refers to: the artifact folder in a platform bucket.
fn platform_reference(manifest: &Manifest) -> Option<&str> {
    manifest.entries.get(PLATFORM_ENTRY)?.reference.as_deref().filter(|reference| reference.starts_with("blob:"))
}

/// The bucket, without prefix, and the key of the object that a reference means.
fn place_of(reference: &str) -> Option<(BucketUrl, String)> {
    match Reference::parse(reference) {
        Reference::S3 { bucket, key } => Some((BucketUrl::S3 { bucket, prefix: String::new() }, key)),
        Reference::Gcs { bucket, key } => Some((BucketUrl::Gcs { bucket, prefix: String::new() }, key)),
        Reference::Azure { container, key } => Some((BucketUrl::Azure { container, prefix: String::new() }, key)),
        Reference::File(decoded) => {
            // W&B's client writes names raw but decodes them when it reads: a name that is there as written wins.
            let raw = Path::new(reference.strip_prefix("file://")?);
            let path = if raw.exists() && !decoded.exists() { raw } else { &decoded };
            Some((BucketUrl::Folder("/".into()), path.to_string_lossy().trim_start_matches('/').to_owned()))
        }
        Reference::Platform(_) | Reference::Http(_) | Reference::Artifact { .. } | Reference::Unknown(_) => None,
    }
}

/// The folder that the references of all entries share: each means the object of that folder and the entry's path.
fn folder_of(manifest: &Manifest) -> Option<(BucketUrl, String)> {
    let mut found: Option<(BucketUrl, String)> = None;
    for (path, entry) in &manifest.entries {
        let (url, key) = place_of(entry.reference.as_deref()?)?;
        let prefix = key.strip_suffix(path.as_str())?.strip_suffix('/')?;
        match &found {
            Some((known, folder)) if (known, folder.as_str()) != (&url, prefix) => return None,
            Some(_) => {}
            None => found = Some((url, prefix.to_owned())),
        }
    }
    found
}

/// The URL of the folder that a version's bytes lie in, if all lie in one.
pub(crate) fn location_of(manifest: &Manifest) -> Option<String> {
    folder_of(manifest).map(|(url, prefix)| url.reference(&prefix))
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

/// A size of 0 is what clients write when they do not know.
fn known_size(entry: &ManifestEntry) -> Option<u64> {
    let is_ours = entry.extra.blake3().is_some();
    entry.size.filter(|size| *size > 0 || is_ours)
}

/// The content's MD5, unless the digest is that of the reference, as clients write it that did not read the content.
fn md5_of(entry: &ManifestEntry) -> Expected {
    let of_reference = entry.reference.as_deref().map(|reference| Md5::of(reference.as_bytes()));
    let md5 = Md5::from_base64(&entry.digest).filter(|md5| Some(*md5) != of_reference);
    Expected { md5, blake3: entry.extra.blake3(), ..Expected::default() }
}

/// The object's `ETag`, unless the digest is the reference itself.
fn etag_of(entry: &ManifestEntry, reference: &str) -> Expected {
    let digest = || (entry.digest != reference).then(|| ETag::new(&entry.digest));
    let etag = entry.extra.etag().or_else(digest);
    Expected { etag, version_id: entry.extra.version_id(), md5: None, blake3: entry.extra.blake3() }
}

/// A native file, fetched from the registry itself.
struct Native {
    name: String,
    link: wandb_client::NativeLink,
}

#[async_trait]
impl UrlProvider for Native {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn locate(&self, _renewal: Renewal) -> Result<Location, Cause> {
        Ok(Location { url: self.link.url.clone(), headers: self.link.headers.clone() })
    }
}

/// A web address that never changes.
struct Fixed(url::Url);

impl Fixed {
    fn parse(text: &str, unreadable: impl Fn(String) -> Error) -> Result<Self, Error> {
        url::Url::parse(text).map(Self).map_err(|error| unreadable(format!("it refers to {text:?}: {error}")))
    }
}

#[async_trait]
impl UrlProvider for Fixed {
    fn name(&self) -> String {
        let mut shown = self.0.clone();
        shown.set_query(None);
        shown.to_string()
    }

    async fn locate(&self, _renewal: Renewal) -> Result<Location, Cause> {
        Ok(Location { url: self.0.clone(), headers: http::HeaderMap::new() })
    }
}
