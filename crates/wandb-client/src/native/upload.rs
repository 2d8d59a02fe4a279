//! Uploads of native files: announced in batches, sent to the links that the server gives.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use wabucket_model::{Manifest, Md5};

use crate::WandbError;
use crate::graphql::operation;
use crate::native::NativeFile;
use crate::retry::Conflict;
use crate::run::Run;
use crate::transport::{Body, Call, FilePart, Key};

/// Files announced in one request.
const BATCH: usize = 1000;
/// Files sent at once.
const PARALLEL: usize = 16;
/// From this size on files go in parts, as W&B's own client does it.
const MULTIPART_FROM: u64 = 2 * 1024 * 1024 * 1024;
/// Parts of one file that are sent at once.
const PARALLEL_PARTS: usize = 4;
const PART_BYTES: u64 = 100 * 1024 * 1024;
const MAX_PARTS: u64 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileNode {
    storage_path: Option<String>,
    upload_url: Option<String>,
    #[serde(default)]
    upload_headers: Option<Vec<String>>,
    upload_multipart_urls: Option<MultipartUrls>,
    artifact: Option<ArtifactId>,
}

#[derive(Deserialize)]
struct ArtifactId {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MultipartUrls {
    #[serde(rename = "uploadID")]
    upload_id: String,
    upload_url_parts: Vec<PartUrl>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartUrl {
    part_number: u64,
    upload_url: String,
}

/// A stretch of a file, and what its link wants to be sent along.
struct Piece {
    start: u64,
    length: u64,
    headers: HeaderMap,
}

/// A file that the server knows of, and the hashes of its parts if it goes in parts.
struct Announced {
    node: FileNode,
    parts: Vec<Md5>,
}

type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What all files of one upload share.
struct Upload<'a> {
    artifact: &'a str,
    manifest: &'a str,
    progress: Progress,
}

impl Run {
    /// Uploads the files and notes in the manifest which artifact brought their bytes.
    pub(crate) async fn upload_native(
        &self,
        artifact: &str,
        manifest_id: &str,
        files: &[NativeFile],
        mut manifest: Manifest,
        progress: Progress,
    ) -> Result<Manifest, WandbError> {
        let upload = Upload { artifact, manifest: manifest_id, progress };
        for batch in files.chunks(BATCH) {
            let nodes = self.announce_files(&upload, batch).await?;
            let upload = &upload;
            let sent: Vec<Option<String>> = stream::iter(batch.iter().zip(nodes))
                .map(|(file, node)| async move { self.send_file(upload, file, node).await })
                .buffered(PARALLEL)
                .try_collect()
                .await?;
            for (file, birth) in batch.iter().zip(sent) {
                if let Some(entry) = manifest.entries.get_mut(file.path.as_str()) {
                    entry.birth_artifact_id = birth;
                }
            }
        }
        Ok(manifest)
    }

    async fn announce_files(&self, upload: &Upload<'_>, batch: &[NativeFile]) -> Result<Vec<Announced>, WandbError> {
        let mut specifications = Vec::with_capacity(batch.len());
        let mut hashes = Vec::with_capacity(batch.len());
        for file in batch {
            let is_large = file.size >= self.parts.from;
            let parts = if is_large { part_hashes(file, self.parts.part_of(file.size)).await? } else { Vec::new() };
            let mut specification = json!({
                "artifactID": upload.artifact,
                "artifactManifestID": upload.manifest,
                "name": file.path.as_str(),
                "md5": file.md5.to_base64(),
            });
            if !parts.is_empty() {
                let part = |(index, md5): (usize, &Md5)| json!({"partNumber": index + 1, "hexMD5": md5.to_hex()});
                specification["uploadPartsInput"] = parts.iter().enumerate().map(part).collect();
            }
            specifications.push(specification);
            hashes.push(parts);
        }
        let operation = operation!("CreateArtifactFiles", "announcing the artifact's files to W&B");
        let input = json!({"artifactFiles": specifications, "storageLayout": "V2"});
        let mut answer: Value = self.client.transport.execute(&operation, json!({ "input": input })).await?;
        let protocol = |message: String| WandbError::Protocol { operation: operation.description.to_owned(), message };
        let edges = answer["createArtifactFiles"]["files"]["edges"].as_array_mut();
        let nodes: Vec<FileNode> = edges
            .into_iter()
            .flatten()
            .map(|edge| serde_json::from_value(edge["node"].take()).map_err(|error| protocol(error.to_string())))
            .collect::<Result<_, _>>()?;
        if nodes.len() != batch.len() {
            return Err(protocol(format!("{} files were announced, {} are answered", batch.len(), nodes.len())));
        }
        Ok(nodes.into_iter().zip(hashes).map(|(node, parts)| Announced { node, parts }).collect())
    }

