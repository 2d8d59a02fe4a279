//! The document rules that W&B's server has, and the ones it does not have.

use serde_json::json;

use crate::server::{draft_input, fresh, merged, reference_to};

#[tokio::test]
async fn unknown_members_are_refused() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let input = draft_input(&reference_to("x://1"), json!({"madeUp": null}));
    let (status, message) = client.refused("createArtifact", "artifact { id }", input).await;
    assert!(status == 400 && message.contains("madeUp"), "{status} {message}");
    let (status, message) = client.refusal("{ viewer { madeUp } }", json!({})).await;
    assert!(status == 400 && message.contains("Cannot query field"), "{status} {message}");
    let missing = json!({"entityName": "local", "projectName": "p"});
    assert_eq!(client.refused("createArtifact", "artifact { id }", missing).await.0, 400);
}

#[tokio::test]
async fn what_real_clients_send_too_much_is_passed_over() {
    let (_directory, _registry, client) = fresh().await;
    let query = "query A($first: Boolean = true) { viewer { entity @include(if: $first) __typename } }";
    for body in [
        json!({"query": query, "operationName": "", "variables": {"undeclared": 1}}),
        json!({"query": query, "operationName": "A"}),
        json!({"query": query, "operationName": null, "variables": null}),
    ] {
        let answer = client.post("graphql", &body).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer, json!({"data": {"viewer": {"entity": "local", "__typename": "User"}}}), "{body}");
    }
}

#[tokio::test]
async fn unknown_places_are_not_found() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    let (status, _) =
        client.refused("upsertBucket", "bucket { id }", json!({"entityName": "other", "name": "r"})).await;
    assert_eq!(status, 404);
    for place in [json!({"entityName": "other"}), json!({"projectName": "other"}), json!({"runName": "other"})] {
        let input = merged(draft_input(&reference_to("x://1"), json!({})), place.clone());
        assert_eq!(client.refused("createArtifact", "artifact { id }", input).await.0, 404, "{place}");
    }
    let query = "{ project(name: \"other\") { id } entity(name: \"other\") { id } artifact(id: \"QQ==\") { id } }";
    let nothing = json!({"project": null, "entity": null, "artifact": null});
    assert_eq!(client.data(query, json!({})).await, nothing);
}

#[tokio::test]
async fn bad_names_aliases_and_types_are_refused() {
    let (_directory, _registry, client) = fresh().await;
    client.run("r").await;
    client.log("x://1", json!({})).await;
    let alias = |alias: &str| json!({"aliases": [{"alias": alias, "artifactCollectionName": "x"}]});
    for (more, status) in [
        (alias("v7"), 400),
        (alias("a/b"), 400),
        (json!({"artifactCollectionName": "a/b"}), 400),
        (json!({"digestAlgorithm": "MANIFEST_XXH128"}), 400),
        (json!({"artifactTypeName": "other"}), 409),
    ] {
        let input = draft_input(&reference_to("x://2"), more.clone());
        assert_eq!(client.refused("createArtifact", "artifact { id }", input).await.0, status, "{more}");
    }
    assert_eq!(client.resolve("latest").await["versionIndex"], 0);
}
