"""What the program logs, plain `wandb` resolves and downloads by itself; what `wandb` logs, the program downloads."""

import json
import os
import socket
import subprocess
import time

import pytest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def s3_endpoint(tmp_path_factory):
    port = free_port()
    with open(tmp_path_factory.mktemp("s3") / "log", "wb") as log:
        command = [os.environ["MOTO_SERVER"], "-H", "127.0.0.1", "-p", str(port)]
        with subprocess.Popen(command, stdout=log, stderr=log) as server:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
            server.terminate()


def wait_for(port, server):
    for _ in range(300):
        assert server.poll() is None, "the S3 server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the S3 server does not listen")


S3_VARIABLES = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture
def s3_bucket(s3_endpoint):
    import boto3

    store = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    name = f"bucket-{time.time_ns()}"
    store.create_bucket(Bucket=name)
    return name


@pytest.fixture
def wabucket(registry, tmp_path):
    """The program with the served registry as its W&B, found through W&B's own variables."""

    def run(*arguments, **variables):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "WANDB_BASE_URL": registry.url,
            "WANDB_API_KEY": registry.key,
            "WANDB_PROJECT": "counterpart",
            **variables,
        }
        command = [os.environ["WABUCKET"], "--json", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def plain_folder(tmp_path):
    """Names that W&B's own handlers can spell in a reference: they cut at `#` and `?`."""
    root = tmp_path / "plain"
    (root / "sub folder" / ".hidden").mkdir(parents=True)
    (root / "a.txt").write_text("hello")
    (root / "empty").write_bytes(b"")
    (root / "sub folder" / ".hidden" / "grün + %41.bin").write_bytes(bytes(range(256)) * 4096)
    return root


def upload(wabucket, bucket, folder, **variables):
    return wabucket(
        "--bucket", bucket, "upload", folder, "-n", "ours", "-t", "dataset", "-a", "first", "-m", "k=v", **variables
    )


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
