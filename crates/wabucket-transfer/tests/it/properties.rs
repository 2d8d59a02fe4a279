//! Random trees come back as they were; random keys never leave the destination.

use proptest::prelude::*;
use wabucket_transfer::TransferOptions;

use crate::support::{Tree, download, folder, folder_with, plan_of, plan_of_listing, read_tree, upload};

/// A name that a file system takes: no slash, no control character, not `.` or `..`, at most 60 characters.
fn name() -> impl Strategy<Value = String> {
    let odd = prop_oneof!["[%#?+&=~ .\\\\\"'ü-]{1,6}", "\\PC{1,20}", "[a-c]"];
    odd.prop_map(|name| name.replace('/', "_")).prop_filter("a real name", |name| {
        name != "." && name != ".." && !name.contains(char::is_control) && !name.starts_with(".wabucket-")
    })
}

/// Paths in which no file is another one's folder.
fn random_tree() -> impl Strategy<Value = Tree> {
    let path = prop::collection::vec(name(), 1..4).prop_map(|segments| segments.join("/"));
    let entry = (path, prop::collection::vec(any::<u8>(), 0..200), prop::bool::weighted(0.2));
    prop::collection::vec(entry, 0..12).prop_map(|entries| {
        let mut tree = Tree::new();
        for (path, content, is_folder) in entries {
            let inside = |one: &str, other: &str| one == other || one.starts_with(&format!("{other}/"));
            if tree
                .keys()
                .any(|taken| inside(taken.trim_end_matches('/'), &path) || inside(&path, taken.trim_end_matches('/')))
            {
                continue;
            }
            if is_folder {
                tree.insert(format!("{path}/"), Vec::new())
            } else {
                tree.insert(path, content)
            };
        }
        tree
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn random_trees_come_back(given in random_tree()) {
        run(async {
            let place = folder().await;
            let source = folder_with(&given);
            let report = upload(&place.bucket, source.path(), "t/n/a").await.unwrap();
            let by_report = tempfile::tempdir().unwrap();
            download(&plan_of(&place.bucket, &report), by_report.path()).await.unwrap();
            assert_eq!(read_tree(by_report.path()), given);
            let by_listing = tempfile::tempdir().unwrap();
            download(&plan_of_listing(&place.bucket, "t/n/a").await, by_listing.path()).await.unwrap();
            assert_eq!(read_tree(by_listing.path()), given);
        });
    }

    #[test]
    fn random_keys_stay_inside(paths in prop::collection::vec("[./a\\\\]{1,8}", 1..5)) {
        run(async {
            let place = folder().await;
            place.bucket.write("key", "x".into(), wabucket_transfer::WriteMode::Overwrite).await.unwrap();
            let parent = tempfile::tempdir().unwrap();
            let destination = parent.path().join("inside");
            for path in &paths {
                let Ok(path) = wabucket_model::RelativePath::parse(path) else { continue };
                let mut plan = crate::support::plan_for(&place.bucket, "key", "x", wabucket_transfer::Expected::default());
                plan.files[0].path = path;
                // Two random paths may need the same name as a file and as a folder; that is refused, not written.
                let _ = plan.run(&destination, &TransferOptions::default()).await;
            }
            let outside: Vec<_> = fs_err::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert!(outside.iter().all(|name| name == "inside"), "{outside:?}");
        });
    }
}
