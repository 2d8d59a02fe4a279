//! Local folders that cannot be uploaded, each named with its reason before anything is sent.

use wabucket_transfer::{LocalTree, SourceProblem, TransferError, TransferOptions};

use crate::support::{folder, folder_with, tree, upload};

async fn problem(root: &std::path::Path) -> (std::path::PathBuf, SourceProblem) {
    match LocalTree::walk(root, &TransferOptions::default()).await.unwrap_err() {
        TransferError::InvalidSource { path, problem } => (path, problem),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_source_must_be_a_folder() {
    let source = folder_with(&tree(&[("file", b"x")]));
    let file = source.path().join("file");
    assert_eq!(problem(&file).await, (file, SourceProblem::NotAFolder));
    let missing = source.path().join("missing");
    assert_eq!(problem(&missing).await, (missing, SourceProblem::Missing));
}

#[tokio::test]
async fn names_must_be_text_without_control_characters() {
    let source = folder_with(&tree(&[("a/bad\u{7}name", b"x")]));
    assert_eq!(problem(source.path()).await, (source.path().join("a/bad\u{7}name"), SourceProblem::ControlCharacter));
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let source = tempfile::tempdir().unwrap();
        let name = source.path().join(std::ffi::OsStr::from_bytes(b"bad\xff"));
        fs_err::write(&name, "x").unwrap();
        assert_eq!(problem(source.path()).await, (name, SourceProblem::NotUnicode));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_but_not_in_circles_and_not_into_nothing() {
    use fs_err::os::unix::fs::symlink;
    let other = folder_with(&tree(&[("deep/file", b"linked"), ("empty/", b"")]));
    let source = folder_with(&tree(&[("file", b"x")]));
    symlink("file", source.path().join("link")).unwrap();
    symlink(other.path(), source.path().join("linked")).unwrap();
    let found = LocalTree::walk(source.path(), &TransferOptions::default()).await.unwrap();
    let files: Vec<_> = found.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["file", "link", "linked/deep/file"]);
    assert_eq!(found.empty_folders()[0].as_str(), "linked/empty");
    let up = other.path().join("deep/up");
    symlink("..", &up).unwrap();
    assert_eq!(problem(source.path()).await, (source.path().join("linked/deep/up"), SourceProblem::LinkLoop));
    fs_err::remove_file(up).unwrap();
    symlink("nothing", source.path().join("broken")).unwrap();
    assert_eq!(problem(source.path()).await, (source.path().join("broken"), SourceProblem::BrokenLink));
}

#[cfg(unix)]
#[tokio::test]
async fn special_files_are_named() {
    let source = tempfile::tempdir().unwrap();
    let path = source.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert_eq!(problem(source.path()).await, (path, SourceProblem::SpecialFile));
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_found_is_not_uploaded() {
    let place = folder().await;
    let source = folder_with(&tree(&[("file", b"one")]));
    let options = TransferOptions::default();
    for changed in ["other length", "two"] {
        let found = LocalTree::walk(source.path(), &options).await.unwrap();
        // Some file systems count time in steps of a few milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        fs_err::write(source.path().join("file"), changed).unwrap();
        let error = wabucket_transfer::UploadPlan::new(found).run(&place.bucket, "p", &options).await.unwrap_err();
        assert!(matches!(error, TransferError::Changed { .. }), "{error}");
        assert!(place.bucket.is_empty_below("p").await.unwrap());
    }
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused_before_anything_is_sent() {
    let place = folder().await;
    let source = folder_with(&tree(&[("a", b"x"), ("file", b"x")]));
    let error = upload(&place.bucket, source.path(), &"p".repeat(1020)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "upload {}: its key would be 1025 bytes long, and stores allow 1024",
            source.path().join("file").display()
        )
    );
    assert!(place.bucket.list("").await.unwrap().objects.is_empty());
}
