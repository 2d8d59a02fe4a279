"""The program inside a run of somebody else: `WANDB_RUN_ID` and `WANDB_RESUME`."""

import time

import pytest


@pytest.fixture
def upload(wabucket, plain_folder, tmp_path):
    (tmp_path / "bucket").mkdir()

    def run(*arguments, do=wabucket, **variables):
        named = ["-n", "ours", "-t", "dataset", "-a", "first"]
        return do(f"--bucket=file://{tmp_path}/bucket", "upload", plain_folder, *named, *arguments, **variables)

    return run


def wait_until_running(registry, id):
    for _ in range(300):
        _, answer = registry.graphql(
            "query($name: String!) { project(name: \"counterpart\") { run(name: $name) { state } } }", name=id
        )
        if ((answer.get("data") or {}).get("project") or {}).get("run"):
            return
        time.sleep(0.1)
    raise AssertionError(f"run {id} did not start")


def test_a_run_that_another_process_keeps_stays_its_own(registry, client, upload, tmp_path):
    holder = client.start("hold", id="training", until=str(tmp_path / "done"))
    wait_until_running(registry, "training")
    made = upload("--run-args", "ours=1", WANDB_RUN_ID="training")
    assert made["run"]["id"] == "training"
    (tmp_path / "done").touch()
    client.finish(holder)
    run = client.do("run", id="training")
    assert (run["state"], run["tags"], run["notes"]) == ("finished", ["mine"], "mine")
    assert run["config"] == {"lr": 0.1}
    assert run["scanned"] == [1.0, 0.5]
    assert run["logged"] == ["ours:v0"]


def test_a_run_that_has_ended_keeps_what_it_holds(client, upload):
    described = {"name": "training", "job_type": "train", "tags": ["mine"], "config": {"lr": 0.1}}
    id = client.do("log", name="x", type="t", reference="x://y", entry="e", run=described)["run"]
    before = client.do("run", id=id)
    upload("--run-args", "ours=1", WANDB_RUN_ID=id, WANDB_RESUME="must", WANDB_TAGS="new")
    run = client.do("run", id=id)
    assert (run["state"], run["name"], run["job_type"]) == ("finished", "training", "train")
    assert run["config"] == {"lr": 0.1, "ours": "1"}
    assert set(run["tags"]) == {"mine", "new"}
    assert (run["summary"], run["scanned"]) == (before["summary"], before["scanned"])
    assert set(run["logged"]) == {"x:v0", "ours:v0"}
    assert set(before["files"]) <= set(run["files"])
    # The client resumes it after us.
    assert client.do("resume", id=id)["config"] == run["config"]


def test_what_must_be_there_and_what_must_not(client, wabucket, upload):
    assert "nothing" in upload(do=wabucket.refused, WANDB_RUN_ID="nothing", WANDB_RESUME="must")
    assert "WANDB_RUN_ID" in upload(do=wabucket.refused, WANDB_RESUME="must")
    assert "WANDB_RESUME" in upload(do=wabucket.refused, WANDB_RESUME="sometimes")
    id = client.do("log", name="x", type="t", reference="x://y", entry="e")["run"]
    assert id in upload(do=wabucket.refused, WANDB_RUN_ID=id, WANDB_RESUME="never")
    assert client.do("run", id=id)["logged"] == ["x:v0"]
    assert upload(WANDB_RUN_ID="new", WANDB_RESUME="allow")["run"]["id"] == "new"


def test_a_run_that_failed_here_is_taken_up_again(client, wabucket, upload, tmp_path):
    remembered = tmp_path / "wandb" / "wandb-resume.json"
    remembered.parent.mkdir()
    id = client.do("log", name="x", type="t", reference="x://y", entry="e")["run"]
    remembered.write_text(f'{{"run_id": "{id}"}}')
    assert upload(WANDB_RESUME="auto")["run"]["id"] == id
    assert not remembered.exists()
