use crate::sandbox::{Sandbox, tree};

#[test]
fn a_folder_lands_under_its_own_names_and_becomes_a_version() {
    let sandbox = Sandbox::new();
    let source = sandbox.sample_tree();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first", "-m", "k=v"]);
    assert_eq!(report["artifact"]["version"], "v0");
    assert_eq!(report["outcome"], "new_version");
    assert_eq!(report["files"], 5);
    assert_eq!(report["bytes"], 300_000 + 6 + 4 + 3);
    let aliases: Vec<_> =
        report["artifact"]["aliases"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    assert!(aliases.contains(&"first") && aliases.contains(&"latest"), "{aliases:?}");
    let location = report["location"].as_str().unwrap().strip_prefix("file://").unwrap();
    assert_eq!(tree(location.as_ref()), tree(&source));
}

#[test]
fn the_same_alias_again_is_refused_before_anything_moves() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let upload = ["upload", "source", "-n", "net", "-t", "model", "-a", "first"];
    let report = sandbox.json(&upload);
    sandbox.write("source/weights.bin", "changed");
    sandbox.local(&upload).fails(5, &["net:first", "hint:"]);
    let location = report["location"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    assert_eq!(fs_err::read(format!("{location}/weights.bin")).unwrap(), vec![7; 300_000]);
}

#[test]
fn the_same_content_under_another_alias_makes_no_new_version_and_leaves_no_second_copy() {
    let sandbox = Sandbox::new();
    let source = sandbox.sample_tree();
    let first = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    let second = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "second", "-m", "k=2"]);
    assert_eq!(second["outcome"], "unchanged");
    assert_eq!(second["artifact"]["version"], "v0");
    assert_eq!(second["location"], first["location"]);
    let orphan = first["location"].as_str().unwrap().replace("/first", "/second");
    assert!(!std::path::Path::new(orphan.strip_prefix("file://").unwrap()).exists());
    sandbox.json(&["download", "model", "net", "second", "-d", "back"]);
    assert_eq!(tree(&sandbox.path("back")), tree(&source));
}

#[test]
fn changed_content_makes_a_new_version_and_latest_moves() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model"]);
    sandbox.write("source/weights.bin", "changed");
    let second = sandbox.json(&["upload", "source", "-n", "net", "-t", "model"]);
    assert_eq!(second["artifact"]["version"], "v1");
    assert_eq!(second["alias"].as_str().unwrap().len(), 36, "an alias that was not given is a UUID");
    sandbox.json(&["download", "model", "net", "latest", "-d", "back"]);
    assert_eq!(fs_err::read(sandbox.path("back/weights.bin")).unwrap(), b"changed");
}

#[test]
fn overwrite_replaces_the_content_of_an_alias() {
    let sandbox = Sandbox::new();
    let source = sandbox.sample_tree();
    sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    sandbox.write("source/weights.bin", "changed");
    sandbox.write("source/added", "added");
    fs_err::remove_file(sandbox.path("source/.hidden")).unwrap();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first", "--overwrite"]);
    assert_eq!(report["artifact"]["version"], "v1");
    let location = report["location"].as_str().unwrap().strip_prefix("file://").unwrap();
    assert_eq!(tree(location.as_ref()), tree(&source), "nothing old stays in the folder");
    sandbox.json(&["download", "model", "net", "first", "-d", "back"]);
    assert_eq!(tree(&sandbox.path("back")), tree(&source));
}

#[test]
fn the_hash_of_the_run_arguments_is_an_alias() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    sandbox.write("arguments.yaml", "lr: 0.1\nepochs: 3\n");
    let alias = sandbox.json(&[
        "upload",
        "source",
        "-n",
        "net",
        "-t",
        "model",
        "-a",
        "!run-config-hash",
        "--run-args",
        "arguments.yaml",
    ])["alias"]
        .clone();
    // sha256 of "epochs=3 lr=0.1"
    assert_eq!(alias, "047c860a51a638fc421412d832a505bd9313955f9db1087c71796735d515fa54");
}

#[test]
fn bytes_can_go_to_the_registry_itself() {
    let sandbox = Sandbox::new();
    let source = sandbox.sample_tree();
    fs_err::remove_dir_all(sandbox.path("source/nothing")).unwrap();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first", "--no-reff"]);
    assert_eq!(report["files"], 5);
    sandbox.json(&["download", "model", "net", "first", "-d", "back"]);
    assert_eq!(tree(&sandbox.path("back")), tree(&source));
}
