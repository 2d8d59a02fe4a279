//! Bytes in quantity: native files in parts and of any size, ranges, manifests of many entries.

use serde_json::{Value, json};
use wabucket_model::{Manifest, ManifestEntry, Md5};

use crate::server::{fresh, reference_to};

#[tokio::test]
async fn parts_become_one_file() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let (id, _) = client.draft(&reference_to("x://1"), json!({})).await;
    let parts = [b"hello ".to_vec(), b"world".to_vec()];
    let md5 = Md5::of(&parts.concat());
    let wanted: Vec<_> = (1..)
        .zip(&parts)
        .map(|(number, part)| json!({"partNumber": number, "hexMD5": Md5::of(part).to_hex()}))
        .collect();
    let spec = json!({"artifactID": id, "name": "f", "md5": md5.to_base64(), "uploadPartsInput": wanted});
    let selection = "files { edges { node { storagePath uploadUrl uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } }";
    let files = json!({"artifactFiles": [spec], "storageLayout": "V2"});
    let mut answer = client.mutate("createArtifactFiles", selection, files).await;
    let node = answer["files"]["edges"][0]["node"].take();
    assert_eq!(node["uploadUrl"], Value::Null);
    let complete = |numbers: &[Value]| {
        json!({"completeMultipartAction": "Complete", "completedParts": numbers, "artifactID": id,
            "storagePath": node["storagePath"], "uploadID": node["uploadMultipartUrls"]["uploadID"]})
    };
    let name = "completeMultipartUploadArtifact";
    for (part, link) in parts.iter().zip(node["uploadMultipartUrls"]["uploadUrlParts"].as_array().unwrap()) {
        assert_eq!(client.put(link["uploadUrl"].as_str().unwrap(), part.clone()).await, 200);
    }
    assert_eq!(client.refused(name, "digest", complete(&wanted[..1])).await.0, 400);
    for _ in 0..2 {
        assert_eq!(client.mutate(name, "digest", complete(&wanted)).await["digest"], json!(md5.to_base64()));
    }
    let url = format!("{}artifactsV2/default/local/QQ%3D%3D/{}", client.base, md5.to_hex());
    let request = || client.http.get(&url).basic_auth("api", Some(&client.key));
    assert_eq!(request().send().await.unwrap().text().await.unwrap(), "hello world");
    let range = request().header("range", "bytes=6-").send().await.unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(range.text().await.unwrap(), "world");
}

#[tokio::test]
async fn a_file_may_be_larger_than_a_request() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 257;
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let files = json!({"entityName": "local", "projectName": "p", "runName": "r", "files": ["large"]});
    let answer = client.mutate("createRunFiles", "files { uploadUrl }", files).await;
    let link = answer["files"][0]["uploadUrl"].as_str().unwrap();
    let chunk = bytes::Bytes::from(vec![7; CHUNK]);
    let chunks = futures_util::stream::iter((0..CHUNKS).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let sent = client.http.put(link).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let query =
        "{ project(name: \"p\") { run(name: \"r\") { files(names: [\"large\"]) { edges { node { sizeBytes } } } } } }";
    let answer = client.data(query, json!({})).await;
    assert_eq!(answer["project"]["run"]["files"]["edges"][0]["node"]["sizeBytes"], CHUNK * CHUNKS);
}

#[tokio::test]
async fn a_manifest_may_have_100_000_entries() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let entry = |number: u32| {
        let reference = format!("s3://bucket/some/long/prefix/of/a/dataset/file-{number:06}.bin");
        let digest = Md5::of(reference.as_bytes()).to_hex();
        let entry = ManifestEntry { digest, reference: Some(reference), size: Some(3), ..ManifestEntry::default() };
        (format!("some/long/prefix/of/a/dataset/file-{number:06}.bin"), entry)
    };
    let manifest = Manifest::new((0..100_000).map(entry).collect());
    let (id, _) = client.draft(&manifest, json!({})).await;
    client.upload_manifest(&id, &manifest).await;
    client.commit(&id).await;
    let query = "query($after: String) { project(name: \"p\") { artifactCollection(name: \"x\") {
        artifactMembership(aliasName: \"v0\") { artifact { size fileCount } files(first: 5000, after: $after) {
        totalCount pageInfo { endCursor hasNextPage } edges { node { name } } } } } } }";
    let mut after = Value::Null;
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut answer = client.data(query, json!({"after": after})).await;
        let found = answer["project"]["artifactCollection"]["artifactMembership"].take();
        assert_eq!(found["artifact"], json!({"size": 300_000, "fileCount": 100_000}));
        assert_eq!(found["files"]["totalCount"], 100_000);
        let edges = found["files"]["edges"].as_array().unwrap().clone();
        names.extend(edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()));
        after = found["files"]["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(names, manifest.entries.keys().take(10_000).cloned().collect::<Vec<_>>());
}
