//! The life of a run: heartbeats, the end, silence, resurrection, a wish to stop.

use serde_json::{Value, json};

use crate::server::{Client, fresh};

const STREAM: &str = "files/local/p/r/file_stream";

async fn stream(client: &Client, body: Value) -> Value {
    let answer = client.post(STREAM, &body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn run(client: &Client) -> Value {
    let query =
        "{ project(name: \"p\") { run(name: \"r\") { id state config summaryMetrics historyLineCount tags stopped
        history } } }";
    client.data(query, json!({})).await["project"]["run"].take()
}

#[tokio::test]
async fn states_follow_the_stream() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    assert_eq!(run(&client).await["state"], "running");
    stream(&client, json!({})).await;
    stream(&client, json!({"complete": false, "failed": false, "dropped": 0, "uploaded": []})).await;
    assert_eq!(run(&client).await["state"], "running");
    stream(&client, json!({"complete": true, "exitcode": 0})).await;
    assert_eq!(run(&client).await["state"], "finished");
    stream(&client, json!({})).await;
    assert_eq!(run(&client).await["state"], "running");
    stream(&client, json!({"complete": true, "exitcode": 255})).await;
    assert_eq!(run(&client).await["state"], "failed");
}

#[tokio::test]
async fn a_silent_run_has_crashed() {
    let (directory, _registry, client) = fresh().await;
    client.run("r").await;
    let database = rusqlite::Connection::open(directory.path().join("registry.sqlite")).unwrap();
    let silence = |seconds: i64| {
        let since = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - seconds).unwrap();
        database.execute("UPDATE runs SET heartbeat_at = ?1", [since.to_string()]).unwrap();
    };
    silence(120);
    assert_eq!(run(&client).await["state"], "running");
    silence(3600);
    assert_eq!(run(&client).await["state"], "crashed");
    stream(&client, json!({})).await;
    assert_eq!(run(&client).await["state"], "running");
    stream(&client, json!({"complete": true, "exitcode": 0})).await;
    silence(3600);
    assert_eq!(run(&client).await["state"], "finished");
}

#[tokio::test]
async fn lines_have_numbers_and_null_leaves_as_it_is() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let config = json!({"name": "r", "modelName": "p", "config": "{\"a\":{\"value\":1}}", "tags": ["t"]});
    client.mutate("upsertBucket", "inserted", config).await;
    let lines =
        |offset: i64, lines: &[&str]| json!({"files": {"wandb-history.jsonl": {"offset": offset, "content": lines}}});
    stream(&client, lines(0, &["{\"_step\":0}", "{\"_step\":1}"])).await;
    stream(&client, lines(1, &["{\"_step\":1,\"again\":1}", "{\"_step\":2}"])).await;
    stream(&client, json!({"files": {"wandb-summary.json": {"offset": 0, "content": ["{\"b\":2}"]}}})).await;
    let answer =
        client.mutate("upsertBucket", "inserted", json!({"name": "r", "modelName": "p", "config": null})).await;
    assert_eq!(answer["inserted"], false);
    let run = run(&client).await;
    assert_eq!(run["historyLineCount"], 3);
    assert_eq!(run["history"], json!(["{\"_step\":0}", "{\"_step\":1,\"again\":1}", "{\"_step\":2}"]));
    assert_eq!((&run["config"], &run["tags"]), (&json!("{\"a\":{\"value\":1}}"), &json!(["t"])));
    assert_eq!(run["summaryMetrics"], "{\"b\":2}");
}

#[tokio::test]
async fn a_wish_to_stop_reaches_the_run_once() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    assert_eq!(stream(&client, json!({})).await, json!({}));
    let id = run(&client).await["id"].take();
    client.mutate("stopRun", "success", json!({"id": id})).await;
    assert_eq!(run(&client).await["stopped"], true);
    assert_eq!(stream(&client, json!({})).await, json!({"stopped": true}));
    stream(&client, json!({"complete": true, "exitcode": 1})).await;
    assert_eq!(stream(&client, json!({})).await, json!({}));
}

#[tokio::test]
async fn a_stream_of_nothing_is_refused() {
    let (_directory, _registry, client) = fresh().await;
    assert_eq!(client.post(STREAM, &json!({})).send().await.unwrap().status(), 404);
    client.run("r").await;
    assert_eq!(client.post(STREAM, &json!({"files": 1})).send().await.unwrap().status(), 422);
}
