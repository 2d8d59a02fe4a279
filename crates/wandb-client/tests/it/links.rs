use base64::Engine;
use wabucket_model::{Alias, ArtifactName, ArtifactPath, EntityName, ProjectName};
use wandb_client::ProjectPath;

use crate::server::{Answer, Scripted};

const MANIFEST: &str = r#"{"version":1,"storagePolicy":"x","contents":{}}"#;

fn artifact_answer(direct_url: &str) -> Answer {
    let artifact = serde_json::json!({"data": {"project": {"artifact": {
        "id": "QQ==", "digest": "d", "versionIndex": 0, "description": null, "metadata": null, "size": 0,
        "fileCount": 0, "artifactType": {"name": "model"}, "artifactSequence": {"name": "net"}, "aliases": [],
        "currentManifest": {"file": {"directUrl": direct_url}},
    }}}});
    Answer::new(200, artifact.to_string())
}

async fn fetch(server: &Scripted) -> Result<wabucket_model::Manifest, wandb_client::WandbError> {
    let project = ProjectPath { entity: EntityName::parse("me").unwrap(), project: ProjectName::parse("p").unwrap() };
    let path = ArtifactPath { name: ArtifactName::parse("net").unwrap(), alias: Alias::latest() };
    let client = server.client();
    let artifact = client.find_artifact(&project, &path).await.unwrap().unwrap();
    client.fetch_manifest(&artifact).await
}

fn key_header() -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("api:{}", crate::server::KEY));
    format!("Basic {encoded}")
}

#[tokio::test]
async fn links_get_no_key_not_even_on_the_servers_own_host() {
    let (server, store) = (Scripted::start(Vec::new()).await, Scripted::start(vec![Answer::new(200, MANIFEST)]).await);
    server.add(artifact_answer(&format!("{}/signed?x=secret", store.url)));
    fetch(&server).await.unwrap();
    assert_eq!(server.asked()[0].authorization, Some(key_header()));
    assert_eq!((store.asked()[0].method.as_str(), &store.asked()[0].authorization), ("GET", &None));
    server.add(artifact_answer(&format!("{}/signed?x=secret", server.url)));
    server.add(Answer::new(200, MANIFEST));
    fetch(&server).await.unwrap();
    assert_eq!(server.asked()[2].authorization, None);
}

#[tokio::test]
async fn a_relative_link_leads_to_the_server_itself() {
    let server = Scripted::start(vec![artifact_answer("/files/manifest.json"), Answer::new(200, MANIFEST)]).await;
    fetch(&server).await.unwrap();
    let asked = &server.asked()[1];
    assert_eq!((asked.path.as_str(), &asked.authorization), ("/files/manifest.json", &Some(key_header())));
}

#[tokio::test]
async fn a_redirect_elsewhere_does_not_take_the_key_along() {
    let (server, other) = (Scripted::start(Vec::new()).await, Scripted::start(vec![Answer::new(200, "{}")]).await);
    server.add(Answer::new(307, "").with_header("Location", format!("{}/graphql", other.url)));
    assert!(server.client().viewer().await.is_err());
    assert!(other.asked().iter().all(|asked| asked.authorization.is_none()), "{:?}", other.asked());
}

#[tokio::test]
async fn a_link_that_fails_is_named_without_its_query() {
    let store = Scripted::start(vec![Answer::new(404, "gone")]).await;
    let server = Scripted::start(vec![artifact_answer(&format!("{}/signed?token=secret", store.url))]).await;
    let error = fetch(&server).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    assert!(error.to_string().contains("manifest"), "{error}");
    assert!(store.asked()[0].body.is_empty());
}
