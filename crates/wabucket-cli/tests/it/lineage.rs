use crate::sandbox::Sandbox;

/// Asks the served registry in W&B's own protocol.
fn ask(sandbox: &Sandbox, query: &str) -> serde_json::Value {
    let mut server = sandbox
        .command(&["--local", "--json", "serve", "--addr", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let key = fs_err::read_to_string(told["api_key_file"].as_str().unwrap()).unwrap();
    let output = std::process::Command::new("curl")
        .args(["-sS", "-u", &format!("api:{}", key.trim()), "-H", "Content-Type: application/json", "-d"])
        .arg(serde_json::json!({ "query": query }).to_string())
        .arg(format!("{}/graphql", told["base_url"].as_str().unwrap().trim_end_matches('/')))
        .output()
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn runs_and_lineage_are_complete_and_true() {
    let sandbox = Sandbox::new();
    sandbox.sample_tree();
    let up = sandbox.json(&["--run-name", "maker", "upload", "source", "-n", "net", "-t", "model", "-a", "first"]);
    let down = sandbox.json(&["--job-type", "evaluation", "download", "model", "net", "first", "-d", "back"]);
    fs_err::write(
        format!("{}/weights.bin", up["location"].as_str().unwrap().strip_prefix("file://").unwrap()),
        "damaged",
    )
    .unwrap();
    assert_eq!(sandbox.local(&["download", "model", "net", "first", "-d", "again"]).code, 7);
    let entity = up["run"]["entity"].as_str().unwrap();
    let answer = ask(
        &sandbox,
        &format!(
            r#"{{ project(name: "demo", entityName: "{entity}") {{
                runs(first: 10) {{ edges {{ node {{ name displayName state jobType }} }} }}
                artifact(name: "net:first") {{
                    createdBy {{ ... on Run {{ name }} }}
                    usedBy {{ edges {{ node {{ name }} }} }}
                }} }} }}"#
        ),
    );
    let project = &answer["data"]["project"];
    let runs = project["runs"]["edges"].as_array().unwrap();
    let find =
        |id: &serde_json::Value| runs.iter().find(|run| run["node"]["name"] == *id).map(|run| &run["node"]).unwrap();
    assert_eq!(runs.len(), 3, "{answer}");
    let maker = find(&up["run"]["id"]);
    assert_eq!((&maker["displayName"], &maker["state"]), (&"maker".into(), &"finished".into()));
    let user = find(&down["run"]["id"]);
    assert_eq!((&user["jobType"], &user["state"]), (&"evaluation".into(), &"finished".into()));
    assert_eq!(runs.iter().filter(|run| run["node"]["state"] == "failed").count(), 1);
    assert_eq!(project["artifact"]["createdBy"]["name"], up["run"]["id"]);
    let users = project["artifact"]["usedBy"]["edges"].as_array().unwrap();
    assert!(users.iter().any(|user| user["node"]["name"] == down["run"]["id"]), "{answer}");
}
