//! Many clients, many servers over one directory, and servers that are killed.

use std::collections::BTreeSet;

use serde_json::json;

use crate::server::{Client, ServerProcess, fresh, start};

/// Logs `count` versions, each with its own content.
async fn log_many(client: Client, prefix: String, count: usize) {
    for number in 0..count {
        client.log(&format!("x://{prefix}/{number}"), json!({"enableDigestDeduplication": true})).await;
    }
}

/// The numbers of all versions of `x`, and which are the newest of them.
async fn check_versions(client: &Client, expected: i64) {
    let query = "{ project(name: \"p\") { artifactCollection(name: \"x\") { artifacts { totalCount
        edges { node { id digest versionIndex state aliases { alias } } } } } } }";
    let answer = client.data(query, json!({})).await;
    let edges = answer["project"]["artifactCollection"]["artifacts"]["edges"].as_array().unwrap().clone();
    let nodes: Vec<_> = edges.iter().map(|edge| &edge["node"]).collect();
    let numbers: Vec<_> = nodes.iter().map(|node| node["versionIndex"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (0..expected).rev().collect::<Vec<_>>());
    let digests: BTreeSet<_> = nodes.iter().map(|node| node["digest"].as_str().unwrap()).collect();
    assert_eq!(digests.len(), nodes.len());
    let latest: Vec<_> = nodes
        .iter()
        .filter(|node| node["aliases"].as_array().unwrap().len() > 1)
        .map(|node| &node["versionIndex"])
        .collect();
    assert_eq!(latest, [&json!(expected - 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_one_server() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(log_many(client.clone(), n.to_string(), 5))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    check_versions(&client, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_over_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_path_buf();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            tokio::task::spawn_blocking(move || ServerProcess::start(&path))
        })
        .collect();
    let mut servers = Vec::new();
    for start in starts {
        servers.push(start.await.unwrap());
    }
    let keys: BTreeSet<_> = servers.iter().map(|server| server.client.key.clone()).collect();
    assert_eq!(keys.len(), 1);
    servers[0].client.run("r").await;
    let tasks = servers.iter().enumerate().map(|(n, server)| log_many(server.client.clone(), n.to_string(), 5));
    for task in tasks.map(tokio::spawn).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for server in &servers {
        check_versions(&server.client, 20).await;
    }
    servers.into_iter().for_each(ServerProcess::kill);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(directory.path());
    server.client.run("r").await;
    let key = server.client.key.clone();
    let working = tokio::spawn(log_until_cut_off(server.client.clone()));
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    server.kill();
    let answered = working.await.unwrap();
    assert!(answered > 0);

    let registry = start(directory.path()).await;
    let client = Client::of(&registry);
    assert_eq!(client.key, key);
    // The one under way may or may not be in; none is in by half.
    let newest = client.resolve("latest").await["versionIndex"].as_i64().unwrap();
    assert!((answered - 1..=answered).contains(&newest), "{answered} answered, v{newest} is the newest");
    check_versions(&client, newest + 1).await;
    client.log("x://after", json!({})).await;
    check_versions(&client, newest + 2).await;
    registry.stop().await;
}

/// Commits versions until the server is gone, and says how many commits were answered.
async fn log_until_cut_off(client: Client) -> i64 {
    for number in 0.. {
        let one = client.clone();
        let logged = tokio::spawn(async move { one.log(&format!("x://{number}"), json!({})).await }).await;
        if logged.is_err() {
            return number;
        }
    }
    unreachable!("the server is killed before")
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let (directory, registry, _client) = fresh().await;
    registry.stop().await;
    let database = rusqlite::Connection::open(directory.path().join("registry.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let options = wabucket_registry::RegistryOptions {
        directory: directory.path().to_path_buf(),
        address: "127.0.0.1:0".parse().unwrap(),
    };
    let refusal = wabucket_registry::Registry::start(options).await.err().unwrap();
    assert!(refusal.to_string().contains("newer wabucket"), "{refusal}");
}
