//! Writing below a root and nowhere else: folders are made one by one, and links that lead out are refused.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{DestinationProblem, TransferError};

/// How unfinished files are called. Listings do not show them; a killed process may leave one, without its lock.
const UNFINISHED_PREFIX: &str = ".wabucket-";
const UNFINISHED_SUFFIX: &str = ".part";

/// Whether a file name is one of an unfinished file.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED_PREFIX) && name.ends_with(UNFINISHED_SUFFIX)
}

/// Makes the folder `relative` below `root`, with all folders on the way, and returns its path.
///
/// Fails if something on the way is a file, or a link that leads out of the root. The root must exist.
pub(crate) fn make_folder(root: &Path, relative: &str) -> Result<PathBuf, TransferError> {
    let mut path = root.to_path_buf();
    for segment in relative.split('/').filter(|segment| !segment.is_empty()) {
        path.push(segment);
        match fs_err::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => check_link(root, &path)?,
            Ok(_) => return Err(TransferError::destination(path, DestinationProblem::IsAFile)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_dir(&path)?,
            Err(error) => return Err(TransferError::io("look at", &path, error)),
        }
    }
    Ok(path)
}

/// Somebody else may make the same folder at the same time.
fn create_dir(path: &Path) -> Result<(), TransferError> {
    match fs_err::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(TransferError::io("make folder", path, error))
        }
        _ => Ok(()),
    }
}

/// Accepts a link to a folder that lies below the root.
pub(crate) fn check_link(root: &Path, link: &Path) -> Result<(), TransferError> {
    let io = |path: &Path, error| TransferError::io("look at", path, error);
    let real_root = fs_err::canonicalize(root).map_err(|error| io(root, error))?;
    match fs_err::canonicalize(link) {
        Ok(target) if !target.starts_with(&real_root) => {
            Err(TransferError::destination(link, DestinationProblem::LeadsOut))
        }
        Ok(target) if target.is_dir() => Ok(()),
        Ok(_) => Err(TransferError::destination(link, DestinationProblem::IsAFile)),
        // A broken link: writing through it would create whatever it points at.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(TransferError::destination(link, DestinationProblem::LeadsOut))
        }
        Err(error) => Err(io(link, error)),
    }
}

/// Opens a temporary file in a folder; it goes away unless it is given its final name.
pub(crate) fn unfinished_file(folder: &Path) -> Result<NamedTempFile, TransferError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED_PREFIX).suffix(UNFINISHED_SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; the process's mask takes away what the user does not want.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    loop {
        let file = builder.tempfile_in(folder).map_err(|error| TransferError::io("write into", folder, error))?;
        // Where files cannot be locked, nothing is ever swept.
        let locked = file.as_file().lock();
        // Somebody may have swept it between its making and its lock.
        if locked.is_err() || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes the unfinished files in these folders that no process works on any more: their locks went with their
/// process. Files that are called so for other reasons are `wanted` and stay.
pub(crate) fn sweep<'a>(folders: impl IntoIterator<Item = &'a Path>, wanted: &HashSet<PathBuf>) {
    let entries = folders.into_iter().flat_map(|folder| fs_err::read_dir(folder).into_iter().flatten().flatten());
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_unfinished)) {
        let path = entry.path();
        let Ok(file) = fs_err::File::open(&path) else { continue };
        if !wanted.contains(&path) && file.file().try_lock().is_ok() {
            // It is in nobody's way if it cannot be removed.
            let _ = fs_err::remove_file(&path);
        }
    }
}

/// Splits `a/b/c` into the folder `a/b` and the name `c`.
pub(crate) fn split_parent(relative: &str) -> (&str, &str) {
    relative.rsplit_once('/').unwrap_or(("", relative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_works_on_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let alive = unfinished_file(place.path()).unwrap();
        let left = place.path().join(".wabucket-abc.part");
        fs_err::write(&left, "half").unwrap();
        fs_err::write(place.path().join("kept"), "x").unwrap();
        let wanted = place.path().join(".wabucket-wanted.part");
        fs_err::write(&wanted, "whole").unwrap();
        sweep([place.path()], &[wanted.clone()].into());
        assert!(alive.path().exists() && !left.exists() && place.path().join("kept").exists() && wanted.exists());
    }

    #[test]
    fn folders_are_made_below_the_root_only() {
        let place = tempfile::tempdir().unwrap();
        let (root, outside) = (place.path().join("root"), place.path().join("outside"));
        for folder in [&root, &outside] {
            fs_err::create_dir(folder).unwrap();
        }
        assert_eq!(make_folder(&root, "a/b").unwrap(), root.join("a/b"));
        fs_err::write(root.join("file"), "x").unwrap();
        let problem = |relative| match make_folder(&root, relative).unwrap_err() {
            TransferError::Destination { problem, .. } => problem,
            other => panic!("{other}"),
        };
        assert_eq!(problem("file/x"), DestinationProblem::IsAFile);
        #[cfg(unix)]
        {
            fs_err::os::unix::fs::symlink(&outside, root.join("out")).unwrap();
            fs_err::os::unix::fs::symlink("a", root.join("in")).unwrap();
            fs_err::os::unix::fs::symlink(outside.join("missing"), root.join("broken")).unwrap();
            assert_eq!(problem("out/x"), DestinationProblem::LeadsOut);
            assert_eq!(problem("broken/x"), DestinationProblem::LeadsOut);
            assert_eq!(make_folder(&root, "in/c").unwrap(), root.join("in/c"));
            assert!(root.join("a/c").is_dir());
        }
    }
}
