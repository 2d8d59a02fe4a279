//! Digests: what a content is recognised by, each with the one spelling its user needs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Digest;

/// The MD5 of some bytes. W&B writes it in base64 (digests of files), or in hex (artifact digests, storage names).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// Hashes bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(md5::Md5::digest(bytes).into())
    }

    /// Takes a finished hash.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads W&B's spelling, standard base64 with padding.
    pub fn from_base64(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Reads 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        decode_hex(text)?.try_into().ok().map(Self)
    }

    /// Standard base64 with padding.
    pub fn to_base64(self) -> String {
        BASE64.encode(self.0)
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(self) -> String {
        encode_hex(&self.0)
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Md5({})", self.to_hex())
    }
}

/// The XXH128 of some bytes: what newer W&B clients may take in place of MD5. Big-endian, spelled like an MD5.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Xxh128(u128);

impl Xxh128 {
    /// Hashes bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(xxhash_rust::xxh3::xxh3_128(bytes))
    }

    /// Takes a finished hash.
    pub fn new(hash: u128) -> Self {
        Self(hash)
    }

    /// Reads W&B's spelling, standard base64 with padding.
    pub fn from_base64(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(|bytes| Self(u128::from_be_bytes(bytes)))
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(self) -> String {
        encode_hex(&self.0.to_be_bytes())
    }
}

impl fmt::Debug for Xxh128 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Xxh128({})", self.to_hex())
    }
}

/// What W&B knows of a content that it holds, or of a local file that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentDigest {
    /// An MD5, unless the entry says otherwise.
    Md5(Md5),
    /// An XXH128.
    Xxh128(Xxh128),
}

impl ContentDigest {
    /// 32 lower-case hex digits: the name under which W&B stores the content.
    pub fn to_hex(self) -> String {
        match self {
            Self::Md5(md5) => md5.to_hex(),
            Self::Xxh128(hash) => hash.to_hex(),
        }
    }
}

/// Our own content hash of a file: fast enough to be always on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Blake3(blake3::Hash);

impl Blake3 {
    /// Takes a finished hash.
    pub fn new(hash: blake3::Hash) -> Self {
        Self(hash)
    }

    /// Hashes bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes))
    }

    /// Reads 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(Self)
    }

    /// 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        self.0.to_hex().to_string()
    }
}

impl fmt::Debug for Blake3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Blake3({})", self.to_hex())
    }
}

/// The identity an object store gives to one content of a key, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes an `ETag` header or field, with or without quotes.
    pub fn new(text: &str) -> Self {
        Self(text.trim_matches('"').to_owned())
    }

    /// The text without quotes, as W&B writes it into manifests.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The MD5 of the content, for objects that were written in one part; a multipart `ETag` has none.
    pub fn md5(&self) -> Option<Md5> {
        Md5::from_hex(&self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The digest of a version: hex MD5 over the paths and digests of its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactDigest(String);

impl ArtifactDigest {
    /// Takes the digest that a server reports.
    pub fn new(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String succeeds");
        text
    })
}

pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<_> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).ok();
    if digits.len().is_multiple_of(2) { digits.chunks(2).map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_has_the_spellings_of_the_protocol() {
        let md5 = Md5::of(b"hello");
        assert_eq!(md5.to_base64(), "XUFAKrxLKna5cZ2REBfFkg==");
        assert_eq!(Md5::from_base64("XUFAKrxLKna5cZ2REBfFkg=="), Some(md5));
        assert_eq!(Md5::from_hex(&md5.to_hex()), Some(md5));
        assert_eq!(Md5::from_hex("xyz"), None);
        assert_eq!(Md5::from_base64("????"), None);
    }

    #[test]
    fn xxh128_is_spelled_as_the_client_spells_it() {
        // What wandb 0.31 computes.
        assert_eq!(Xxh128::from_base64("tenBrQcbPn/Hec+qXlI4GA=="), Some(Xxh128::of(b"hello")));
        assert_eq!(Xxh128::of(b"hello").to_hex(), "b5e9c1ad071b3e7fc779cfaa5e523818");
    }

    #[test]
    fn only_a_single_part_etag_is_an_md5() {
        assert_eq!(ETag::new("\"5d41402abc4b2a76b9719d911017c592\"").md5(), Some(Md5::of(b"hello")));
        assert_eq!(ETag::new("5d41402abc4b2a76b9719d911017c592-2").md5(), None);
    }
}
