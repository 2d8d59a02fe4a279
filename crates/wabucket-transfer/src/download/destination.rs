//! What must be true of the destination before anything is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wabucket_model::RelativePath;

use super::DownloadPlan;
use crate::error::{DestinationProblem, TransferError};
use crate::inside::check_link;

/// What a path is wanted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    File,
    Folder,
}

/// Checks the plan alone, then against what is already at the destination.
pub(super) fn check(plan: &DownloadPlan, destination: &Path) -> Result<(), TransferError> {
    let wanted = without_conflicts(plan, destination)?;
    match look(destination)? {
        Found::Nothing => return Ok(()),
        Found::Folder => {}
        Found::Link if destination.is_dir() => {}
        Found::Link | Found::File => return Err(TransferError::destination(destination, DestinationProblem::IsAFile)),
    }
    wanted.iter().try_for_each(|(path, wanted)| check_one(destination, path, *wanted))
}

/// Every path that will be there, folders on the way included.
fn without_conflicts<'a>(
    plan: &'a DownloadPlan,
    destination: &Path,
) -> Result<BTreeMap<&'a str, Wanted>, TransferError> {
    let mut wanted = BTreeMap::new();
    let at = |path: &str| destination.join(path);
    for file in &plan.files {
        if wanted.insert(file.path.as_str(), Wanted::File).is_some() {
            return Err(TransferError::destination(at(file.path.as_str()), DestinationProblem::Twice));
        }
    }
    let folders = plan.folders.iter().map(|folder| (folder, folder.as_str()));
    let on_the_way = |path: &'a RelativePath| path.ancestors().map(move |ancestor| (path, ancestor));
    let all = plan.files.iter().map(|file| &file.path).chain(&plan.folders).flat_map(on_the_way).chain(folders);
    for (path, folder) in all {
        if wanted.insert(folder, Wanted::Folder) == Some(Wanted::File) {
            let problem = DestinationProblem::Conflict { other: path.to_string() };
            return Err(TransferError::destination(at(folder), problem));
        }
    }
    Ok(wanted)
}

enum Found {
    Nothing,
    File,
    Folder,
    Link,
}

fn look(path: &Path) -> Result<Found, TransferError> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Ok(Found::Link),
        Ok(metadata) if metadata.is_dir() => Ok(Found::Folder),
        Ok(_) => Ok(Found::File),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(Found::Nothing),
        Err(error) => Err(TransferError::io("look at", path, error)),
    }
}

fn check_one(destination: &Path, path: &str, wanted: Wanted) -> Result<(), TransferError> {
    let full: PathBuf = destination.join(path);
    match (look(&full)?, wanted) {
        // A link with a file's name is replaced, never followed.
        (Found::Nothing | Found::File | Found::Link, Wanted::File)
        | (Found::Nothing | Found::Folder, Wanted::Folder) => Ok(()),
        (Found::Folder, Wanted::File) => Err(TransferError::destination(full, DestinationProblem::IsAFolder)),
        (Found::File, Wanted::Folder) => Err(TransferError::destination(full, DestinationProblem::IsAFile)),
        (Found::Link, Wanted::Folder) => check_link(destination, &full),
    }
}
