//! Uploads of native files: announced in batches, sent to the links that the server gives.

use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use wabucket_model::{Manifest, Md5};

use crate::WandbError;
use crate::graphql::operation;
use crate::native::NativeFile;
use crate::retry::{Conflict, Tries, is_temporary, retry_after};
use crate::run::Run;
use crate::transport::server_message;

/// Files announced in one request.
const BATCH: usize = 1000;
/// Files sent at once.
const PARALLEL: usize = 16;
/// From this size on files go in parts, as W&B's own client does it.
const MULTIPART_FROM: u64 = 2 * 1024 * 1024 * 1024;
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

/// A stretch of a file.
#[derive(Debug, Clone, Copy)]
struct Range {
    start: u64,
    length: u64,
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

    async fn announce_files(&self, upload: &Upload<'_>, batch: &[NativeFile]) -> Result<Vec<FileNode>, WandbError> {
        let mut specifications = Vec::with_capacity(batch.len());
        for file in batch {
            let parts = if file.size >= self.multipart_from { part_hashes(file).await? } else { Vec::new() };
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
        Ok(nodes)
    }

    /// Sends one file where the server wants it, and returns the id of the artifact that brings it.
    async fn send_file(
        &self,
        upload: &Upload<'_>,
        file: &NativeFile,
        node: FileNode,
    ) -> Result<Option<String>, WandbError> {
        let birth = node.artifact.as_ref().map(|artifact| artifact.id.clone());
        if let Some(urls) = &node.upload_multipart_urls {
            self.send_parts(upload, file, &node, urls).await?;
            return Ok(birth);
        }
        let Some(url) = node.upload_url else {
            // The server has these bytes.
            (upload.progress)(file.size);
            return Ok(birth);
        };
        let headers = node.upload_headers.unwrap_or_default();
        let whole = Range { start: 0, length: file.size };
        match self.put(file, whole, &url, &headers).await {
            Err(WandbError::NotAllowed { .. }) => {
                // The link has expired while others were sent: one fresh one.
                let fresh = self.announce_files(upload, std::slice::from_ref(file)).await?.remove(0);
                if let Some(url) = fresh.upload_url {
                    self.put(file, whole, &url, fresh.upload_headers.as_deref().unwrap_or_default()).await?;
                }
            }
            other => drop(other?),
        }
        (upload.progress)(file.size);
        Ok(birth)
    }

    async fn send_parts(
        &self,
        upload: &Upload<'_>,
        file: &NativeFile,
        node: &FileNode,
        urls: &MultipartUrls,
    ) -> Result<(), WandbError> {
        let part_bytes = part_bytes(file.size);
        let mut completed = Vec::new();
        for part in &urls.upload_url_parts {
            let start = (part.part_number - 1) * part_bytes;
            let range = Range { start, length: part_bytes.min(file.size.saturating_sub(start)) };
            let etag = self.put(file, range, &part.upload_url, &[]).await?;
            completed.push(json!({"partNumber": part.part_number, "hexMD5": etag}));
            (upload.progress)(range.length);
        }
        let operation = operation!("CompleteMultipartUploadArtifact", "joining the parts of a file in W&B");
        let variables = json!({
            "completeMultipartAction": "Complete",
            "completedParts": completed,
            "artifactID": upload.artifact,
            "storagePath": node.storage_path,
            "uploadID": urls.upload_id,
        });
        let _: Value = self.client.transport.execute(&operation, variables).await?;
        Ok(())
    }

    /// Sends a stretch of a file to a link, which gets the headers that the server listed and no others of ours.
    /// Returns the `ETag` as it was received.
    async fn put(&self, file: &NativeFile, range: Range, url: &str, headers: &[String]) -> Result<String, WandbError> {
        let operation = format!("uploading {} to W&B", file.path);
        let transport = &self.client.transport;
        let url = transport.resolve(&operation, url)?;
        let mut tries = Tries::new(transport.retry);
        loop {
            tries.count += 1;
            let body = reqwest::Body::wrap_stream(ReaderStream::new(open_at(&file.local, range).await?));
            let mut headers = header_map(headers);
            // Object stores refuse bodies of unknown length.
            headers.insert(CONTENT_LENGTH, HeaderValue::from(range.length));
            let sent = transport.plain().request(Method::PUT, url.clone()).headers(headers).body(body).send().await;
            let (wait, message) = match sent {
                Ok(response) if response.status().is_success() => {
                    let etag = response.headers().get("etag").and_then(|value| value.to_str().ok());
                    return Ok(etag.unwrap_or_default().to_owned());
                }
                Ok(response) => {
                    let (status, wait) = (response.status(), retry_after(response.headers()));
                    let message = server_message(&response.text().await.unwrap_or_default());
                    if !is_temporary(status, Conflict::Final) {
                        return Err(match status {
                            StatusCode::FORBIDDEN => WandbError::NotAllowed { operation, message },
                            _ => WandbError::Refused { operation, status, message },
                        });
                    }
                    (wait, format!("status {}: {message}", status.as_u16()))
                }
                Err(error) => (None, error.without_url().to_string()),
            };
            if !tries.wait(wait).await {
                let (tries, elapsed) = (tries.count, tries.elapsed());
                return Err(WandbError::Unavailable { operation, message, tries, elapsed, source: None });
            }
        }
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

fn part_bytes(size: u64) -> u64 {
    PART_BYTES.max(size.div_ceil(MAX_PARTS).next_multiple_of(4096))
}

async fn part_hashes(file: &NativeFile) -> Result<Vec<Md5>, WandbError> {
    let (local, size) = (file.local.clone(), file.size);
    let hash = move || -> std::io::Result<Vec<Md5>> {
        use std::io::Read;
        let mut reader = fs_err::File::open(local)?;
        let length = part_bytes(size);
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

async fn open_at(path: &Path, range: Range) -> Result<tokio::io::Take<fs_err::tokio::File>, WandbError> {
    let mut file = fs_err::tokio::File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(range.start)).await?;
    Ok(file.take(range.length))
}

/// The size from which on files are sent in parts.
pub(crate) fn multipart_from() -> u64 {
    MULTIPART_FROM
}
