"""What must not work does not: a wrong key, an artifact that was never committed."""

CREATE = """mutation($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state } } }"""
MANIFEST = """mutation($input: CreateArtifactManifestInput!) {
    createArtifactManifest(input: $input) { artifactManifest { id file { uploadUrl } } } }"""
COMMIT = """mutation($input: CommitArtifactInput!) { commitArtifact(input: $input) { artifact { id } } }"""


def test_a_wrong_key(client):
    client.do("log", name="x", type="t", reference="x://y", entry="e")
    client.environment["WANDB_API_KEY"] = "0" * 40
    client.refused("log", name="x", type="t", reference="x://y", entry="e")
    client.refused("lineage", name="x:v0")


def test_no_manifest_no_version(client, registry):
    made = client.do("log", name="x", type="t", reference="x://y", entry="e")
    digest = "2566fc4dcec22cc2b3353ae5ed14db73"
    place = {"entityName": made["entity"], "projectName": "counterpart", "runName": made["run"]}
    alias = {"artifactCollectionName": "x", "alias": "latest"}
    draft = {"artifactTypeName": "t", "artifactCollectionName": "x", "digestAlgorithm": "MANIFEST_MD5"}
    status, answer = registry.graphql(CREATE, input={**place, **draft, "digest": digest, "aliases": [alias]})
    assert status == 200, answer
    id = answer["data"]["createArtifact"]["artifact"]["id"]
    manifest = {"artifactID": id, "name": "wandb_manifest.json", "digest": "GiQ1g8GogEMXBYV99ijhkQ==", **place}
    status, answer = registry.graphql(MANIFEST, input=manifest)
    assert status == 200, answer
    status, answer = registry.graphql(COMMIT, input={"artifactID": id})
    assert status == 400 and "manifest was not uploaded" in answer["errors"][0]["message"]

    assert len(client.do("versions", name="x", type="t")) == 1
    assert client.do("lineage", name="x:latest")["version"] == "v0"
    client.refused("lineage", name="x:v1")
    client.refused("lineage", name="x:" + digest)
