//! Who may do what: the API key, and signed links for uploads and downloads that carry no key.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret, SecretString};

/// The file that holds the API key.
pub(crate) const KEY_FILE: &str = "api-key";

/// How long a signed link works, in seconds.
const LINK_LIFETIME: i64 = 3600;

/// What a signed link permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    Upload,
    Download,
}

/// The secrets of one registry directory.
pub(crate) struct Access {
    key: SecretString,
    signing: [u8; 32],
}

impl Access {
    /// Reads the API key of this directory, or makes one: 40 hex digits, which every generation of clients takes.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(KEY_FILE);
        let key = match fs_err::read_to_string(&path) {
            Ok(text) if text.trim().len() == 40 => text.trim().to_owned(),
            Ok(_) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no API key", path.display())));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_key(directory, &path)?,
            Err(error) => return Err(error),
        };
        let signing = blake3::derive_key("wabucket registry signed links 2026", key.as_bytes());
        Ok(Self { key: SecretString::from(key), signing })
    }

    pub(crate) fn key(&self) -> &SecretString {
        &self.key
    }

    /// Whether an `Authorization` header carries the key, as the password of `api` or of anyone.
    pub(crate) fn admits(&self, header: Option<&str>) -> bool {
        let password = || {
            let encoded = header?.strip_prefix("Basic ")?;
            let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
            decoded.split_once(':').map(|(_, password)| password.to_owned())
        };
        // Hashes are compared, so that the time taken says nothing about the key.
        password()
            .is_some_and(|given| blake3::hash(given.as_bytes()) == blake3::hash(self.key.expose_secret().as_bytes()))
    }

    /// A relative link to an object: `signed/EXPIRES/SIGNATURE/OBJECT`.
    pub(crate) fn sign(&self, permission: Permission, object: &str) -> String {
        let expires = jiff::Timestamp::now().as_second() + LINK_LIFETIME;
        let signature = self.signature(permission, object, expires);
        let object = percent_encoding::utf8_percent_encode(object, crate::http::PATH);
        format!("signed/{expires}/{signature}/{object}")
    }

    /// Whether a link is ours, for this purpose, and not too old.
    pub(crate) fn verify(&self, permission: Permission, object: &str, expires: i64, signature: &str) -> bool {
        let good =
            blake3::Hash::from_hex(signature).is_ok_and(|given| given == self.signature(permission, object, expires));
        good && jiff::Timestamp::now().as_second() <= expires
    }

    fn signature(&self, permission: Permission, object: &str, expires: i64) -> blake3::Hash {
        let purpose = match permission {
            Permission::Upload => "upload",
            Permission::Download => "download",
        };
        blake3::keyed_hash(&self.signing, format!("{purpose}\n{expires}\n{object}").as_bytes())
    }
}

/// Writes a new key. When two processes start at once, the first link wins and the other reads it.
fn create_key(directory: &Path, path: &Path) -> io::Result<String> {
    use std::io::Write;
    let bytes: [u8; 20] = rand::random();
    let key = blake3::hash(&bytes).to_hex()[..40].to_owned();
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "{key}")?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(fs_err::read_to_string(path)?.trim().to_owned())
        }
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_and_is_the_only_one_admitted() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(directory.path()).unwrap();
        let key = access.key().expose_secret().to_owned();
        assert_eq!(Access::open(directory.path()).unwrap().key().expose_secret(), key);
        let header = |password: &str| format!("Basic {}", BASE64.encode(format!("api:{password}")));
        assert!(access.admits(Some(&header(&key))));
        for wrong in [None, Some("Basic x"), Some("Bearer x"), Some(header("0").as_str())] {
            assert!(!access.admits(wrong));
        }
    }

    #[test]
    fn a_link_is_good_for_one_object_and_one_purpose() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(directory.path()).unwrap();
        let link = access.sign(Permission::Upload, "runs/1/a b");
        let parts: Vec<_> = link.splitn(4, '/').collect();
        let (expires, signature) = (parts[1].parse().unwrap(), parts[2]);
        assert!(access.verify(Permission::Upload, "runs/1/a b", expires, signature));
        assert!(!access.verify(Permission::Download, "runs/1/a b", expires, signature));
        assert!(!access.verify(Permission::Upload, "runs/1/a", expires, signature));
        assert!(!access.verify(Permission::Upload, "runs/1/a b", expires + 1, signature));
    }
}
