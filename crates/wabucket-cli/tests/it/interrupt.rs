use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, tree};

fn signal(child: &Child, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
}

/// Starts an upload of many files and waits until the first are in the bucket.
fn upload_in_progress(sandbox: &Sandbox) -> Child {
    for index in 0..3000 {
        sandbox.write(&format!("source/{index:04}"), vec![b'x'; 3000]);
    }
    let child = sandbox
        .command(&["--local", "--project-name", "demo", "upload", "source", "-n", "net", "-t", "model", "-a", "first"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = sandbox.path("registry/bucket/model/net/first");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !folder.exists() && Instant::now() < deadline {
        sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn an_interrupted_upload_leaves_no_version_and_says_what_to_do() {
    let sandbox = Sandbox::new();
    let child = upload_in_progress(&sandbox);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("hint:"), "{stderr}");
    sandbox.local(&["download", "model", "net", "first"]).fails(4, &["net:first"]);
}

#[test]
fn an_upload_that_was_killed_can_be_run_again() {
    let sandbox = Sandbox::new();
    let mut child = upload_in_progress(&sandbox);
    signal(&child, "KILL");
    child.wait().unwrap();
    sandbox.local(&["download", "model", "net", "first"]).fails(4, &["net:first"]);
    // What is gone from the source by then must not come back with the version.
    fs_err::remove_file(sandbox.path("source/0000")).unwrap();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    assert_eq!(report["artifact"]["version"], "v0");
    let location = report["location"].as_str().unwrap().strip_prefix("file://").unwrap();
    assert_same(location.as_ref(), &sandbox.path("source"));
}

/// Compares names first, which are fewer than bytes.
fn assert_same(one: &std::path::Path, other: &std::path::Path) {
    let (one, other) = (tree(one), tree(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one == other, "the files have the same names but not the same content");
}

#[test]
fn a_download_that_was_killed_can_be_run_again_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    for index in 0..400 {
        sandbox.write(&format!("source/{index:04}"), vec![b'x'; 100_000]);
    }
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    let mut child = sandbox
        .command(&["--local", "--project-name", "demo", "download", "model", "net", "first", "-d", "back"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !sandbox.path("back/0000").exists() && Instant::now() < deadline {
        sleep(Duration::from_millis(1));
    }
    signal(&child, "KILL");
    child.wait().unwrap();
    sandbox.json(&["download", "model", "net", "first", "-d", "back"]);
    assert_same(&sandbox.path("back"), &sandbox.path("source"));
}
