//! Listing a folder store: files in key order, and folders that hold nothing.

use std::collections::BTreeSet;
use std::path::Path as FilePath;

use object_store::path::Path;
use object_store::{Error, Extensions, ListResult, ObjectMeta, Result};
use wabucket_model::ETag;
use walkdir::{DirEntry, WalkDir};

use super::{STORE, files};
use crate::error::{Operation, SourceProblem, TransferError};
use crate::inside::is_unfinished;
use crate::provider::{Page, PageRequest, RawObject};

/// All keys with a prefix, as one page.
pub(super) fn page(root: &FilePath, request: &PageRequest, operation: &Operation) -> Result<Page, TransferError> {
    let mut page = Page::default();
    let folder = request.prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = root.join(folder);
    if !start.is_dir() {
        return Ok(page);
    }
    for entry in walk(&start) {
        let entry = entry.map_err(|error| walk_error(operation, error))?;
        let Some(object) = object(root, &entry)? else { continue };
        if object.key.starts_with(&request.prefix) {
            page.objects.push(object);
        }
        if request.at_most.is_some_and(|most| page.objects.len() >= most) {
            break;
        }
    }
    page.objects.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(page)
}

fn walk(start: &FilePath) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let unfinished = |entry: &DirEntry| entry.file_name().to_str().is_some_and(is_unfinished);
    WalkDir::new(start)
        .follow_links(true)
        .into_iter()
        .filter_entry(move |entry| entry.depth() == 0 || !unfinished(entry))
}

/// A file, or a folder with nothing in it.
fn object(root: &FilePath, entry: &DirEntry) -> Result<Option<RawObject>, TransferError> {
    let is_empty_folder = || walk(entry.path()).nth(1).is_none();
    let is_folder = entry.file_type().is_dir();
    if is_folder && (entry.path() == root || !is_empty_folder()) {
        return Ok(None);
    }
    let mut key = key(root, entry.path())
        .ok_or_else(|| TransferError::source_problem(entry.path(), SourceProblem::NotUnicode))?;
    if is_folder {
        key.push('/');
        return Ok(Some(RawObject { key, size: 0, etag: None, version: None }));
    }
    let metadata = entry.metadata().map_err(|error| TransferError::io("look at", entry.path(), error.into()))?;
    Ok(Some(RawObject { key, size: metadata.len(), etag: Some(ETag::new(&files::etag(&metadata))), version: None }))
}

fn key(root: &FilePath, path: &FilePath) -> Option<String> {
    let relative = path.strip_prefix(root).expect("the walk stays below its root");
    let segments: Option<Vec<&str>> = relative.iter().map(|segment| segment.to_str()).collect();
    segments.map(|segments| segments.join("/"))
}

fn walk_error(operation: &Operation, error: walkdir::Error) -> TransferError {
    match error.loop_ancestor().and(error.path()) {
        Some(path) => TransferError::source_problem(path, SourceProblem::LinkLoop),
        None => TransferError::Io { operation: operation.clone(), source: error.into() },
    }
}

/// What `object_store` can spell of the same listing.
pub(super) fn metas(root: &FilePath, prefix: Option<&Path>) -> Result<Vec<ObjectMeta>> {
    let start = prefix.map_or_else(|| root.to_path_buf(), |prefix| root.join(prefix.as_ref()));
    let failed = |source: walkdir::Error| Error::Generic { store: STORE, source: Box::new(source) };
    let mut metas = Vec::new();
    if !start.is_dir() {
        return Ok(metas);
    }
    for entry in walk(&start) {
        let entry = entry.map_err(failed)?;
        let location = key(root, entry.path()).and_then(|key| Path::parse(key).ok());
        if let (true, Some(location)) = (entry.file_type().is_file(), location) {
            metas.push(files::meta(location, &entry.metadata().map_err(failed)?));
        }
    }
    metas.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(metas)
}

/// Folds everything below the next `/` into common prefixes.
pub(super) fn one_level(prefix: Option<&Path>, metas: Vec<ObjectMeta>) -> ListResult {
    let depth = prefix.map_or(0, |prefix| prefix.parts().count());
    let (objects, deeper): (Vec<_>, Vec<_>) =
        metas.into_iter().partition(|meta| meta.location.parts().count() == depth + 1);
    let common: BTreeSet<Path> = deeper.iter().map(|meta| meta.location.parts().take(depth + 1).collect()).collect();
    ListResult { common_prefixes: common.into_iter().collect(), objects, extensions: Extensions::default() }
}
