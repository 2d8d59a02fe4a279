//! Sending a version's manifest: announced, written to a temporary file, uploaded from there.
//!
//! A manifest of a hundred thousand entries has some 30 MB: on disk it costs no memory, and each try reads it anew.

use std::io::BufWriter;
use std::path::Path;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use wabucket_model::{Manifest, Md5};

use crate::WandbError;
use crate::graphql::operation;
use crate::native::header_map;
use crate::retry::Conflict;
use crate::run::Run;
use crate::transport::{Body, Call, FilePart, Key};

const OPERATION: &str = "uploading the artifact's manifest";

/// A version that is being logged.
pub(crate) struct DraftVersion<'a> {
    /// Its id.
    pub(crate) artifact: &'a str,
    /// The id of the version before it.
    pub(crate) base: Option<&'a str>,
}

#[derive(Deserialize)]
struct Announced {
    id: String,
    file: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    upload_url: Option<String>,
    #[serde(default)]
    upload_headers: Option<Vec<String>>,
}

impl Run {
    /// Tells the server that a manifest will come, and returns its id.
    pub(crate) async fn announce_manifest(&self, version: &DraftVersion<'_>) -> Result<String, WandbError> {
        Ok(self.create_manifest(version, None).await?.id)
    }

    /// Sends the manifest itself.
    pub(crate) async fn upload_manifest(
        &self,
        version: &DraftVersion<'_>,
        manifest: &Manifest,
    ) -> Result<(), WandbError> {
        let mut file = NamedTempFile::new()?;
        let md5 = manifest.write_json(BufWriter::new(&mut file))?;
        let announced = self.create_manifest(version, Some(md5)).await?;
        match self.put_manifest(file.path(), announced.file).await {
            Err(error) if error.is_expired_link() => {
                let renewed = self.renew_manifest(version, &announced.id, md5).await?;
                self.put_manifest(file.path(), renewed.file).await
            }
            sent => sent,
        }
    }

    async fn put_manifest(&self, file: &Path, place: Place) -> Result<(), WandbError> {
        let url = place.upload_url.ok_or_else(|| WandbError::Protocol {
            operation: OPERATION.to_owned(),
            message: "the answer has no address to upload to".to_owned(),
        })?;
        let transport = &self.client.transport;
        let length = fs_err::metadata(file)?.len();
        let call = Call {
            operation: OPERATION,
            method: Method::PUT,
            url: transport.resolve(OPERATION, &url)?,
            key: Key::for_link(&url),
            body: Body::File(FilePart { path: file.to_path_buf(), start: 0, length }),
            headers: header_map(&place.upload_headers.unwrap_or_default()),
            conflict: Conflict::Final,
            retry: transport.retry,
        };
        transport.send(call).await.map(drop)
    }

    /// Announces a manifest; with the digest of its bytes, the answer says where they go.
    async fn create_manifest(&self, version: &DraftVersion<'_>, md5: Option<Md5>) -> Result<Announced, WandbError> {
        let operation = operation!("CreateArtifactManifest", "announcing the artifact's manifest to W&B");
        let variables = json!({
            "artifactID": version.artifact,
            "baseArtifactID": version.base,
            "name": Manifest::FILE_NAME,
            "digest": md5.map(Md5::to_base64).unwrap_or_default(),
            "entityName": self.path().entity,
            "projectName": self.path().project,
            "runName": self.path().id,
            "includeUpload": md5.is_some(),
        });
        let data: Value = self.client.transport.execute(&operation, variables).await?;
        announced(operation.description, &data["createArtifactManifest"])
    }

    /// Asks for another link, for one that has expired.
    async fn renew_manifest(&self, version: &DraftVersion<'_>, id: &str, md5: Md5) -> Result<Announced, WandbError> {
        let operation = operation!("UpdateArtifactManifest", "renewing the link for the artifact's manifest");
        let variables = json!({
            "artifactManifestID": id,
            "baseArtifactID": version.base,
            "digest": md5.to_base64(),
            "includeUpload": true,
        });
        let data: Value = self.client.transport.execute(&operation, variables).await?;
        announced(operation.description, &data["updateArtifactManifest"])
    }
}

fn announced(operation: &str, payload: &Value) -> Result<Announced, WandbError> {
    Announced::deserialize(&payload["artifactManifest"])
        .map_err(|error| WandbError::Protocol { operation: operation.to_owned(), message: error.to_string() })
}
