//! The local folder that is to be uploaded: its files, and the folders in it that are empty.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;
use wabucket_model::RelativePath;
use walkdir::{DirEntry, WalkDir};

use crate::error::{Operation, SourceProblem, TransferError};
use crate::options::TransferOptions;
use crate::provider::folder::blocking;
use crate::reporter::{Phase, Reporter, Totals};

/// A file as it was when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Relative to the folder.
    pub path: RelativePath,
    /// In bytes.
    pub size: u64,
    /// When it was last written; absent where the system does not tell.
    pub modified: Option<SystemTime>,
}

/// A folder with everything in it, sorted by path.
///
/// Links are followed, to files and to folders, as the platform's own tools do. Hidden files count. What cannot be
/// uploaded (a pipe, a broken link, a link loop, a name that is not text) is an error and never skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTree {
    root: PathBuf,
    files: Vec<LocalFile>,
    empty_folders: Vec<RelativePath>,
}

impl LocalTree {
    /// Finds everything below `root`.
    pub async fn walk(root: &Path, options: &TransferOptions) -> Result<Self, TransferError> {
        let root = root.to_path_buf();
        let (reporter, cancellation) = (Arc::clone(&options.reporter), options.cancellation.clone());
        reporter.start(Phase::Walk, None);
        let walked = blocking({
            let reporter = Arc::clone(&reporter);
            move || walk(root, &*reporter, &cancellation)
        });
        let tree = walked.await;
        reporter.finish(Phase::Walk);
        tree
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All files.
    pub fn files(&self) -> &[LocalFile] {
        &self.files
    }

    /// The folders with nothing in them.
    pub fn empty_folders(&self) -> &[RelativePath] {
        &self.empty_folders
    }

    /// How much there is.
    pub fn totals(&self) -> Totals {
        Totals { files: self.files.len() as u64, bytes: self.files.iter().map(|file| file.size).sum() }
    }
}

fn walk(root: PathBuf, reporter: &dyn Reporter, cancellation: &CancellationToken) -> Result<LocalTree, TransferError> {
    match fs_err::metadata(&root) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(TransferError::source_problem(root, SourceProblem::NotAFolder)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(TransferError::source_problem(root, SourceProblem::Missing));
        }
        Err(error) => return Err(TransferError::io("look at", &root, error)),
    }
    let mut tree = LocalTree { root, files: Vec::new(), empty_folders: Vec::new() };
    for entry in WalkDir::new(&tree.root).follow_links(true).min_depth(1).sort_by_file_name() {
        if cancellation.is_cancelled() {
            let operation = Operation::new("walk", tree.root.display().to_string());
            return Err(TransferError::Interrupted { operation });
        }
        let entry = entry.map_err(|error| walk_error(&tree.root, error))?;
        tree.add(&entry, reporter)?;
    }
    tree.files.sort_by(|one, other| one.path.cmp(&other.path));
    tree.empty_folders.sort();
    Ok(tree)
}

impl LocalTree {
    fn add(&mut self, entry: &DirEntry, reporter: &dyn Reporter) -> Result<(), TransferError> {
        let path = relative_path(&self.root, entry.path())?;
        let io = |error| TransferError::io("look at", entry.path(), error);
        if entry.file_type().is_dir() {
            if fs_err::read_dir(entry.path()).map_err(io)?.next().is_none() {
                self.empty_folders.push(path);
            }
            return Ok(());
        }
        if !entry.file_type().is_file() {
            return Err(TransferError::source_problem(entry.path(), SourceProblem::SpecialFile));
        }
        let metadata = entry.metadata().map_err(|error| io(error.into()))?;
        reporter.advance(Phase::Walk, Totals { files: 1, bytes: metadata.len() });
        self.files.push(LocalFile { path, size: metadata.len(), modified: metadata.modified().ok() });
        Ok(())
    }
}

fn relative_path(root: &Path, path: &Path) -> Result<RelativePath, TransferError> {
    let problem = |problem| TransferError::source_problem(path, problem);
    let relative = path.strip_prefix(root).expect("the walk stays below its root");
    let segments: Option<Vec<&str>> = relative.iter().map(|segment| segment.to_str()).collect();
    let text = segments.ok_or_else(|| problem(SourceProblem::NotUnicode))?.join("/");
    if text.contains(char::is_control) {
        return Err(problem(SourceProblem::ControlCharacter));
    }
    Ok(RelativePath::parse(&text).expect("a path from the file system has neither empty, '.' nor '..' segments"))
}

fn walk_error(root: &Path, error: walkdir::Error) -> TransferError {
    let path = error.path().unwrap_or(root).to_path_buf();
    if error.loop_ancestor().is_some() {
        return TransferError::source_problem(path, SourceProblem::LinkLoop);
    }
    let source = std::io::Error::from(error);
    // The walk follows links; what it cannot find although it is there is a link to nothing.
    let is_link = fs_err::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
    match source.kind() {
        std::io::ErrorKind::NotFound if is_link => TransferError::source_problem(path, SourceProblem::BrokenLink),
        _ => TransferError::io("look at", &path, source),
    }
}
