use std::collections::BTreeMap;

use wabucket_model::{
    Alias, ArtifactName, ArtifactPath, EntityName, Manifest, ManifestEntry, ProjectName, StorageLayout,
};
use wandb_client::{NativeSource, ProjectPath};

use crate::server::{Answer, Scripted};

const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

/// The one native file of a version that the server has just answered with.
async fn source(server: &Scripted, layout: StorageLayout) -> NativeSource {
    let artifact = serde_json::json!({"data": {"project": {"artifact": {
        "id": "QQ==", "digest": "d", "versionIndex": 3, "artifactType": {"name": "model"},
        "artifactSequence": {"name": "net"}, "aliases": [], "currentManifest": null,
    }}}});
    let project = ProjectPath { entity: EntityName::parse("me").unwrap(), project: ProjectName::parse("p").unwrap() };
    let path = ArtifactPath { name: ArtifactName::parse("net").unwrap(), alias: Alias::latest() };
    server.add_first(Answer::new(200, artifact.to_string()));
    let client = server.client();
    let artifact = client.find_artifact(&project, &path).await.unwrap().unwrap();
    let entry = ManifestEntry {
        digest: "XUFAKrxLKna5cZ2REBfFkg==".to_owned(),
        birth_artifact_id: Some("QUI=/".to_owned()),
        ..ManifestEntry::default()
    };
    let manifest =
        Manifest { storage_layout: layout, ..Manifest::new(BTreeMap::from([("a b.txt".to_owned(), entry.clone())])) };
    client.native_links(&artifact, &manifest).source("a b.txt", &entry).unwrap()
}

fn page(links: &[(&str, &str)], next: Option<&str>) -> Answer {
    let edges: Vec<_> =
        links.iter().map(|(name, url)| serde_json::json!({"node": {"name": name, "directUrl": url}})).collect();
    let files = serde_json::json!({"pageInfo": {"endCursor": next, "hasNextPage": next.is_some()}, "edges": edges});
    let data = serde_json::json!({"project": {"artifactCollection": {"artifactMembership": {"files": files}}}});
    Answer::new(200, serde_json::json!({ "data": data }).to_string())
}

fn unknown_field() -> Answer {
    Answer::new(400, r#"{"errors":[{"message":"Cannot query field"}]}"#)
}

#[tokio::test]
async fn a_listed_link_is_listed_anew_when_it_is_refused_and_then_given_up_for_the_content() {
    let answers = vec![
        page(&[("other", "https://store/other")], Some("1")),
        page(&[("a b.txt", "https://store/one?signed")], None),
        page(&[("a b.txt", "https://store/two?signed")], None),
    ];
    let server = Scripted::start(answers).await;
    let source = source(&server, StorageLayout::V2).await;
    let first = source.first().await.unwrap();
    assert_eq!((first.url.as_str(), first.headers.len()), ("https://store/one?signed", 0));
    let second = source.next().await.unwrap().unwrap();
    assert_eq!((second.url.as_str(), second.headers.len()), ("https://store/two?signed", 0));
    let third = source.next().await.unwrap().unwrap();
    assert_eq!(third.url.path(), format!("/artifactsV2/default/me/QUI%3D//{HELLO}"));
    assert!(third.headers.contains_key("authorization"));
    assert!(source.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_lists_nothing_is_asked_for_the_content() {
    let server = Scripted::start(vec![unknown_field(), unknown_field()]).await;
    let source = source(&server, StorageLayout::V1).await;
    let link = source.first().await.unwrap();
    assert_eq!(link.url.path(), format!("/artifacts/me/{HELLO}"));
    assert!(link.headers.contains_key("authorization"));
    assert!(source.next().await.unwrap().is_none());
}

#[tokio::test]
async fn an_older_server_lists_by_id_and_its_own_links_take_the_key() {
    let by_id = serde_json::json!({"data": {"artifact": {"files": {
        "pageInfo": {"endCursor": null, "hasNextPage": false},
        "edges": [{"node": {"name": "a b.txt", "directUrl": "/artifacts/x"}}],
    }}}});
    let server = Scripted::start(vec![unknown_field(), Answer::new(200, by_id.to_string())]).await;
    let source = source(&server, StorageLayout::V2).await;
    let link = source.first().await.unwrap();
    assert_eq!(link.url.as_str(), format!("{}/artifacts/x", server.url));
    assert!(link.headers.contains_key("authorization"));
}
