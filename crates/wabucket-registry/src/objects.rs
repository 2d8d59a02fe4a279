//! The bytes the registry holds itself, as files: manifests, run files and native files.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use md5::Digest;
use tokio::io::AsyncWriteExt;
use wabucket_model::{Md5, RelativePath};

/// After how long without a write an upload counts as cut off.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The folder of objects.
#[derive(Clone)]
pub(crate) struct Objects {
    root: PathBuf,
}

/// The name of a native file's object: by content, so that equal bytes are kept once.
pub(crate) fn content_name(md5: Md5) -> String {
    let hex = md5.to_hex();
    format!("md5/{}/{hex}", &hex[..2])
}

/// The name of a manifest's object.
pub(crate) fn manifest_name(manifest: i64, md5: Md5) -> String {
    format!("manifests/{manifest}/{md5}", md5 = md5.to_hex())
}

/// The MD5 that bytes must have to be taken in under this name, where the name says it.
pub(crate) fn expected_md5(name: &str) -> Option<Md5> {
    let says = name.starts_with("md5/") || name.starts_with("manifests/");
    says.then(|| name.rsplit('/').next().and_then(Md5::from_hex)).flatten()
}

/// The name of a run file's object.
pub(crate) fn run_file_name(run: i64, name: &str) -> String {
    format!("runs/{run}/{name}")
}

/// The name of one part of a native file that is uploaded in parts.
pub(crate) fn part_name(upload: &str, part: i64) -> String {
    format!("parts/{upload}/{part}")
}

impl Objects {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let root = directory.join("objects");
        let incoming = root.join("incoming");
        fs_err::create_dir_all(&incoming)?;
        remove_abandoned(&incoming)?;
        Ok(Self { root })
    }

    /// Where an object lies. Names come from clients in part, so they are parsed; `None` if they point elsewhere.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        RelativePath::parse(name).ok().map(|name| name.below(&self.root))
    }

    /// An object's size in bytes, if it is there.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.path(name)?.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len())
    }

    /// Reads a whole object.
    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path(name).ok_or(io::ErrorKind::InvalidInput)?;
        fs_err::read(path)
    }

    /// Writes what arrives to a temporary file and gives it its name when complete, if its MD5 is as expected.
    ///
    /// Returns the MD5, or `None` where the bytes are not the expected ones.
    pub(crate) async fn write<E: Into<axum::BoxError>>(
        &self,
        name: &str,
        expected: Option<Md5>,
        mut body: impl Stream<Item = Result<bytes::Bytes, E>> + Unpin,
    ) -> io::Result<Option<Md5>> {
        let path = self.path(name).ok_or(io::ErrorKind::InvalidInput)?;
        let temporary = tempfile::NamedTempFile::new_in(self.root.join("incoming"))?.into_temp_path();
        let mut file = fs_err::tokio::File::create(&temporary).await?;
        let mut hasher = md5::Md5::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(io::Error::other)?;
            hasher.update(&chunk);
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        drop(file);
        let md5 = Md5::from_bytes(hasher.finalize().into());
        if expected.is_some_and(|expected| expected != md5) {
            return Ok(None);
        }
        self.name(temporary, &path)?;
        Ok(Some(md5))
    }

    /// Joins the parts of an upload under the name of their content. `None` if the content is another one.
    pub(crate) fn join(&self, upload: &str, parts: &[i64], expected: Md5) -> io::Result<Option<()>> {
        let mut temporary = tempfile::NamedTempFile::new_in(self.root.join("incoming"))?;
        let mut hasher = md5::Md5::new();
        for part in parts {
            let path = self.path(&part_name(upload, *part)).ok_or(io::ErrorKind::InvalidInput)?;
            let mut reader = fs_err::File::open(path)?;
            io::copy(&mut reader, &mut Tee(temporary.as_file_mut(), &mut hasher))?;
        }
        if Md5::from_bytes(hasher.finalize().into()) != expected {
            return Ok(None);
        }
        let path = self.path(&content_name(expected)).ok_or(io::ErrorKind::InvalidInput)?;
        self.name(temporary.into_temp_path(), &path)?;
        if let Some(folder) = self.path(&format!("parts/{upload}")) {
            fs_err::remove_dir_all(folder)?;
        }
        Ok(Some(()))
    }

    #[expect(clippy::unused_self, reason = "naming is what an object folder does")]
    fn name(&self, temporary: tempfile::TempPath, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        temporary.persist(path).map_err(|error| error.error)
    }
}

/// Removes what uploads left behind that were cut off by the end of their server. Other servers may be at work here,
/// so only what nobody wrote to for long goes.
fn remove_abandoned(incoming: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(incoming)? {
        let entry = entry?;
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
        if matches!(age, Ok(Ok(age)) if age > ABANDONED_AFTER) {
            // Another server may have been quicker.
            let _ = fs_err::remove_file(entry.path());
        }
    }
    Ok(())
}

struct Tee<'a>(&'a mut std::fs::File, &'a mut md5::Md5);

impl io::Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.0.write(bytes)?;
        self.1.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_uploads_are_abandoned() {
        let directory = tempfile::tempdir().unwrap();
        Objects::open(directory.path()).unwrap();
        let file = |name: &str, age: Duration| {
            let path = directory.path().join("objects/incoming").join(name);
            let file = fs_err::File::create(&path).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
            path
        };
        let (old, young) = (file("old", ABANDONED_AFTER * 2), file("young", ABANDONED_AFTER / 2));
        Objects::open(directory.path()).unwrap();
        assert!(!old.exists() && young.exists());
    }
}