    /// Sends one file where the server wants it, and returns the id of the artifact that brings it.
    async fn send_file(
        &self,
        upload: &Upload<'_>,
        file: &NativeFile,
        announced: Announced,
    ) -> Result<Option<String>, WandbError> {
        let birth = announced.node.artifact.as_ref().map(|artifact| artifact.id.clone());
        match self.send_content(upload, file, &announced).await {
            Err(error) if error.is_expired_link() => {
                // Its link expired while others were sent: fresh ones, once.
                let fresh = self.announce_files(upload, std::slice::from_ref(file)).await?.remove(0);
                self.send_content(upload, file, &fresh).await?;
            }
            sent => sent?,
        }
        (upload.progress)(file.size);
        Ok(birth)
    }

    async fn send_content(
        &self,
        upload: &Upload<'_>,
        file: &NativeFile,
        announced: &Announced,
    ) -> Result<(), WandbError> {
        let node = &announced.node;
        if let Some(urls) = &node.upload_multipart_urls {
            return self.send_parts(upload, file, (announced, urls)).await;
        }
        // Without a link the server has these bytes already.
        let Some(url) = &node.upload_url else { return Ok(()) };
        let headers = header_map(node.upload_headers.as_deref().unwrap_or_default());
        self.put(file, Piece { start: 0, length: file.size, headers }, url).await.map(drop)
    }

    async fn send_parts(
        &self,
        upload: &Upload<'_>,
        file: &NativeFile,
        (announced, urls): (&Announced, &MultipartUrls),
    ) -> Result<(), WandbError> {
        let part_bytes = self.parts.part_of(file.size);
        let parts = urls.upload_url_parts.iter().map(|part| async move {
            let index = part.part_number.saturating_sub(1);
            let start = index * part_bytes;
            let md5 = usize::try_from(index).ok().and_then(|index| announced.parts.get(index));
            let md5 = md5.ok_or_else(|| WandbError::Protocol {
                operation: format!("uploading {} to W&B", file.path),
                message: format!("the server wants a part {}, which there is not", part.part_number),
            })?;
            let headers = header_map(&[format!("Content-MD5:{}", md5.to_base64())]);
            let piece = Piece { start, length: part_bytes.min(file.size.saturating_sub(start)), headers };
            let etag = self.put(file, piece, &part.upload_url).await?;
            Ok::<_, WandbError>(json!({"partNumber": part.part_number, "hexMD5": etag}))
        });
        let completed: Vec<Value> = stream::iter(parts).buffered(PARALLEL_PARTS).try_collect().await?;
        let operation = operation!("CompleteMultipartUploadArtifact", "joining the parts of a file in W&B");
        let variables = json!({
            "completeMultipartAction": "Complete",
            "completedParts": completed,
            "artifactID": upload.artifact,
            "storagePath": announced.node.storage_path,
            "uploadID": urls.upload_id,
        });
        let _: Value = self.client.transport.execute(&operation, variables).await?;
        Ok(())
    }

    /// Sends a stretch of a file to a link, which gets the headers that the server listed and no others of ours.
    /// Returns the `ETag` as it was received.
    async fn put(&self, file: &NativeFile, piece: Piece, url: &str) -> Result<String, WandbError> {
        let operation = format!("uploading {} to W&B", file.path);
        let transport = &self.client.transport;
        let call = Call {
            operation: &operation,
            method: Method::PUT,
            url: transport.resolve(&operation, url)?,
            key: Key::for_link(url),
            body: Body::File(FilePart { path: file.local.clone(), start: piece.start, length: piece.length }),
            headers: piece.headers,
            conflict: Conflict::Final,
            retry: transport.retry,
        };
        let answer = transport.send(call).await?;
        Ok(answer.headers.get(ETAG).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned())
    }
}

/// `Key:Value` texts as headers; the server's list is taken as it is.
pub(crate) fn header_map(listed: &[String]) -> HeaderMap {
    let header = |text: &String| {
        let (name, value) = text.split_once(':')?;
        Some((HeaderName::from_bytes(name.trim().as_bytes()).ok()?, HeaderValue::from_str(value.trim()).ok()?))
    };
    listed.iter().filter_map(header).collect()
}

/// Which files go in parts, and how large those are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartSizes {
    /// The smallest file that goes in parts, in bytes.
    pub(crate) from: u64,
    /// The smallest size of a part, in bytes; files of very many parts have larger ones.
    pub(crate) part: u64,
}

impl Default for PartSizes {
    fn default() -> Self {
        Self { from: MULTIPART_FROM, part: PART_BYTES }
    }
}

impl PartSizes {
    fn part_of(self, size: u64) -> u64 {
        self.part.max(size.div_ceil(MAX_PARTS).next_multiple_of(4096))
    }
}

async fn part_hashes(file: &NativeFile, length: u64) -> Result<Vec<Md5>, WandbError> {
    let (local, size) = (file.local.clone(), file.size);
    let hash = move || -> std::io::Result<Vec<Md5>> {
        use std::io::Read;
        let mut reader = fs_err::File::open(local)?;
        let mut hashes = Vec::new();
        let mut buffer = Vec::new();
        for _ in 0..size.div_ceil(length) {
            buffer.clear();
            (&mut reader).take(length).read_to_end(&mut buffer)?;
            hashes.push(Md5::of(&buffer));
        }
        Ok(hashes)
    };
    Ok(tokio::task::spawn_blocking(hash).await.expect("hashing does not panic")?)
}
