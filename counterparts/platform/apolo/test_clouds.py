"""Platform buckets on Azure and Google, with real servers behind them."""

import base64
import datetime
import json
import os
import socket
import subprocess
import threading
import urllib.request

import pytest
from azure.storage.blob import BlobServiceClient, generate_container_sas
from conftest import contents, program, wait_for_port
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from test_buckets import run_with_client
from yarl import URL

ACCOUNT = "devstoreaccount1"
# The emulator's own key, which its documentation tells.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    if not os.environ.get("AZURITE"):
        pytest.skip("Azurite is not installed: there is no npm here")
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--skipApiVersionCheck"]
    command = [os.environ["AZURITE"], *options, "--disableTelemetry", "-l", str(tmp_path_factory.mktemp("azurite"))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        process.terminate()


@pytest.fixture(scope="session")
def google():
    port = free_port()
    command = [program("GCS_EMULATOR"), "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def sas(container, **life):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**life)
    return generate_container_sas(ACCOUNT, container, account_key=KEY, permission="rwdlc", expiry=end), end


def log_in(fake):
    async def work(client):
        return client.username

    run_with_client(fake, work)


def upload(wabucket, bucket, tree, alias="first", **variables):
    return wabucket("--bucket", bucket, "upload", str(tree), "-n", "net", "-t", "model", "-a", alias, **variables)


@pytest.mark.parametrize("kind", ["account key", "shared access signature"])
def test_azure(fake, home, tree, tmp_path, wabucket, azurite, kind):
    log_in(fake)
    name = "azure"
    service = BlobServiceClient(azurite, {"account_name": ACCOUNT, "account_key": KEY})
    container = service.create_container(f"real-{os.urandom(4).hex()}")
    credentials = {"storage_endpoint": azurite, "bucket_name": container.container_name, "credential": KEY}
    if kind == "shared access signature":
        token, end = sas(container.container_name, hours=1)
        del credentials["credential"]
        credentials |= {"sas_token": token, "expiry": end.isoformat()}
    fake.bucket(name=name, provider="azure", credentials=credentials)
    upload(wabucket, name, tree)
    blobs = {blob.name for blob in container.list_blobs()}
    assert {"model/net/first/a.bin", "model/net/first/d 1/ü+%20#?.txt", "model/net/first/empty folder/"} <= blobs
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)

    # The SDK cannot download empty blobs from Azure.
    for empty in ("empty.txt", "d 1/d2/.hidden"):
        (tree / empty).write_text("not empty")
    uploaded = upload(wabucket, name, tree, alias="second")

    async def work(client):
        await client.buckets.download_dir(URL(uploaded["location"]), URL((tmp_path / "sdk").as_uri()))
        await client.buckets.upload_dir(URL(tree.as_uri()), (await client.buckets.get(name)).uri / "theirs")

    run_with_client(fake, work)
    assert contents(tmp_path / "sdk") == contents(tree)
    wabucket("--bucket", name, "link", "theirs", "-n", "linked", "-t", "model", "-a", "x")
    wabucket("download", "model", "linked", "x", "-d", str(tmp_path / "linked"))
    assert contents(tmp_path / "linked") == contents(tree)


def test_a_signature_that_ends_in_seconds_is_renewed_in_the_middle(fake, home, tmp_path, wabucket, azurite):
    log_in(fake)
    service = BlobServiceClient(azurite, {"account_name": ACCOUNT, "account_key": KEY})
    container = service.create_container(f"real-{os.urandom(4).hex()}").container_name

    def members():
        token, end = sas(container, seconds=3)
        return {"storage_endpoint": azurite, "bucket_name": container, "sas_token": token, "expiry": end.isoformat()}

    made = fake.bucket(name="short", provider="azure", credentials=members())
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3000):
        (source / f"file {number}").write_bytes(os.urandom(2000))
    done = threading.Event()

    def renew():
        while not done.wait(0.5):
            fake.control("PUT", f"buckets/{made['id']}/credentials", members())

    threading.Thread(target=renew, daemon=True).start()
    fake.requests()
    try:
        report = upload(wabucket, "short", source)
        asked = [request for request in fake.requests() if "make_tmp_credentials" in request]
        wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"))
    finally:
        done.set()
    # Once when the bucket is opened, once for the first request, and then for each signature that nears its end.
    assert len(asked) > 2, (report["seconds"], asked)
    assert contents(tmp_path / "back") == contents(source)


def service_account():
    """The key of a service account that nobody knows: the emulator takes any."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
    members = {"type": "service_account", "private_key": pem, "private_key_id": "k", "client_email": "a@b"}
    return base64.b64encode(json.dumps(members).encode()).decode()


@pytest.mark.parametrize("kind", ["access token", "service account"])
def test_google(fake, home, tree, tmp_path, wabucket, google, kind):
    log_in(fake)
    real_name = f"real-{os.urandom(4).hex()}"
    request = urllib.request.Request(
        f"{google}/storage/v1/b?project=p", json.dumps({"name": real_name}).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    credentials = {"bucket_name": real_name, "project": "p"}
    if kind == "access token":
        credentials |= {"access_token": "t", "expire_time": end.isoformat()}
    else:
        credentials["key_data"] = service_account()
    fake.bucket(name="google", provider="gcp", credentials=credentials)
    upload(wabucket, "google", tree, STORAGE_EMULATOR_HOST=google)
    with urllib.request.urlopen(f"{google}/storage/v1/b/{real_name}/o", timeout=10) as answer:
        names = {item["name"] for item in json.load(answer)["items"]}
    assert {"model/net/first/a.bin", "model/net/first/d 1/ü+%20#?.txt", "model/net/first/empty folder/"} <= names
    wabucket("download", "model", "net", "first", "-d", str(tmp_path / "back"), STORAGE_EMULATOR_HOST=google)
    assert contents(tmp_path / "back") == contents(tree)
