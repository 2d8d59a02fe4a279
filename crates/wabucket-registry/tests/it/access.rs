//! Who gets in: the key on every call, signed links without it.

use reqwest::StatusCode;
use serde_json::json;

use crate::server::fresh;

#[tokio::test]
async fn every_call_needs_the_key() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let ask = json!({"query": "{ viewer { entity } }"});
    for key in [None, Some("0".repeat(40)), Some(String::new()), Some(client.key[..39].to_owned())] {
        for (path, is_post) in [
            ("graphql", true),
            ("files/local/p/r/file_stream", true),
            ("artifacts/local/5d41402abc4b2a76b9719d911017c592", false),
            ("artifactsV2/default/local/QQ%3D%3D/5d41402abc4b2a76b9719d911017c592", false),
            ("local/p/runs/r", false),
        ] {
            let url = format!("{}{path}", client.base);
            let request = if is_post { client.http.post(url).json(&ask) } else { client.http.get(url) };
            let request = key.iter().fold(request, |request, key| request.basic_auth("api", Some(key)));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} {key:?}");
            assert!(answer.json::<serde_json::Value>().await.unwrap()["errors"][0]["message"].is_string());
        }
    }
}

#[tokio::test]
async fn links_cannot_be_made_up() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let files = json!({"entityName": "local", "projectName": "p", "runName": "r", "files": ["a b.txt"]});
    let made = client.mutate("createRunFiles", "files { name uploadUrl }", files).await;
    let link = made["files"][0]["uploadUrl"].as_str().unwrap();
    assert_eq!(client.put(link, b"hello".to_vec()).await, StatusCode::OK);
    assert_eq!(client.http.get(link).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    for made_up in [link.replace("a%20b", "c"), link.replace("/signed/", "/signed/1"), link.replace("runs/1", "runs/2")]
    {
        assert_ne!(made_up, link);
        assert_eq!(client.put(&made_up, b"evil".to_vec()).await, StatusCode::FORBIDDEN, "{made_up}");
    }
    let names = json!({"entityName": "local", "projectName": "p", "runName": "r", "files": ["../../api-key"]});
    assert_eq!(client.refused("createRunFiles", "files { uploadUrl }", names).await.0, 400);

    let query = "{ project(name: \"p\") { run(name: \"r\") { files(names: [\"a b.txt\"]) { edges { node { directUrl } } } } } }";
    let answer = client.data(query, json!({})).await;
    let link = answer["project"]["run"]["files"]["edges"][0]["node"]["directUrl"].as_str().unwrap().to_owned();
    assert_eq!(client.http.get(link).send().await.unwrap().text().await.unwrap(), "hello");
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made/here");
    let registry = crate::server::start(&directory).await;
    let mode = |path: &std::path::Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&registry.api_key_file()), 0o600);
    registry.stop().await;
}
