"""A version that one run logs is what another run gets; logging the same content again makes no new version."""


def test_files(client, other_client, folder, contents, tmp_path):
    first = client.do("log", name="files", type="dataset", folder=str(folder), aliases=["latest", "prod"])
    assert first["version"] == "v0"
    got = other_client.do("use", name="files:prod", into=str(tmp_path / "got"))
    assert contents(got["where"]) == contents(folder)

    again = other_client.do("log", name="files", type="dataset", folder=str(folder), aliases=["latest", "again"])
    assert again["version"] == "v0"
    listed = client.do("versions", name="files", type="dataset")
    assert [set(version["aliases"]) for version in listed] == [{"latest", "prod", "again"}]
    assert listed[0]["size"] == sum(len(data) for data in contents(folder).values())


def test_new_content_is_a_new_version_and_takes_the_aliases(client, folder, contents, tmp_path):
    client.do("log", name="files", type="dataset", folder=str(folder), aliases=["latest", "prod"])
    (folder / "a.txt").write_text("changed")
    assert client.do("log", name="files", type="dataset", folder=str(folder))["version"] == "v1"
    listed = client.do("versions", name="files", type="dataset")
    assert [version["aliases"] for version in listed] == [["latest"], ["prod"]]
    client.do("use", name="files:v1", into=str(tmp_path / "new"))
    client.do("use", name="files:v0", into=str(tmp_path / "old"))
    assert contents(tmp_path / "new")["a.txt"] == b"changed"
    assert contents(tmp_path / "old")["a.txt"] == b"hello"


def test_platform_reference(client, other_client):
    reference = "blob://cluster/project/bucket/some path/x.bin"
    for runner in (client, other_client):
        assert runner.do("log", name="ref", type="model", reference=reference, entry="platform_blob")["version"] == "v0"
    used = other_client.do("use", name="ref:v0")
    assert used["entries"] == {"platform_blob": reference}
    assert used["digest"] == "85e3fa109adcf1410fc13e4531ff42f2"


def test_folder_reference(client, other_client, folder, contents, tmp_path):
    # The client itself cannot read a file:// reference with a number sign back.
    (folder / "sub folder" / "grün #1.bin").rename(folder / "sub folder" / "grün.bin")
    client.do("log", name="local", type="dataset", reference=folder.as_uri())
    got = other_client.do("use", name="local:latest", into=str(tmp_path / "got"))
    assert contents(got["where"]) == contents(folder)


def test_another_type_is_refused(client, folder):
    client.do("log", name="files", type="dataset", folder=str(folder))
    (folder / "a.txt").write_text("changed")
    assert "dataset" in client.refused("log", name="files", type="model", folder=str(folder))
