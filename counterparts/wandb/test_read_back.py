"""What was recorded is what `wandb.Api()` reads: lineage, types and collections, and all of a run."""


def test_lineage_and_lists(client, folder):
    made = client.do("log", name="files", type="dataset", folder=str(folder), metadata={"k": "v", "n": 1})
    client.do("log", name="ref", type="model", reference="blob://c/p/b/x", entry="platform_blob")
    used = client.do("use", name="files:latest")
    assert client.do("types") == {"dataset": ["files"], "model": ["ref"]}
    lineage = client.do("lineage", name="files:v0")
    assert lineage["logged_by"] == made["run"]
    assert lineage["used_by"] == [used["run"]]
    assert lineage["metadata"] == {"k": "v", "n": 1}
    assert client.do("lineage", name="files:" + lineage["digest"])["version"] == "v0"
    assert client.do("run", id=used["run"])["used"] == ["files:v0"]


def test_run(client, folder):
    described = {"name": "my run", "job_type": "upload", "tags": ["a", "b"], "config": {"lr": 0.1, "deep": {"x": [1]}}}
    made = client.do("log", name="files", type="dataset", folder=str(folder), run=described)
    run = client.do("run", id=made["run"])
    assert (run["state"], run["name"], run["tags"]) == ("finished", "my run", ["a", "b"])
    assert run["config"] == described["config"]
    assert run["scanned"] == run["history"] == [1, 1 / 2, 1 / 3]
    assert run["summary"] == 1 / 3
    assert run["logged"] == ["files:v0"]
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json"} <= set(run["files"])


def test_runs_are_filtered(client):
    for name, rate in (("slow", 0.1), ("fast", 0.9)):
        client.do("log", name=name, type="t", reference="x://y", entry="e", run={"name": name, "config": {"lr": rate}})
    assert client.do("runs", order="+created_at") == ["slow", "fast"]
    assert client.do("runs", order="-created_at") == ["fast", "slow"]
    assert client.do("runs", filters={"config.lr": 0.9}) == ["fast"]
    assert client.do("runs", filters={"display_name": "slow"}) == ["slow"]
    assert client.do("runs", filters={"$and": [{"state": "finished"}, {"config.lr": {"$lt": 0.5}}]}) == ["slow"]
    assert client.do("runs", filters={"state": "running"}) == []
