"""Buckets and their storage: the SDK against the fake, and what our client makes of what the SDK wrote."""

import asyncio
import json

import aiobotocore.session
import apolo_sdk
import botocore.exceptions
import pytest
from conftest import contents
from yarl import URL


def run_with_client(fake, work):
    async def run():
        if not await asyncio.to_thread(lambda: (apolo_sdk.Factory().path / "db").exists()):
            await apolo_sdk.login_with_token(fake.login()["access_token"], url=URL(fake.api_url))
        async with await apolo_sdk.get() as client:
            return await work(client)

    return asyncio.run(run())


async def keys(client, bucket):
    async with client.buckets.list_blobs(bucket.uri, recursive=True) as blobs:
        return sorted([blob.key async for blob in blobs])


async def open_store(client, bucket):
    """A plain S3 client with one set of credentials, which nobody renews."""
    given = (await client.buckets.request_tmp_credentials(bucket.id)).credentials
    store = aiobotocore.session.get_session().create_client(
        "s3",
        endpoint_url=given["endpoint_url"],
        region_name=given["region_name"],
        aws_access_key_id=given["access_key_id"],
        aws_secret_access_key=given["secret_access_key"],
        aws_session_token=given["session_token"],
    )
    return given["bucket_name"], store


def test_the_sdk_makes_fills_and_reads_a_bucket(fake, home, tree, tmp_path):
    async def work(client):
        bucket = await client.buckets.create("made")
        with pytest.raises(ValueError):
            await client.buckets.create("made")
        target = bucket.uri / "model/net/v"
        await client.buckets.upload_dir(URL(tree.as_uri()), target)
        await client.buckets.download_dir(target, URL((tmp_path / "back").as_uri()))
        names = await keys(client, bucket)
        await client.buckets.rm("made")
        with pytest.raises(apolo_sdk.ResourceNotFound):
            await client.buckets.get("made")
        return names

    names = run_with_client(fake, work)
    assert contents(tmp_path / "back") == contents(tree)
    assert {"model/net/v/", "model/net/v/empty folder/", "model/net/v/d 1/ü+%20#?.txt"} <= set(names)


async def slowly():
    """A body that takes longer than the credentials live, so that they are renewed in the middle of the upload."""
    yield b"first "
    await asyncio.sleep(2.1)
    yield b"last"


def test_credentials_end_and_the_sdk_renews_them(fake, home):
    fake.bucket(name="data")
    fake.control("PUT", "settings", {"credentials_lifetime": 2})

    async def work(client):
        bucket = await client.buckets.get("data")
        await client.buckets.put_blob(bucket.id, "k", slowly())
        name, store = await open_store(client, bucket)
        async with store as s3:
            await s3.get_object(Bucket=name, Key="k")
            await asyncio.sleep(2.1)
            with pytest.raises(botocore.exceptions.ClientError) as refused:
                await s3.get_object(Bucket=name, Key="k")
        assert refused.value.response["Error"]["Code"] == "ExpiredToken"
        async with client.buckets.fetch_blob(bucket.id, "k") as content:
            return b"".join([chunk async for chunk in content])

    assert run_with_client(fake, work) == b"first last"


def test_the_gate_allows_what_the_session_policy_allows(fake, home):
    fake.bucket(name="readable", read_only=True)
    fake.bucket(name="data")

    async def refused(call):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            await call
        assert error.value.response["Error"]["Code"] == "AccessDenied"

    async def work(client):
        name, store = await open_store(client, await client.buckets.get("readable"))
        async with store as s3:
            assert (await s3.list_objects_v2(Bucket=name))["KeyCount"] == 0
            await refused(s3.put_object(Bucket=name, Key="k", Body=b"v"))
        name, store = await open_store(client, await client.buckets.get("data"))
        async with store as s3:
            upload = (await s3.create_multipart_upload(Bucket=name, Key="k"))["UploadId"]
            await refused(s3.abort_multipart_upload(Bucket=name, Key="k", UploadId=upload))
            await refused(s3.list_parts(Bucket=name, Key="k", UploadId=upload))
            await refused(s3.list_multipart_uploads(Bucket=name))

    run_with_client(fake, work)


@pytest.mark.parametrize("folder", ["model/net/v1", "my type/na+me/al@ias", "ü/50%/a&b=c"])
def test_we_find_what_the_sdk_uploaded(fake, home, probe, tree, folder):
    made = fake.bucket(name="data")

    async def work(client):
        bucket = await client.buckets.get("data")
        target = bucket.uri / folder
        await client.buckets.upload_dir(URL(tree.as_uri()), target)
        return str(target), await keys(client, bucket)

    reference, names = run_with_client(fake, work)
    found = json.loads(probe("resolve", reference))
    assert (found["url"], found["store"]) == ("blob://c1/org-a/proj-a/data", made["real_name"])
    assert found["endpoint"] == fake.storage_origin
    first = found["key_prefixes"][0]
    assert all(name.startswith(f"{first}/") for name in names), (first, names)


@pytest.mark.parametrize("name", ["other", "bucket-6f0c3a52-7d7a-4b0e-9a55-0a4b8f6a2c11", "No Such", "ab"])
def test_what_is_no_bucket_for_the_sdk_is_none_for_us(fake, home, probe, name):
    async def work(client):
        with pytest.raises((apolo_sdk.ResourceNotFound, ValueError)):
            await client.buckets.get(name)

    run_with_client(fake, work)
    result = probe("bucket", name, check=False)
    assert result.returncode != 0
    assert "NotFound" in result.stderr or "InvalidBucketName" in result.stderr
