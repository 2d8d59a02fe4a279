//! Native files in parts, and ranges of them.

use serde_json::{Value, json};
use wabucket_model::Md5;

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
