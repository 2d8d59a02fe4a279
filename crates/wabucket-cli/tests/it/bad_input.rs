use crate::sandbox::Sandbox;

#[test]
fn names_that_the_registry_refuses_are_refused_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    for (arguments, words) in [
        (vec!["upload", "source", "-n", "a b", "-t", "model"], vec!["artifact name", "\"a b\""]),
        (vec!["upload", "source", "-n", "net", "-t", "wandb-x"], vec!["artifact type"]),
        (vec!["upload", "source", "-n", "run-1", "-t", "run_table"], vec!["run_table"]),
        (vec!["upload", "source", "-n", "net", "-t", "model", "-a", "a/b"], vec!["alias"]),
        (vec!["upload", "source", "-n", "net", "-t", "model", "-a", "v3"], vec!["alias"]),
        (vec!["upload", "source", "-n", "net", "-t", "model", "-m", "novalue"], vec!["metadata", "KEY=VALUE"]),
        (
            vec!["upload", "source", "-n", "net", "-t", "model", "-a", "!run-config-hash"],
            vec!["run-config-hash", "--run-args"],
        ),
        (vec!["upload", "source", "-n", "net", "-t", "model", "--run-args", "novalue"], vec!["KEY=VALUE"]),
        (vec!["upload", "missing", "-n", "net", "-t", "model"], vec!["missing"]),
        (vec!["upload", "source/empty", "-n", "net", "-t", "model"], vec!["source/empty"]),
        (vec!["upload", "source", "-n", "net", "-t", "model", "-s", "a-b"], vec!["suffix"]),
        (vec!["upload", "source", "-n", "net", "-t", "model", "-a", "ends with a space "], vec!["artifact_alias"]),
        (vec!["link", "x", "-n", "a:b", "-t", "model"], vec!["artifact name"]),
        (vec!["download", "model", "a:b", "latest"], vec!["artifact name"]),
        (vec!["--bucket", "ftp://x", "upload", "source", "-n", "net", "-t", "model"], vec!["ftp://x"]),
    ] {
        let ended = sandbox.local(&arguments);
        ended.fails(2, &words);
    }
    assert!(!sandbox.path("registry").exists(), "nothing was started for input that cannot work");
}

#[test]
fn a_project_is_needed_and_the_error_says_both_ways_to_name_it() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox
        .run(&["--local", "upload", "source", "-n", "net", "-t", "model"])
        .fails(2, &["--project-name", "WANDB_PROJECT"]);
}

#[test]
fn without_credentials_the_error_says_how_to_log_in_and_how_to_try() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox
        .run(&["--project-name", "demo", "--bucket", "file:///tmp", "upload", "source", "-n", "net", "-t", "model"])
        .fails(3, &["wandb login", "WANDB_API_KEY", "--local"]);
}

#[test]
fn what_is_not_there_cannot_be_downloaded() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.local(&["download", "model", "net", "latest"]).fails(4, &["net:latest"]);
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    sandbox.local(&["download", "model", "net", "second"]).fails(4, &["net:second", "first", "hint:"]);
    sandbox.local(&["download", "dataset", "net", "first"]).fails(2, &["dataset", "model", "hint:"]);
}

#[test]
fn a_type_that_the_artifact_does_not_have_is_refused_before_bytes_move() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model"]);
    sandbox.local(&["upload", "source", "-n", "net", "-t", "dataset"]).fails(2, &["net", "model", "dataset"]);
    assert!(!sandbox.path("registry/bucket/dataset").exists());
}

#[test]
fn a_destination_that_is_a_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    sandbox.write("file", "content");
    sandbox.local(&["download", "model", "net", "first", "-d", "file"]).fails(2, &["file"]);
    assert_eq!(fs_err::read(sandbox.path("file")).unwrap(), b"content");
}

#[test]
fn a_folder_in_the_bucket_that_no_version_refers_to_is_not_overwritten() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.write("bucket/model/net/first/own.txt", "mine");
    let bucket = format!("file://{}", sandbox.path("bucket").display());
    sandbox
        .local(&["--bucket", &bucket, "upload", "source", "-n", "net", "-t", "model", "-a", "first"])
        .fails(5, &["model/net/first", "hint:"]);
    assert_eq!(fs_err::read(sandbox.path("bucket/model/net/first/own.txt")).unwrap(), b"mine");
}

#[test]
fn a_bucket_that_does_not_exist_is_named() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let bucket = format!("file://{}", sandbox.path("no/such").display());
    sandbox.local(&["--bucket", &bucket, "download", "model", "net", "first"]).fails(4, &["net:first"]);
    sandbox.local(&["--bucket", &bucket, "link", "x", "-n", "net", "-t", "model"]).fails(4, &["no/such"]);
}
