"""The program itself with a platform bucket: what it uploads the SDK reads, what the SDK uploaded it reads."""

import json

from conftest import contents
from registry import Registry
from test_buckets import keys, run_with_client
from yarl import URL


def log_in(fake):
    async def work(client):
        await client.buckets.create("my-bucket")
        return str((await client.buckets.get("my-bucket")).uri)

    return run_with_client(fake, work)


def test_what_we_upload_the_sdk_lists_and_downloads(fake, home, tree, tmp_path, wabucket):
    uri = log_in(fake)
    report = wabucket("--bucket", "my-bucket", "upload", str(tree), "-n", "net", "-t", "my model", "-a", "v+1")
    assert report["location"] == f"{uri}/my%20model/net/v+1"

    async def work(client):
        bucket = await client.buckets.get("my-bucket")
        await client.buckets.download_dir(URL(report["location"]), URL((tmp_path / "back").as_uri()))
        return await keys(client, bucket)

    names = run_with_client(fake, work)
    assert contents(tmp_path / "back") == contents(tree)
    assert "my%20model/net/v+1/d 1/ü+%20#?.txt" in names
    assert not [name for name in names if name.startswith(".wabucket")]
    wabucket("--bucket", "my-bucket", "download", "my model", "net", "v+1", "-d", str(tmp_path / "ours"))
    assert contents(tmp_path / "ours") == contents(tree)
    again = wabucket(
        "--bucket", "my-bucket", "upload", str(tree), "-n", "net", "-t", "my model", "-a", "v+1", check=False
    )
    assert again.returncode == 5


def test_what_the_sdk_uploaded_we_link_and_download(fake, home, tree, tmp_path, wabucket):
    log_in(fake)

    async def work(client):
        bucket = await client.buckets.get("my-bucket")
        await client.buckets.upload_dir(URL(tree.as_uri()), bucket.uri / "data/raw")

    run_with_client(fake, work)
    link = ("--bucket", "my-bucket", "link", "data/raw", "-n", "raw", "-t", "dataset", "-a", "first")
    assert wabucket(*link)["artifact"]["version"] == "v0"
    assert wabucket(*link)["outcome"] == "unchanged"
    wabucket("download", "dataset", "raw", "first", "-d", str(tmp_path / "ours"))
    assert contents(tmp_path / "ours") == contents(tree)

    async def change(client):
        bucket = await client.buckets.get("my-bucket")
        await client.buckets.put_blob(bucket.id, "data/raw/a.bin", b"changed")

    run_with_client(fake, change)
    assert wabucket(*link)["artifact"]["version"] == "v1"


def test_versions_of_the_earlier_tool_are_downloaded(fake, home, tree, tmp_path, wabucket):
    uri = log_in(fake)

    async def work(client):
        bucket = await client.buckets.get("my-bucket")
        target = bucket.uri / "my model" / "old" / "best"
        await client.buckets.upload_dir(URL(tree.as_uri()), target)
        return str(target)

    target = run_with_client(fake, work)
    assert target == f"{uri}/my%20model/old/best"
    registry = Registry(home)
    registry.log_reference("old", "my model", "best", target)
    registry.stop()
    wabucket("download", "my model", "old", "best", "-d", str(tmp_path / "ours"))
    assert contents(tmp_path / "ours") == contents(tree)


def test_a_login_that_may_only_read_is_noticed_before_anything_is_sent(fake, home, tree, wabucket):
    log_in(fake)
    fake.bucket(name="for-reading", read_only=True)
    refused = wabucket("--bucket", "for-reading", "upload", str(tree), "-n", "net", "-t", "model", check=False)
    assert refused.returncode == 3, refused.stderr
    assert "may only be read" in refused.stderr


def test_without_a_login_the_error_says_how_to_log_in(home, tree, wabucket):
    refused = wabucket("--bucket", "my-bucket", "upload", str(tree), "-n", "net", "-t", "model", check=False)
    assert refused.returncode == 3
    assert "apolo login" in refused.stderr


def test_an_unknown_bucket_is_named(fake, home, tree, wabucket):
    log_in(fake)
    refused = wabucket("--bucket", "other-bucket", "upload", str(tree), "-n", "net", "-t", "model", check=False)
    assert refused.returncode == 4, refused.stderr
    assert "other-bucket" in refused.stderr


def test_a_platform_job_tags_its_run_and_a_failing_jobs_api_costs_a_warning(fake, home, tree, wabucket):
    log_in(fake)
    job = {"NEURO_JOB_ID": "job-none", "NEURO_JOB_NAME": "", "NEURO_JOB_OWNER": "alice"}
    result = wabucket(
        "--bucket", "my-bucket", "upload", str(tree), "-n", "net", "-t", "model", "-a", "x", check=False, **job
    )
    assert result.returncode == 0, result.stderr
    assert "warning:" in result.stderr and "job-none" in result.stderr
    registry = Registry(home)
    run = registry.tags(json.loads(result.stdout)["run"]["id"])
    registry.stop()
    assert run["state"] == "finished"
    assert set(run["tags"]) == {"job_id:job-none", "owner:alice"}
