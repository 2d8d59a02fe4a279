//! Single files of a folder store: write, open, copy, delete.

use std::io::{self, Write};
use std::path::Path as FilePath;
use std::time::UNIX_EPOCH;

use fs_err::File;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, PutPayload, Result};
use tempfile::NamedTempFile;

use super::{STORE, store_error};
use crate::inside::{make_folder, split_parent, unfinished_file};

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Replace,
    Keep,
}

pub(super) fn write(root: &FilePath, key: &str, payload: &PutPayload, existing: Existing) -> Result<String> {
    let mut file = start(root, key)?;
    for piece in payload {
        file.write_all(piece).map_err(|error| store_error(&root.join(key), error))?;
    }
    finish(file, root, key, existing)
}

/// Opens a temporary file beside the place where the object will be.
pub(super) fn start(root: &FilePath, key: &str) -> Result<NamedTempFile> {
    let inside = |error| Error::Generic { store: STORE, source: Box::new(error) };
    let folder = make_folder(root, split_parent(key).0).map_err(inside)?;
    unfinished_file(&folder).map_err(inside)
}

/// Gives the file its name, and returns its `ETag`.
pub(super) fn finish(file: NamedTempFile, root: &FilePath, key: &str, existing: Existing) -> Result<String> {
    let path = root.join(key);
    let persisted = match existing {
        Existing::Replace => file.persist(&path),
        Existing::Keep => file.persist_noclobber(&path),
    };
    let file = persisted.map_err(|error| store_error(&path, error.error))?;
    file.metadata().map(|metadata| etag(&metadata)).map_err(|error| store_error(&path, error))
}

pub(super) fn open(path: &FilePath, location: Path) -> Result<(File, ObjectMeta)> {
    let file = File::open(path).map_err(|error| store_error(path, error))?;
    let metadata = file.metadata().map_err(|error| store_error(path, error))?;
    if !metadata.is_file() {
        return Err(store_error(path, io::Error::new(io::ErrorKind::NotFound, "it is not a file")));
    }
    Ok((file, meta(location, &metadata)))
}

/// What `object_store` wants to know about a file.
pub(super) fn meta(location: Path, metadata: &std::fs::Metadata) -> ObjectMeta {
    let last_modified = metadata.modified().unwrap_or(UNIX_EPOCH).into();
    ObjectMeta { location, last_modified, size: metadata.len(), e_tag: Some(etag(metadata)), version: None }
}

/// Changes whenever the content may have changed: writers always make a new file.
pub(super) fn etag(metadata: &std::fs::Metadata) -> String {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let inode = 0;
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    let nanoseconds = modified.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("{inode:x}-{nanoseconds:x}-{:x}", metadata.len())
}

/// Copies without moving bytes where the file system can: two names for one file are safe, because writers never
/// change a file, they replace it.
pub(super) fn copy(root: &FilePath, from: &FilePath, key: &str, existing: Existing) -> Result<()> {
    let at = |error| store_error(from, error);
    let metadata = fs_err::symlink_metadata(from).map_err(at)?;
    let target = root.join(key);
    if metadata.is_file() {
        let temporary = start(root, key)?.into_temp_path();
        fs_err::remove_file(&temporary).map_err(at)?;
        if fs_err::hard_link(from, &temporary).is_ok() {
            let named = match existing {
                Existing::Replace => fs_err::rename(&temporary, &target),
                Existing::Keep => fs_err::hard_link(&temporary, &target),
            };
            // `rename` leaves both names where they already mean the same file; dropping `temporary` removes its own.
            return named.map_err(|error| store_error(&target, error));
        }
    }
    let mut source = File::open(from).map_err(at)?;
    let mut file = start(root, key)?;
    io::copy(&mut source, &mut file).map_err(at)?;
    finish(file, root, key, existing).map(drop)
}

/// Deletes a file, or with a key that ends in `/` an empty folder; then the folders above that have become empty.
///
/// In an object store a folder without objects does not exist; so here. What is missing already is no error.
pub(super) fn delete(root: &FilePath, key: &str) -> io::Result<()> {
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(()),
        _ => Err(error),
    };
    match key.strip_suffix('/') {
        Some(folder) => match fs_err::remove_dir(root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Ok(()),
            removed => removed.or_else(missing)?,
        },
        None => fs_err::remove_file(root.join(key)).or_else(missing)?,
    }
    let mut above = split_parent(key.trim_end_matches('/')).0;
    while !above.is_empty() && fs_err::remove_dir(root.join(above)).is_ok() {
        above = split_parent(above).0;
    }
    Ok(())
}
