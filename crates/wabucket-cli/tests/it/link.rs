use crate::sandbox::{Sandbox, tree};

fn bucket() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("bucket/data/2026/a.csv", "1,2\n");
    sandbox.write("bucket/data/2026/more/b ü.csv", "3,4\n");
    sandbox
}

fn link(sandbox: &Sandbox, alias: &str) -> serde_json::Value {
    let bucket = format!("file://{}", sandbox.path("bucket").display());
    sandbox.json(&["--bucket", &bucket, "link", "data/2026", "-n", "table", "-t", "dataset", "-a", alias])
}

#[test]
fn a_folder_in_the_bucket_becomes_a_version_without_moving() {
    let sandbox = bucket();
    let report = link(&sandbox, "first");
    assert_eq!(
        (&report["artifact"]["version"], &report["files"], &report["bytes"]),
        (&"v0".into(), &2.into(), &8.into())
    );
    let bucket = format!("file://{}", sandbox.path("bucket").display());
    sandbox.json(&["--bucket", &bucket, "download", "dataset", "table", "first", "-d", "back"]);
    assert_eq!(tree(&sandbox.path("back")), tree(&sandbox.path("bucket/data/2026")));
}

#[test]
fn linking_twice_makes_one_version_and_linking_changed_content_makes_another() {
    let sandbox = bucket();
    link(&sandbox, "first");
    assert_eq!(link(&sandbox, "first")["outcome"], "unchanged");
    sandbox.write("bucket/data/2026/a.csv", "5,6\n");
    let report = link(&sandbox, "first");
    assert_eq!((&report["outcome"], &report["artifact"]["version"]), (&"new_version".into(), &"v1".into()));
}

#[test]
fn a_folder_that_is_not_there_cannot_be_linked() {
    let sandbox = bucket();
    let bucket = format!("file://{}", sandbox.path("bucket").display());
    for path in ["nothing", "data/2026/a.csv"] {
        sandbox.local(&["--bucket", &bucket, "link", path, "-n", "table", "-t", "dataset"]).fails(4, &[path, "hint:"]);
    }
}
