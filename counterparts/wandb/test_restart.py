"""A server that is killed and started again has everything it had, and clients that were working go on."""


def test_killed_in_between(client, registry, folder, contents, tmp_path):
    made = client.do("log", name="files", type="dataset", folder=str(folder), aliases=["latest", "prod"])
    before = client.do("run", id=made["run"])
    registry.kill()
    registry.start()
    assert client.do("run", id=made["run"]) == before
    got = client.do("use", name="files:prod", into=str(tmp_path / "got"))
    assert contents(got["where"]) == contents(folder)
    assert client.do("log", name="files", type="dataset", folder=str(folder))["version"] == "v0"


def test_killed_while_a_client_works(client, registry):
    working = client.start("log_many", name="many", prefix="a", count=4)
    registry.kill()
    registry.start()
    assert client.finish(working)
    assert len(client.do("versions", name="many", type="model")) == 4
