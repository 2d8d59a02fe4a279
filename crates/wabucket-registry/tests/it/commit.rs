//! The commit is the moment a version appears, and nothing changes it afterwards.

use serde_json::{Value, json};
use wabucket_model::{Manifest, ManifestEntry, Md5};

use crate::server::{Client, fresh, json_of, reference_to};

async fn cannot_commit(client: &Client, id: &str, why: &str) {
    let (status, message) = client.refused("commitArtifact", "artifact { id }", json!({"artifactID": id})).await;
    assert!(status == 400 && message.contains(why), "{status} {message}");
    assert_eq!(client.resolve("latest").await, Value::Null);
}

#[tokio::test]
async fn a_draft_without_its_manifest_stays_invisible() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let manifest = reference_to("x://1");
    let bytes = json_of(&manifest);
    let (id, _) = client.draft(&manifest, json!({})).await;
    cannot_commit(&client, &id, "no manifest").await;
    let link = client.announce(&id, &Md5::of(&bytes).to_base64()).await;
    cannot_commit(&client, &id, "not uploaded").await;
    assert_eq!(client.put(&link, b"other bytes".to_vec()).await, 400);
    cannot_commit(&client, &id, "not uploaded").await;
    assert_eq!(client.put(&link, bytes).await, 200);
    client.commit(&id).await;
    client.commit(&id).await;
    assert_eq!(client.resolve("latest").await["id"], json!(id));
}

#[tokio::test]
async fn the_digest_must_be_that_of_the_manifest() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let (id, _) = client.draft(&reference_to("x://1"), json!({})).await;
    client.upload_manifest(&id, &reference_to("x://2")).await;
    cannot_commit(&client, &id, "digest").await;
}

#[tokio::test]
async fn native_files_must_be_there() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let digest = Md5::of(b"hello").to_base64();
    let entry = ManifestEntry { digest: digest.clone(), size: Some(5), ..ManifestEntry::default() };
    let manifest = Manifest::new([("f.txt".to_owned(), entry)].into());
    let (id, _) = client.draft(&manifest, json!({})).await;
    client.upload_manifest(&id, &manifest).await;
    cannot_commit(&client, &id, "f.txt was not uploaded").await;
    let files = json!({"artifactFiles": [{"artifactID": id, "name": "f.txt", "md5": digest}], "storageLayout": "V2"});
    let answer = client.mutate("createArtifactFiles", "files { edges { node { uploadUrl } } }", files.clone()).await;
    let link = answer["files"]["edges"][0]["node"]["uploadUrl"].as_str().unwrap();
    assert_eq!(client.put(link, b"hullo".to_vec()).await, 400);
    cannot_commit(&client, &id, "f.txt was not uploaded").await;
    assert_eq!(client.put(link, b"hello".to_vec()).await, 200);
    client.commit(&id).await;
    let answer = client.mutate("createArtifactFiles", "files { edges { node { uploadUrl } } }", files).await;
    assert_eq!(answer["files"]["edges"][0]["node"]["uploadUrl"], Value::Null);
}

#[tokio::test]
async fn a_version_does_not_change() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let manifest = reference_to("x://1");
    let (id, _) = client.draft(&manifest, json!({})).await;
    let link = client.upload_manifest(&id, &manifest).await;
    client.commit(&id).await;
    assert_eq!(client.put(&link, json_of(&reference_to("x://2"))).await, 400);
    let place = json!({"entityName": "local", "projectName": "p", "runName": "r", "name": "wandb_manifest.json",
        "artifactID": id, "digest": ""});
    assert_eq!(client.refused("createArtifactManifest", "artifactManifest { id }", place).await.0, 409);
    let query = "query($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } } }";
    let answer = client.data(query, json!({"id": id})).await;
    let link = answer["artifact"]["currentManifest"]["file"]["directUrl"].as_str().unwrap().to_owned();
    let bytes = client.http.get(link).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(Manifest::from_json(&bytes).unwrap(), manifest);
}

#[tokio::test]
async fn equal_content_is_one_version() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let any_version = json!({"enableDigestDeduplication": true});
    let first = client.log("x://1", json!({})).await;
    assert_eq!(client.log("x://1", json!({})).await, first);
    let second = client.log("x://2", any_version.clone()).await;
    assert_ne!(first, second);
    let prod =
        json!({"enableDigestDeduplication": true, "aliases": [{"alias": "prod", "artifactCollectionName": "x"}]});
    assert_eq!(client.log("x://1", prod).await, first);
    assert_eq!(client.resolve("prod").await["id"], json!(first));
    assert_eq!(client.resolve("latest").await["id"], json!(second));
    // Without the flag only the newest version counts.
    assert_ne!(client.log("x://1", json!({})).await, first);
    assert_eq!(client.resolve("v2").await, client.resolve("latest").await);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_makes_one_draft() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let manifest = reference_to("x://1");
    let named = json!({"clientID": "c".repeat(128)});
    let (id, _) = client.draft(&manifest, named.clone()).await;
    assert_eq!(client.draft(&manifest, named).await.0, id);
    let query = "query($id: ID!) { clientIDMapping(clientID: $id) { serverID } }";
    let answer = client.data(query, json!({"id": "c".repeat(128)})).await;
    assert_eq!(answer["clientIDMapping"]["serverID"], json!(id));
}

#[tokio::test]
async fn aliases_belong_to_versions_only() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let version = client.log("x://1", json!({})).await;
    let (draft, _) = client.draft(&reference_to("x://2"), json!({})).await;
    let alias = |id: &str, alias: &str, name: &str| {
        let place = json!({"entityName": "local", "projectName": "p", "artifactCollectionName": name, "alias": alias});
        json!({"artifactID": id, "aliases": [place]})
    };
    assert_eq!(client.refused("addAliases", "success", alias(&draft, "latest", "x")).await.0, 400);
    assert_eq!(client.refused("addAliases", "success", alias(&version, "v9", "x")).await.0, 400);
    assert_eq!(client.refused("addAliases", "success", alias(&version, "prod", "y")).await.0, 404);
    assert_eq!(client.resolve("latest").await["id"], json!(version));
    client.mutate("addAliases", "success", alias(&version, "prod", "x")).await;
    assert_eq!(client.resolve("prod").await["id"], json!(version));
    assert_eq!(client.refused("deleteArtifact", "artifact { id }", json!({"artifactID": version})).await.0, 400);
    client.mutate("deleteAliases", "success", alias(&version, "prod", "x")).await;
    assert_eq!(client.resolve("prod").await, Value::Null);
}
