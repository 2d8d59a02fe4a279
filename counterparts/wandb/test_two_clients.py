"""Two clients at once log versions of one collection: each version is made once, and the newest is latest."""

COUNT = 5


def test_one_collection(client, other_client):
    working = [
        (runner, runner.start("log_many", name="many", prefix=prefix, count=COUNT))
        for runner, prefix in ((client, "a"), (other_client, "b"))
    ]
    for runner, process in working:
        assert runner.finish(process)
    listed = client.do("versions", name="many", type="model")
    assert len(listed) == len({version["id"] for version in listed}) == 2 * COUNT
    assert {version["state"] for version in listed} == {"COMMITTED"}
    assert [version["aliases"] for version in listed] == [["latest"]] + [[]] * (2 * COUNT - 1)
    assert client.do("lineage", name="many:latest")["version"] == f"v{2 * COUNT - 1}"
