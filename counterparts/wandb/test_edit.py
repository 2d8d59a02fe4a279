"""Aliases, description and metadata can be changed, versions deleted; numbers are never given twice."""


def test_edit(client, folder):
    client.do("log", name="files", type="dataset", folder=str(folder), metadata={"k": "v"})
    client.do("edit", name="files:v0", aliases=["stable", "latest"], description="new", metadata={"n": 2})
    changed = client.do("lineage", name="files:stable")
    assert set(changed["aliases"]) == {"stable", "latest"}
    assert changed["description"] == "new"
    assert changed["metadata"] == {"k": "v", "n": 2}
    client.do("edit", name="files:v0", aliases=["latest"], description="new", metadata={})
    client.refused("lineage", name="files:stable")


def test_delete(client, folder):
    client.do("log", name="files", type="dataset", folder=str(folder))
    (folder / "a.txt").write_text("changed")
    client.do("log", name="files", type="dataset", folder=str(folder))
    client.do("delete", name="files:v1")
    assert len(client.do("versions", name="files", type="dataset")) == 1
    assert client.do("log", name="files", type="dataset", folder=str(folder))["version"] == "v2"
