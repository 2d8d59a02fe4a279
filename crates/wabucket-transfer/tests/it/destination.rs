//! Destinations: nothing is written outside, nothing before everything is known to fit, nothing half.

use std::path::Path;
use std::sync::Arc;

use wabucket_model::{Blake3, ETag, Md5, RelativePath};
use wabucket_transfer::{
    Bucket, DestinationProblem, DownloadFile, DownloadPlan, Expected, Source, TransferError, WriteMode,
};

use crate::support::{Place, download, folder, folder_with, plan_for, read_tree, s3, tree};

async fn place_with(keys: &[&str]) -> Place {
    let place = folder().await;
    for key in keys {
        place.bucket.write(key, format!("content of {key}").into(), WriteMode::Overwrite).await.unwrap();
    }
    place
}

fn plan(bucket: &Arc<Bucket>, paths: &[&str]) -> DownloadPlan {
    let file = |path: &&str| DownloadFile {
        path: RelativePath::parse(path).unwrap(),
        size: None,
        source: Source::Object { bucket: Arc::clone(bucket), key: "key".to_owned() },
        expected: Expected::default(),
    };
    DownloadPlan { files: paths.iter().map(file).collect(), folders: Vec::new() }
}

async fn problem(plan: &DownloadPlan, destination: &Path) -> DestinationProblem {
    match download(plan, destination).await.unwrap_err() {
        TransferError::Destination { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn plans_with_conflicts_write_nothing() {
    let place = place_with(&["key"]).await;
    let parent = tempfile::tempdir().unwrap();
    let destination = parent.path().join("new");
    let both = plan(&place.bucket, &["a", "x/y/z", "x"]);
    assert_eq!(problem(&both, &destination).await, DestinationProblem::Conflict { other: "x/y/z".to_owned() });
    let twice = plan(&place.bucket, &["a", "a"]);
    assert_eq!(problem(&twice, &destination).await, DestinationProblem::Twice);
    let mut folder = plan(&place.bucket, &["x"]);
    folder.folders.push(RelativePath::parse("x").unwrap());
    assert_eq!(problem(&folder, &destination).await, DestinationProblem::Conflict { other: "x".to_owned() });
    assert!(!destination.exists());
}

#[tokio::test]
async fn what_is_in_the_way_is_found_before_anything_is_written() {
    let place = place_with(&["key"]).await;
    let destination = folder_with(&tree(&[("file", b"mine"), ("folder/mine", b"mine")]));
    let before = read_tree(destination.path());
    let at = destination.path();
    assert_eq!(problem(&plan(&place.bucket, &["x"]), &at.join("file")).await, DestinationProblem::IsAFile);
    assert_eq!(problem(&plan(&place.bucket, &["a", "file/x"]), at).await, DestinationProblem::IsAFile);
    assert_eq!(problem(&plan(&place.bucket, &["a", "folder"]), at).await, DestinationProblem::IsAFolder);
    assert_eq!(read_tree(at), before);
    download(&plan(&place.bucket, &["a", "folder/b"]), at).await.unwrap();
    assert_eq!(fs_err::read_to_string(at.join("folder/b")).unwrap(), "content of key");
    assert_eq!(fs_err::read_to_string(at.join("folder/mine")).unwrap(), "mine");
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_are_not_followed() {
    use fs_err::os::unix::fs::symlink;
    let place = place_with(&["key"]).await;
    let outside = folder_with(&tree(&[("victim", b"mine")]));
    let destination = folder_with(&tree(&[("real/", b"")]));
    let at = destination.path();
    symlink(outside.path(), at.join("out")).unwrap();
    symlink("real", at.join("in")).unwrap();
    symlink(outside.path().join("victim"), at.join("file")).unwrap();
    assert_eq!(problem(&plan(&place.bucket, &["out/victim"]), at).await, DestinationProblem::LeadsOut);
    download(&plan(&place.bucket, &["file", "in/x"]), at).await.unwrap();
    assert_eq!(read_tree(outside.path()), tree(&[("victim", b"mine")]));
    assert!(at.join("real/x").is_file() && at.join("file").symlink_metadata().unwrap().is_file());
}

#[tokio::test]
async fn what_is_right_stays_and_what_is_wrong_is_replaced() {
    let place = place_with(&["key"]).await;
    let right = "content of key";
    let hashes = Expected { md5: Some(Md5::of(right.as_bytes())), ..Expected::default() };
    let destination = folder_with(&tree(&[("file", right.as_bytes()), ("extra", b"mine")]));
    let plan = plan_for(&place.bucket, "key", "file", hashes);
    assert_eq!(download(&plan, destination.path()).await.unwrap().already_right.len(), 1);
    fs_err::write(destination.path().join("file"), "content of kex").unwrap();
    assert_eq!(download(&plan, destination.path()).await.unwrap().fetched.len(), 1);
    assert_eq!(read_tree(destination.path()), tree(&[("file", right.as_bytes()), ("extra", b"mine")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_than_recorded_is_an_integrity_error() {
    for place in [folder().await, s3().await] {
        place.bucket.write("key", "content".into(), WriteMode::Overwrite).await.unwrap();
        let destination = tempfile::tempdir().unwrap();
        for expected in [
            Expected { blake3: Some(Blake3::of(b"other")), ..Expected::default() },
            Expected { md5: Some(Md5::of(b"other")), ..Expected::default() },
            Expected { etag: Some(ETag::new("0123456789abcdef0123456789abcdef")), ..Expected::default() },
        ] {
            let mut plan = plan_for(&place.bucket, "key", "file", expected);
            let error = download(&plan, destination.path()).await.unwrap_err();
            assert!(matches!(error, TransferError::Integrity { .. }), "{error}");
            assert!(error.to_string().contains("key"), "{error}");
            plan.files[0].expected = Expected::default();
            plan.files[0].size = Some(3);
            let error = download(&plan, destination.path()).await.unwrap_err();
            assert!(matches!(error, TransferError::Integrity { .. }), "{error}");
        }
        assert!(read_tree(destination.path()).is_empty());
    }
}
