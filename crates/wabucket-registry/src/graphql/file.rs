//! Files: of runs, of versions, and the bytes behind them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use wabucket_model::{ManifestEntry, Md5};

use super::artifact::Artifact;
use super::scalars::DateTime;
use super::{Result, link, state};
use crate::access::Permission;
use crate::objects::{content_name, part_name};
use crate::storage::artifacts;
use crate::storage::ids::{Kind, encode_text};

/// A file, or the place for one.
#[derive(Debug, Default, Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Where the registry keeps the bytes; `None` for references.
    pub(crate) object: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) digest: Option<String>,
    /// The reference, for entries whose bytes are elsewhere.
    pub(crate) reference: Option<String>,
    pub(crate) artifact: Option<i64>,
    pub(crate) updated_at: Option<String>,
    /// The parts wanted, for uploads in parts.
    pub(crate) parts: Option<(String, Vec<i64>)>,
}

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl File {
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn display_name(&self) -> &str {
        &self.name
    }

    /// A link to the bytes that needs no key; for a reference, what it refers to.
    async fn direct_url(&self, ctx: &Context<'_>) -> Option<String> {
        self.download(ctx)
    }

    async fn url(&self, ctx: &Context<'_>, upload: Option<bool>) -> Option<String> {
        if upload == Some(true) {
            return self.object.as_deref().map(|object| link(ctx, Permission::Upload, object));
        }
        self.download(ctx)
    }

    /// A link to send the bytes to; nothing if the registry has them already, or wants them in parts.
    async fn upload_url(&self, ctx: &Context<'_>) -> Option<String> {
        let object = self.object.as_deref()?;
        let is_content = object.starts_with("md5/");
        if self.parts.is_some() || (is_content && state(ctx).objects.size(object).is_some()) {
            return None;
        }
        Some(link(ctx, Permission::Upload, object))
    }

    async fn upload_headers(&self) -> Vec<String> {
        let md5 = self.digest.as_deref().filter(|_| self.object.is_some());
        md5.map(|md5| format!("Content-MD5:{md5}")).into_iter().collect()
    }

    async fn upload_multipart_urls(&self, ctx: &Context<'_>) -> Option<UploadMultipartUrls> {
        let (upload, parts) = self.parts.as_ref()?;
        let url = |part: &i64| UploadUrlPart {
            part_number: *part,
            upload_url: link(ctx, Permission::Upload, &part_name(upload, *part)),
        };
        Some(UploadMultipartUrls { upload_id: upload.clone(), upload_url_parts: parts.iter().map(url).collect() })
    }

    async fn size_bytes(&self, ctx: &Context<'_>) -> i64 {
        let stored = || self.object.as_deref().and_then(|object| state(ctx).objects.size(object));
        self.size.or_else(stored).and_then(|size| i64::try_from(size).ok()).unwrap_or_default()
    }

    async fn storage_path(&self) -> Option<&str> {
        self.object.as_deref()
    }

    async fn mimetype(&self) -> Option<String> {
        None
    }

    async fn md5(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    async fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    async fn is_reference(&self) -> bool {
        self.reference.is_some()
    }

    async fn updated_at(&self) -> Option<DateTime> {
        self.updated_at.clone().map(DateTime)
    }

    async fn artifact(&self, ctx: &Context<'_>) -> Result<Option<Artifact>> {
        let Some(id) = self.artifact else { return Ok(None) };
        Ok(state(ctx).database.read(|db| artifacts::by_id(db, id))?.map(Artifact::new))
    }
}

impl File {
    fn download(&self, ctx: &Context) -> Option<String> {
        match (&self.reference, &self.object) {
            (Some(reference), _) => Some(reference.clone()),
            (None, Some(object)) => Some(link(ctx, Permission::Download, object)),
            (None, None) => None,
        }
    }
}

/// A line of a manifest as a file.
pub(crate) fn native_file(artifact: i64, name: String, entry: ManifestEntry) -> File {
    let object = match entry.reference {
        None => Md5::from_base64(&entry.digest).map(content_name),
        Some(_) => None,
    };
    File {
        id: encode_text(Kind::File, &format!("{artifact}/{name}")),
        name,
        object,
        size: entry.size,
        digest: Some(entry.digest),
        reference: entry.reference,
        artifact: Some(artifact),
        ..File::default()
    }
}

/// Where the parts of a large file go.
#[derive(SimpleObject)]
pub(crate) struct UploadMultipartUrls {
    #[graphql(name = "uploadID")]
    upload_id: String,
    upload_url_parts: Vec<UploadUrlPart>,
}

#[derive(SimpleObject)]
pub(crate) struct UploadUrlPart {
    part_number: i64,
    upload_url: String,
}

/// A manifest line whose link is wanted.
#[derive(InputObject)]
pub(crate) struct ArtifactManifestEntryInput {
    pub(crate) name: String,
    digest: String,
    #[graphql(name = "birthArtifactID")]
    birth_artifact_id: Option<String>,
}

impl ArtifactManifestEntryInput {
    pub(crate) fn into_file(self) -> File {
        let birth = self.birth_artifact_id.unwrap_or_default();
        File {
            id: encode_text(Kind::File, &format!("{birth}/{}", self.name)),
            object: Md5::from_base64(&self.digest).map(content_name),
            name: self.name,
            digest: Some(self.digest),
            ..File::default()
        }
    }
}
