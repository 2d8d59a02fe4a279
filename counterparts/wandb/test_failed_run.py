"""A script that dies leaves a failed run, and a resumed one goes on where it ended."""


def test_failed(client):
    assert "on purpose" in client.refused("fail")
    assert client.do("run", id="failing")["state"] == "failed"


def test_resumed(client):
    made = client.do("log", name="x", type="t", reference="x://y", entry="e", run={"config": {"lr": 0.1}})
    assert client.do("resume", id=made["run"]) == {"step": 3, "config": {"lr": 0.1}}
    run = client.do("run", id=made["run"])
    assert run["scanned"] == [1, 1 / 2, 1 / 3, 0]
    assert run["state"] == "finished"


def test_resume_of_nothing_is_refused(client):
    client.refused("resume", id="nothing")
