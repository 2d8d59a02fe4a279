use crate::sandbox::{Sandbox, tree};

fn uploaded() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    let location = report["location"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    (sandbox, location)
}

#[test]
fn the_tree_comes_back_byte_identical_also_to_the_default_place() {
    let (sandbox, _) = uploaded();
    for alias in ["first", "latest", "v0"] {
        sandbox.local(&["download", "model", "net", alias]).ok();
        assert_eq!(tree(&sandbox.path(&format!("model/net/{alias}"))), tree(&sandbox.path("source")));
    }
}

#[test]
fn files_that_are_right_are_not_fetched_again_and_others_are_left_alone() {
    let (sandbox, _) = uploaded();
    sandbox.write("back/own.txt", "mine");
    sandbox.write("back/weights.bin", vec![8; 300_000]);
    let first = sandbox.json(&["download", "model", "net", "first", "-d", "back"]);
    assert_eq!(first["files_already_right"], 0);
    let second = sandbox.json(&["download", "model", "net", "first", "-d", "back"]);
    assert_eq!((&second["files_already_right"], &second["bytes_fetched"]), (&5.into(), &0.into()));
    fs_err::remove_file(sandbox.path("back/own.txt")).unwrap();
    assert_eq!(tree(&sandbox.path("back")), tree(&sandbox.path("source")));
}

#[test]
fn bytes_that_changed_in_the_bucket_are_an_integrity_error() {
    let (sandbox, location) = uploaded();
    fs_err::write(format!("{location}/weights.bin"), vec![9; 300_000]).unwrap();
    sandbox.local(&["download", "model", "net", "first", "-d", "back"]).fails(7, &["weights.bin"]);
    assert!(!sandbox.path("back/weights.bin").exists(), "wrong bytes never get the final name");
}

#[test]
fn bytes_that_are_gone_from_the_bucket_are_an_error_that_names_them() {
    let (sandbox, location) = uploaded();
    fs_err::remove_file(format!("{location}/weights.bin")).unwrap();
    let ended = sandbox.local(&["download", "model", "net", "first", "-d", "back"]);
    assert!([4, 7].contains(&ended.code), "{}", ended.stderr);
    ended.fails(ended.code, &["weights.bin"]);
}
