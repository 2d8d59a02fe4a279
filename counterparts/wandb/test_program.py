"""What the program logs, plain `wandb` resolves and downloads by itself; what `wandb` logs, the program downloads."""

import json
import urllib.request

from conftest import S3_VARIABLES


def upload(wabucket, bucket, folder, *arguments, **variables):
    named = ["-n", "ours", "-t", "dataset", "-a", "first", "-m", "k=v"]
    return wabucket("--bucket", bucket, "upload", folder, *named, *arguments, **variables)


def test_a_version_in_a_folder_bucket(wabucket, client, plain_folder, contents, tmp_path):
    (tmp_path / "bucket").mkdir()
    upload(wabucket, f"file://{tmp_path}/bucket", plain_folder)
    used = client.do("use", name="ours:first", into=str(tmp_path / "wandb"))
    assert contents(used["where"]) == contents(plain_folder)


def test_a_version_in_an_s3_bucket(wabucket, client, plain_folder, contents, tmp_path, s3_endpoint, s3_bucket):
    report = upload(
        wabucket, f"s3://{s3_bucket}/some prefix", plain_folder, AWS_ENDPOINT_URL_S3=s3_endpoint, **S3_VARIABLES
    )
    client.environment |= {**S3_VARIABLES, "AWS_S3_ENDPOINT_URL": s3_endpoint}
    used = client.do("use", name="ours:first", into=str(tmp_path / "wandb"))
    assert contents(used["where"]) == contents(plain_folder)
    assert used["entries"]["a.txt"] == f"s3://{s3_bucket}/some prefix/dataset/ours/first/a.txt"
    assert used["digest"] == report["artifact"]["digest"]


def test_lineage_and_runs_are_read_by_the_client(wabucket, client, plain_folder, tmp_path):
    (tmp_path / "bucket").mkdir()
    made = upload(wabucket, f"file://{tmp_path}/bucket", plain_folder)
    used = wabucket("download", "dataset", "ours", "first", "-d", tmp_path / "back")
    told = client.do("lineage", name="ours:first")
    assert told["logged_by"] == made["run"]["id"]
    assert told["used_by"] == [used["run"]["id"]]


def test_what_the_client_logs_is_downloaded(wabucket, client, folder, contents, tmp_path):
    client.do("log", name="native", type="model", folder=str(folder))
    report = wabucket("download", "model", "native", "latest", "-d", tmp_path / "native")
    assert report["files"] == 3
    assert contents(tmp_path / "native") == contents(folder)


def test_references_that_the_client_logs_are_downloaded(wabucket, client, plain_folder, contents, tmp_path):
    client.do("log", name="reference", type="model", reference=f"file://{plain_folder}")
    wabucket("download", "model", "reference", "v0", "-d", tmp_path / "back")
    assert contents(tmp_path / "back") == contents(plain_folder)


def test_native_files_of_the_program_are_downloaded_by_the_client(wabucket, client, folder, contents, tmp_path):
    wabucket("--bucket", "file:///", "upload", folder, "-n", "ours", "-t", "model", "-a", "first", "--no-reff")
    used = client.do("use", name="ours:first", into=str(tmp_path / "wandb"))
    assert contents(used["where"]) == contents(folder)


def test_the_client_verifies_and_logs_again_what_the_program_logged(wabucket, client, plain_folder, tmp_path):
    (tmp_path / "bucket").mkdir()
    upload(wabucket, f"file://{tmp_path}/bucket", plain_folder)
    assert client.do("verify", name="ours:first", root=str(plain_folder))
    wabucket("--bucket", "file:///", "upload", plain_folder, "-n", "native", "-t", "model", "-a", "x", "--no-reff")
    assert client.do("verify", name="native:x", root=str(plain_folder))
    assert client.do("relog", name="ours:first", again="copy") == "v0"
    first, copy = (client.do("lineage", name=name) for name in ("ours:first", "copy:v0"))
    assert first["digest"] == copy["digest"]


def test_content_that_is_there_gets_the_new_description_and_metadata(wabucket, client, plain_folder, tmp_path):
    (tmp_path / "bucket").mkdir()
    bucket = f"file://{tmp_path}/bucket"
    assert upload(wabucket, bucket, plain_folder, "--description", "first words")["outcome"] == "new_version"
    assert client.do("lineage", name="ours:v0")["description"] == "first words"
    again = ["upload", plain_folder, "-n", "ours", "-t", "dataset", "-a", "again", "-m", "k=w", "--description", "others"]
    assert wabucket("--bucket", bucket, *again)["outcome"] == "unchanged"
    told = client.do("lineage", name="ours:again")
    assert (told["version"], told["description"], told["metadata"]) == ("v0", "others", {"k": "w"})
    assert set(told["aliases"]) == {"latest", "first", "again"}


def test_a_run_of_the_program_is_what_the_client_reads(wabucket, client, plain_folder, tmp_path):
    (tmp_path / "bucket").mkdir()
    variables = {"WANDB_NAME": "my run", "WANDB_TAGS": "a,b", "WANDB_JOB_TYPE": "export"}
    made = upload(wabucket, f"file://{tmp_path}/bucket", plain_folder, "--run-args", "lr=0.1", **variables)
    run = client.do("run", id=made["run"]["id"])
    assert (run["state"], run["name"], run["job_type"]) == ("finished", "my run", "export")
    assert set(run["tags"]) == {"a", "b"}
    assert run["config"]["lr"] == "0.1"
    assert run["logged"] == ["ours:v0"]
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json", "output.log"} <= set(run["files"])


def test_a_version_in_a_google_bucket(wabucket, client, plain_folder, contents, tmp_path, google):
    # The emulator's own links, which Google's client follows, cannot spell every name.
    odd = next(plain_folder.rglob("*.bin"))
    odd.rename(odd.with_name("grün.bin"))
    body = json.dumps({"name": "bucket"}).encode()
    request = urllib.request.Request(f"{google}/storage/v1/b?project=p", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    upload(wabucket, "gs://bucket/some prefix", plain_folder, STORAGE_EMULATOR_HOST=google)
    client.environment |= {"STORAGE_EMULATOR_HOST": google}
    used = client.do("use", name="ours:first", into=str(tmp_path / "wandb"))
    assert contents(used["where"]) == contents(plain_folder)
    client.do("log", name="theirs", type="model", reference="gs://bucket/some prefix/dataset/ours/first")
    wabucket("download", "model", "theirs", "latest", "-d", tmp_path / "back", STORAGE_EMULATOR_HOST=google)
    expected = {name: content for name, content in contents(plain_folder).items() if content}
    assert {name: content for name, content in contents(tmp_path / "back").items() if content} == expected
