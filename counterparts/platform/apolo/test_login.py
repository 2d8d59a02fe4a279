"""Logins: the SDK's, ours on the SDK's database, and the SDK's again on what we refreshed."""

import asyncio
import base64
import json
import sqlite3
import urllib.request

import apolo_sdk
import pytest
from yarl import URL


async def browser(url):
    """Opens the login page as a browser does; the fake grants at once and sends it on to the SDK's listener."""
    await asyncio.to_thread(lambda: urllib.request.urlopen(str(url), timeout=10).read())


def log_in(fake):
    asyncio.run(apolo_sdk.login(browser, url=URL(fake.api_url)))


def list_buckets():
    async def run():
        async with await apolo_sdk.get() as client:
            async with client.buckets.list() as buckets:
                return [bucket.name async for bucket in buckets]

    return asyncio.run(run())


def rows(home):
    with sqlite3.connect(home / ".apolo/db") as connection:
        connection.row_factory = sqlite3.Row
        schema = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'main'").fetchone()[0]
        return schema, [dict(row) for row in connection.execute("SELECT * FROM main")]


def test_the_database_is_read_refreshed_and_read_again(fake, home, probe):
    fake.bucket(name="data")
    log_in(fake)
    assert list_buckets() == ["data"]
    found = json.loads(probe("bucket", "data"))
    assert found["url"] == "blob://c1/org-a/proj-a/data"
    assert rows(home) == rows(home)

    schema, [before] = rows(home)
    with sqlite3.connect(home / ".apolo/db") as connection:
        connection.execute("UPDATE main SET expiration_time = 1")
    fake.control("DELETE", "logins")
    fake.requests()
    assert json.loads(probe("bucket", "data")) | {"expiration": None} == found | {"expiration": None}
    assert sum("/oauth/token" in request for request in fake.requests()) == 1

    schema_after, [after] = rows(home)
    assert schema_after == schema
    changed = {column for column in before if before[column] != after[column]}
    assert changed == {"token", "expiration_time"}
    assert list_buckets() == ["data"]
    requests = fake.requests()
    assert not any("/oauth/token" in request or "/config" in request for request in requests), requests


def test_the_sdk_and_we_agree_on_a_passed_login(fake, home, probe, monkeypatch):
    fake.bucket(name="data", org_name="org-b", project_name="proj-d")
    config = {"token": fake.login()["access_token"], "cluster": "c1", "url": fake.api_url, "org_name": "org-b"}
    monkeypatch.setenv("NEURO_PASSED_CONFIG", base64.b64encode(json.dumps(config).encode()).decode())
    ours = json.loads(probe("bucket", "data"))
    assert not (home / ".apolo").exists(), "a passed login stays in memory"

    async def run():
        async with await apolo_sdk.get() as client:
            return str((await client.buckets.get("data")).uri)

    assert ours["url"] == asyncio.run(run()) == "blob://c1/org-b/proj-d/data"


@pytest.mark.parametrize("line", ["org-name = 'org-b'", "cluster-name = 'c2'"])
def test_the_sdk_and_we_agree_on_project_files(fake, home, probe, line):
    for cluster, org, project in [("c1", "org-a", "proj-a"), ("c1", "org-b", "proj-a"), ("c2", "org-a", "proj-a")]:
        fake.bucket(name="data", cluster=cluster, org_name=org, project_name=project)
    log_in(fake)
    (home / ".apolo.toml").write_text(f"[job]\n{line}\n")

    async def run():
        async with await apolo_sdk.get() as client:
            return str((await client.buckets.get("data")).uri)

    assert json.loads(probe("bucket", "data"))["url"] == asyncio.run(run())


def test_a_refused_login_is_one_line(fake, home, probe):
    log_in(fake)
    fake.control("PUT", "settings", {"authorized": False})
    fake.control("DELETE", "logins")
    config = {"token": "t0psecret", "cluster": "c1", "url": fake.api_url}
    passed = base64.b64encode(json.dumps(config).encode()).decode()
    (home / ".apolo/db").unlink()
    result = probe("bucket", "data", check=False, NEURO_PASSED_CONFIG=passed)
    assert result.returncode != 0 and "NotAuthenticated" in result.stderr
    assert "t0psecret" not in result.stderr and passed not in result.stderr
