//! What was uploaded is what is downloaded, and lies under exactly its own name.

use crate::support::{
    Place, Tree, content, download, folder, folder_with, plan_of, plan_of_listing, read_tree, s3, tree, upload,
};

/// Names that a careless client changes. What `s3s-fs` cannot keep (`+`) is proven with another server.
const ODD_NAMES: [&str; 12] =
    ["ü", "%41", "a#1", "a?b", "a b", "dot.", ".hidden", "...", "a&b=c", "tilde~^", "it's \"q\"", "back\\slash"];

fn odd_tree() -> Tree {
    let mut tree = tree(&[("empty", b""), ("folder/empty/", b""), ("a/b/c/deep", b"deep")]);
    for name in ODD_NAMES {
        tree.insert(name.to_owned(), name.into());
        tree.insert(format!("in {name}/{name}"), format!("x{name}").into());
    }
    tree
}

async fn comes_back(place: &Place, given: &Tree, prefix: &str) {
    let source = folder_with(given);
    let report = upload(&place.bucket, source.path(), prefix).await.unwrap();
    let files = given.keys().filter(|path| !path.ends_with('/')).count();
    assert_eq!(report.files.len(), files);
    for file in &report.files {
        assert_eq!(file.key, if prefix.is_empty() { file.path.to_string() } else { format!("{prefix}/{}", file.path) });
    }
    let destination = tempfile::tempdir().unwrap();
    let plan = plan_of(&place.bucket, &report);
    let fetched = download(&plan, destination.path()).await.unwrap();
    assert_eq!(read_tree(destination.path()), *given);
    assert_eq!((fetched.fetched.len(), fetched.already_right.len(), fetched.bytes), (files, 0, report.bytes));
    let again = download(&plan, destination.path()).await.unwrap();
    assert_eq!((again.fetched.len(), again.already_right.len(), again.bytes), (0, files, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_through_a_folder() {
    let place = folder().await;
    comes_back(&place, &odd_tree(), "type/name/v 1").await;
    let root = place.bucket.url().as_folder().unwrap();
    assert_eq!(read_tree(&root.join("type/name/v 1")), odd_tree());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_through_s3() {
    let place = s3().await;
    let mut given = odd_tree();
    // `s3s-fs` does not list markers.
    given.remove("folder/empty/");
    comes_back(&place, &given, "type/name/v 1").await;
    let root = place.server.as_ref().unwrap().root();
    assert_eq!(read_tree(&root.join("bucket/type/name/v 1")), given);
    let destination = tempfile::tempdir().unwrap();
    let plan = plan_of_listing(&place.bucket, "type/name/v 1").await;
    download(&plan, destination.path()).await.unwrap();
    assert_eq!(read_tree(destination.path()), given);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_go_in_parts_and_come_in_ranges() {
    let given: Tree = [
        ("whole".to_owned(), content(16 << 20, 1)),
        ("parts".to_owned(), content((16 << 20) + 1, 2)),
        ("more".to_owned(), content(27_000_000, 3)),
    ]
    .into();
    for place in [folder().await, s3().await] {
        comes_back(&place, &given, "big").await;
        if let Some(server) = &place.server {
            let count = |text: &'static str| server.faults().count(move |request| request.query.contains(text));
            assert_eq!(count("partNumber"), 3 + 4);
            assert_eq!(server.faults().count(|request| request.method == "GET"), 2 + 3 + 4, "ranges of 8 MiB");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_budget_slows_and_does_not_stop() {
    let place = s3().await;
    let given: Tree = (0..6).map(|number| (format!("f{number}"), content(18_000_000, number))).collect();
    let source = folder_with(&given);
    let options = wabucket_transfer::TransferOptions { buffer_bytes: 1 << 20, concurrency: 3, ..Default::default() };
    let report = crate::support::upload_with(&place.bucket, source.path(), "p", &options).await.unwrap();
    let destination = tempfile::tempdir().unwrap();
    plan_of(&place.bucket, &report).run(destination.path(), &options).await.unwrap();
    assert_eq!(read_tree(destination.path()), given);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_is_kept() {
    let place = folder().await;
    let source = tempfile::tempdir().unwrap();
    assert!(place.bucket.is_empty_below("t/n/a").await.unwrap());
    upload(&place.bucket, source.path(), "t/n/a").await.unwrap();
    assert!(!place.bucket.is_empty_below("t/n/a").await.unwrap());
    let listing = place.bucket.list("t/n/a").await.unwrap();
    assert!(listing.has_own_marker && listing.objects.is_empty() && listing.folders.is_empty());
}
