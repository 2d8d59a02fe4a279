//! W&B's file list of a version, its JSON form and its digest.

use std::collections::BTreeMap;
use std::io;

use md5::Digest;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{ArtifactDigest, Blake3, ContentDigest, ETag, Md5, Xxh128};

/// The path of the one entry that the earlier tool writes and reads: its reference is the artifact folder itself.
pub const PLATFORM_ENTRY: &str = "platform_blob";

/// How W&B lays out the bytes it holds itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StorageLayout {
    /// By content hash alone; the default of manifests that name no layout.
    #[default]
    V1,
    /// By the artifact that brought the bytes, then by content hash.
    V2,
}

/// A manifest: every file of a version, by path.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// How native files are stored.
    pub storage_layout: StorageLayout,
    /// Where native files are stored, on servers with several regions.
    pub storage_region: Option<String>,
    /// Entries by path. Paths are hostile until parsed as [`crate::RelativePath`].
    pub entries: BTreeMap<String, ManifestEntry>,
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// What the artifact's digest counts: base64 MD5, `ETag`, or the reference itself, by kind of entry.
    pub digest: String,
    /// Where the bytes are, for entries whose bytes W&B does not hold.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Bytes; absent or 0 when nobody knew.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient_size")]
    pub size: Option<u64>,
    /// The artifact that brought the bytes, for native entries in layout V2.
    #[serde(rename = "birthArtifactID", default, skip_serializing_if = "Option::is_none")]
    pub birth_artifact_id: Option<String>,
    /// What else is known of the object.
    #[serde(default, skip_serializing_if = "Extra::is_empty", deserialize_with = "null_as_default")]
    pub extra: Extra,
}

impl ManifestEntry {
    /// The digest of the content, if that is what the entry's digest is. An algorithm that nobody here knows gives none.
    pub fn content_digest(&self) -> Option<ContentDigest> {
        match self.extra.algorithm() {
            None | Some("MD5") => Md5::from_base64(&self.digest).map(ContentDigest::Md5),
            Some("XXH128") => Xxh128::from_base64(&self.digest).map(ContentDigest::Xxh128),
            Some(_) => None,
        }
    }
}

/// The `extra` object of an entry. Unknown members survive.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(Map<String, Value>);

impl Extra {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object's `ETag` when the entry was made.
    pub fn etag(&self) -> Option<ETag> {
        self.0.get("etag")?.as_str().map(ETag::new)
    }

    /// The object's version in a versioned bucket. Google's generations are numbers, which wandb-core writes by way of a
    /// float: one that no float can hold exactly names another version, or none.
    pub fn version_id(&self) -> Option<String> {
        const EXACT: u64 = 1 << 53;
        match self.0.get("versionID")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => number.as_u64().filter(|number| *number <= EXACT).map(|number| number.to_string()),
            _ => None,
        }
    }

    /// The content hash, in entries that wabucket wrote.
    pub fn blake3(&self) -> Option<Blake3> {
        Blake3::from_hex(self.0.get("blake3")?.as_str()?)
    }

    /// The algorithm of the entry's digest where it is not MD5: `XXH128`.
    pub fn algorithm(&self) -> Option<&str> {
        self.0.get("alg")?.as_str()
    }

    /// Records the `ETag`.
    #[must_use]
    pub fn with_etag(self, etag: &ETag) -> Self {
        self.with("etag", etag.as_str())
    }

    /// Records the object's version.
    #[must_use]
    pub fn with_version_id(self, version: &str) -> Self {
        self.with("versionID", version)
    }

    /// Records the content hash.
    #[must_use]
    pub fn with_blake3(self, hash: Blake3) -> Self {
        self.with("blake3", &hash.to_hex())
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.to_owned(), Value::String(value.to_owned()));
        self
    }
}

impl Manifest {
    /// The name W&B gives to a full manifest.
    pub const FILE_NAME: &str = "wandb_manifest.json";
    const VERSION: u64 = 1;
    const STORAGE_POLICY: &str = "wandb-storage-policy-v1";

    /// A manifest with these entries, in the layout that new artifacts have.
    pub fn new(entries: BTreeMap<String, ManifestEntry>) -> Self {
        Self { storage_layout: StorageLayout::V2, storage_region: None, entries }
    }

    /// The digest that identifies the version: hex MD5 over `path:digest` lines in path order.
    pub fn digest(&self) -> ArtifactDigest {
        let mut hasher = md5::Md5::new();
        hasher.update(b"wandb-artifact-manifest-v1\n");
        for (path, entry) in &self.entries {
            hasher.update(path.as_bytes());
            hasher.update(b":");
            hasher.update(entry.digest.as_bytes());
            hasher.update(b"\n");
        }
        ArtifactDigest::new(Md5::from_bytes(hasher.finalize().into()).to_hex())
    }

