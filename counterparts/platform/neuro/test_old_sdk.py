"""The SDK before projects, against a server of its time: login, transfer, and its database in our hands."""

import asyncio
import json
import sqlite3
import urllib.request

import neuro_sdk
from conftest import contents
from yarl import URL


async def browser(url):
    await asyncio.to_thread(lambda: urllib.request.urlopen(str(url), timeout=10).read())


def log_in(fake):
    asyncio.run(neuro_sdk.login(browser, url=URL(fake.api_url)))


def run_with_client(work):
    async def run():
        async with await neuro_sdk.get() as client:
            return await work(client)

    return asyncio.run(run())


def old_server(fake):
    fake.control("PUT", "settings", {"rules": "owners"})


def test_it_makes_fills_and_reads_a_bucket(fake, home, probe, tree, tmp_path):
    old_server(fake)
    log_in(fake)

    async def work(client):
        bucket = await client.buckets.create("made")
        target = bucket.uri / "my model/net/v"
        await client.buckets.upload_dir(URL(tree.as_uri()), target)
        await client.buckets.download_dir(target, URL((tmp_path / "back").as_uri()))
        blobs = client.buckets.list_blobs(bucket.uri, recursive=True)
        async with blobs as listed:
            return str(target), sorted([blob.key async for blob in listed])

    reference, names = run_with_client(work)
    assert contents(tmp_path / "back") == contents(tree)
    assert reference.startswith("blob://c1/org-a/alice/made/my%20model/")
    for rules in ["owners", "scanning", "current"]:
        fake.control("PUT", "settings", {"rules": rules})
        found = json.loads(probe("resolve", reference))
        assert found["url"] == "blob://c1/org-a/alice/made"
        first = found["key_prefixes"][0]
        assert all(name.startswith(f"{first}/") for name in names), (rules, first, names)


def test_its_database_is_read_refreshed_and_read_again(fake, home, probe):
    old_server(fake)
    fake.bucket(name="data", project_name=None)
    log_in(fake)
    database = home / ".neuro/db"
    assert json.loads(probe("bucket", "data"))["url"] == "blob://c1/org-a/alice/data"

    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE main SET expiration_time = 1")
        connection.row_factory = sqlite3.Row
        before = dict(connection.execute("SELECT * FROM main").fetchone())
    fake.control("DELETE", "logins")
    fake.requests()
    probe("bucket", "data")
    assert sum("/oauth/token" in request for request in fake.requests()) == 1
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        after = dict(connection.execute("SELECT * FROM main").fetchone())
    assert {column for column in before if before[column] != after[column]} == {"token", "expiration_time"}

    async def names(client):
        async with client.buckets.list() as buckets:
            return [bucket.name async for bucket in buckets]

    assert run_with_client(names) == ["data"]
    assert not any("/oauth/token" in request for request in fake.requests())
