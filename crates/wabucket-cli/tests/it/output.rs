use crate::sandbox::Sandbox;

#[test]
fn in_a_pipe_stdout_is_the_output_lines_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let ended = sandbox.local(&["upload", "source", "-n", "net", "-t", "model", "-a", "first", "-s", "TRAIN"]).ok();
    assert_eq!(
        ended.stdout.trim_start_matches('\n'),
        "::set-output name=artifact_name_TRAIN::net\n\
         ::set-output name=artifact_type_TRAIN::model\n\
         ::set-output name=artifact_alias_TRAIN::first\n"
    );
    for word in ["v0", "first", "5 files", "file://", "download model net first", "--local", "--project-name demo"] {
        assert!(ended.stderr.contains(word), "{word:?} is not in:\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\r'), "no bars in a pipe:\n{}", ended.stderr);
}

#[test]
fn quiet_says_nothing_but_results() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let ended = sandbox.local(&["-q", "upload", "source", "-n", "net", "-t", "model", "-a", "first"]).ok();
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("::set-output name=artifact_alias::first"));
}

#[test]
fn the_command_that_is_printed_gets_the_bytes_back() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let ended = sandbox.local(&["upload", "source", "-n", "net", "-t", "model", "-a", "it's"]).ok();
    let line = ended.stderr.lines().find(|line| line.contains(" download ")).unwrap();
    let command = &line[line.find("wabucket ").unwrap() + "wabucket".len()..];
    let script = format!("exec \"{}\"{command}", env!("CARGO_BIN_EXE_wabucket"));
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(sandbox.path(""))
        .env_clear()
        .env("HOME", sandbox.path(""))
        .env("WABUCKET_HOME", sandbox.path("registry"))
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    assert!(sandbox.path("model/net/it's/weights.bin").exists());
}

#[test]
fn json_is_one_document() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let report = sandbox.json(&["upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    for member in ["run", "artifact", "alias", "outcome", "location", "files", "bytes", "seconds"] {
        assert!(!report[member].is_null(), "{member} is missing in {report}");
    }
    let ended = sandbox.local(&["--json", "upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    assert_eq!(ended.code, 5);
    let error: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(error["error"]["exit_code"], 5);
}

#[test]
fn a_proxy_in_the_environment_does_not_come_between_us_and_the_embedded_registry() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let output = sandbox
        .command(&["--local", "--project-name", "demo", "upload", "source", "-n", "net", "-t", "model"])
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