    /// Writes the JSON form, compact as wandb-core writes it, and returns the MD5 of what was written.
    pub fn write_json(&self, writer: impl io::Write) -> io::Result<Md5> {
        let document = Document {
            version: Self::VERSION,
            storage_policy: Self::STORAGE_POLICY,
            storage_policy_config: PolicyConfig {
                storage_layout: self.storage_layout,
                storage_region: self.storage_region.clone(),
            },
            contents: &self.entries,
        };
        let mut hashing = Hashing { writer, hasher: md5::Md5::new() };
        serde_json::to_writer(&mut hashing, &document)?;
        hashing.writer.flush()?;
        Ok(Md5::from_bytes(hashing.hasher.finalize().into()))
    }

    /// Reads the JSON form: ours, wandb-core's and the indented one of older Python clients. Unknown members are
    /// passed over, as later clients add some.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: OwnedDocument = serde_json::from_slice(bytes)?;
        if document.version != Self::VERSION {
            return Err(serde::de::Error::custom(format!("manifest version {} is not 1", document.version)));
        }
        let config = document.storage_policy_config.unwrap_or_default();
        Ok(Self {
            storage_layout: config.storage_layout,
            storage_region: config.storage_region,
            entries: document.contents,
        })
    }

    /// The sum of the sizes that are known, in bytes.
    pub fn size(&self) -> u64 {
        self.entries.values().filter_map(|entry| entry.size).sum()
    }
}

/// Hashes what it passes on.
struct Hashing<W> {
    writer: W,
    hasher: md5::Md5,
}

impl<W: io::Write> io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u64,
    storage_policy: &'static str,
    storage_policy_config: PolicyConfig,
    contents: &'a BTreeMap<String, ManifestEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnedDocument {
    version: u64,
    #[serde(default)]
    storage_policy_config: Option<PolicyConfig>,
    contents: BTreeMap<String, ManifestEntry>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PolicyConfig {
    #[serde(default)]
    storage_layout: StorageLayout,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage_region: Option<String>,
}

/// Sizes that are null, negative or otherwise no size count as unknown: foreign manifests hold such.
fn lenient_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_u64())
}

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(entries: &[(&str, &str)]) -> Manifest {
        let entry = |digest: &str| ManifestEntry { digest: digest.to_owned(), ..ManifestEntry::default() };
        Manifest::new(entries.iter().map(|(path, digest)| ((*path).to_owned(), entry(digest))).collect())
    }

    #[test]
    fn digests_are_those_of_the_real_clients() {
        // Vectors computed by wandb 0.12, 0.13, 0.16, 0.18 and 0.31.
        let uri = "blob://cluster/project/bucket/some path/x.bin";
        assert_eq!(manifest(&[(PLATFORM_ENTRY, uri)]).digest().as_str(), "85e3fa109adcf1410fc13e4531ff42f2");
        assert_eq!(
            manifest(&[("f.txt", "XUFAKrxLKna5cZ2REBfFkg=="), (PLATFORM_ENTRY, &format!("{uri}2"))]).digest().as_str(),
            "bc22b277f027fade3b27edc97e982218"
        );
        assert_eq!(manifest(&[]).digest().as_str(), "64e7c61456b10382e2f3b571ac24b659");
    }

    #[test]
    fn json_is_what_wandb_core_writes_without_its_leaks() {
        let mut manifest = manifest(&[("f", "d")]);
        let entry = manifest.entries.get_mut("f").unwrap();
        entry.reference = Some("s3://b/f".to_owned());
        entry.size = Some(3);
        entry.extra = Extra::default().with_etag(&ETag::new("d"));
        let mut bytes = Vec::new();
        assert_eq!(manifest.write_json(&mut bytes).unwrap(), Md5::of(&bytes));
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},"#
                .to_owned()
                + r#""contents":{"f":{"digest":"d","ref":"s3://b/f","size":3,"extra":{"etag":"d"}}}}"#
        );
        assert_eq!(Manifest::from_json(&bytes).unwrap(), manifest);
    }

    #[test]
    fn foreign_manifests_are_read() {
        let text = r#"{ "version": 1, "storagePolicy": "x", "other": 1, "storagePolicyConfig": {}, "contents": {
            "a": {"digest": "d", "local_path": "/x", "skip_cache": false, "size": -1, "extra": null},
            "b": {"digest": "d", "size": 5, "extra": {"versionID": 17}, "birthArtifactID": "QQ=="} } }"#;
        let manifest = Manifest::from_json(text.as_bytes()).unwrap();
        assert_eq!(manifest.storage_layout, StorageLayout::V1);
        assert_eq!(manifest.size(), 5);
        assert_eq!(manifest.entries["b"].extra.version_id().as_deref(), Some("17"));
        let rounded: Extra = serde_json::from_str(r#"{"versionID": 1795526324928578800}"#).unwrap();
        assert_eq!(rounded.version_id(), None);
        assert!(Manifest::from_json(br#"{"version":2,"contents":{}}"#).is_err());
    }
}
