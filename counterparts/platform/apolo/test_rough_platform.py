"""The program on a platform as it may be: credentials of seconds, clocks that differ, old servers, bad input."""

import base64
import json
import os

import pytest
from conftest import contents
from registry import Registry
from test_buckets import run_with_client
from test_wabucket import log_in
from yarl import URL


def upload(run, bucket, tree, **options):
    return run("--bucket", bucket, "upload", str(tree), "-n", "net", "-t", "model", "-a", "first", **options)


def test_credentials_that_end_in_seconds_are_renewed_in_the_middle(fake, home, tmp_path, wabucket):
    log_in(fake)
    source = tmp_path / "source"
    source.mkdir()
    for number in range(500):
        (source / f"file {number}").write_bytes(os.urandom(2000))
    (source / "large").write_bytes(os.urandom(60_000_000))
    fake.control("PUT", "settings", {"credentials_lifetime": 1.5})
    fake.requests()
    report = upload(wabucket, "my-bucket", source)
    asked = [request for request in fake.requests() if "make_tmp_credentials" in request]
    assert report["files"] == 501
    assert len(asked) > 2, asked
    # Asked for when needed, not for every request.
    assert len(asked) < 2 + report["seconds"] * 3, (asked, report["seconds"])
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(source)


@pytest.mark.parametrize("ahead", [120, -120])
def test_a_clock_that_differs_a_little_does_no_harm(fake, home, tree, tmp_path, wabucket, ahead):
    log_in(fake)
    fake.control("PUT", "settings", {"clock_ahead": ahead, "credentials_lifetime": 60})
    upload(wabucket, "my-bucket", tree)
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_no_store_would_accept_is_said(fake, home, tree, wabucket, ahead):
    log_in(fake)
    fake.control("PUT", "settings", {"clock_ahead": ahead})
    refused = upload(wabucket, "my-bucket", tree, check=False)
    assert refused.returncode == 3, refused.stderr
    assert "clock" in refused.stderr and "hint:" in refused.stderr


PROVIDERS = ["aws", "minio", "seaweedfs", "emc_ecs", "open_stack", "another_s3"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_buckets_of_every_provider_that_speaks_s3(fake, home, tree, tmp_path, wabucket, provider):
    log_in(fake)
    fake.bucket(name="imported", provider=provider, imported=True)
    upload(wabucket, "imported", tree)
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)


def test_a_provider_that_speaks_nothing_known_is_said(fake, home, tree, wabucket):
    log_in(fake)
    fake.bucket(name="odd", provider="tape", credentials={"robot": "secret-arm"})
    refused = upload(wabucket, "odd", tree, check=False)
    assert refused.returncode == 1, refused.stderr
    assert "tape" in refused.stderr and "secret-arm" not in refused.stderr


OLD_REFERENCES = ["blob://c1/org-a/alice/owned/model/old/best", "blob://c1/alice/oldest/model/old/best"]


@pytest.mark.parametrize("reference", OLD_REFERENCES)
def test_references_of_earlier_eras_are_downloaded(fake, home, tree, tmp_path, wabucket, reference):
    log_in(fake)
    name = reference.split("/")[-4]
    made = fake.bucket(name=name, project_name=None)

    async def work(client):
        bucket = await client.buckets.get(made["id"])
        await client.buckets.upload_dir(URL(tree.as_uri()), bucket.uri / "model/old/best")

    run_with_client(fake, work)
    registry = Registry(home)
    registry.log_reference("old", "model", "best", reference)
    registry.stop()
    wabucket("download", "model", "old", "best", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)


def test_a_reference_into_another_project_is_followed(fake, home, tree, tmp_path, wabucket):
    log_in(fake)
    fake.bucket(name="far", cluster="c2", org_name="org-c", project_name="proj-c")
    upload(wabucket, "blob://c2/org-c/proj-c/far", tree)
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)


@pytest.mark.parametrize("bucket", ["blob://nowhere/org-a/proj-a/b", "blob://c1/org-a/nothing/b", "nothing", "Bad_Name!"])
def test_what_is_not_there_is_named(fake, home, tree, wabucket, bucket):
    log_in(fake)
    for rules in ("current", "scanning", "owners"):
        fake.control("PUT", "settings", {"rules": rules})
        refused = upload(wabucket, bucket, tree, check=False)
        assert refused.returncode in (2, 4), refused.stderr
        assert bucket.rsplit("/", 1)[-1] in refused.stderr or "nowhere" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) <= 4, refused.stderr


def test_a_login_that_the_platform_refuses_is_said(fake, home, tree, wabucket):
    config = {"token": "t0psecret", "cluster": "c1", "url": fake.api_url}
    passed = base64.b64encode(json.dumps(config).encode()).decode()
    fake.control("PUT", "settings", {"authorized": False})
    for variable in ("APOLO_PASSED_CONFIG", "NEURO_PASSED_CONFIG"):
        refused = upload(wabucket, "my-bucket", tree, check=False, **{variable: passed})
        assert refused.returncode == 3, refused.stderr
        assert "apolo login" in refused.stderr
        assert "t0psecret" not in refused.stderr and passed not in refused.stderr


SECRET = "c2VjcmV0LXRva2Vu"


def test_a_login_that_cannot_be_read_is_said_and_not_shown(fake, home, tree, wabucket):
    for passed in (SECRET, "e30=", "!"):
        refused = upload(wabucket, "my-bucket", tree, check=False, APOLO_PASSED_CONFIG=passed)
        assert refused.returncode == 3, refused.stderr
        assert "APOLO_PASSED_CONFIG" in refused.stderr and SECRET not in refused.stderr, refused.stderr
    folder = home / ".apolo"
    folder.mkdir(mode=0o700)
    (folder / "db").write_text(SECRET)
    (folder / "db").chmod(0o600)
    refused = upload(wabucket, "my-bucket", tree, check=False)
    assert refused.returncode == 3, refused.stderr
    assert str(folder) in refused.stderr and "apolo login" in refused.stderr and SECRET not in refused.stderr
