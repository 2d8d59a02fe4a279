"""A moto server on loopback, a boto3 client for it, and our program under test."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import uuid

import boto3
import pytest

KEY, SECRET = "test-key", "test-secret"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port: int, server: subprocess.Popen) -> None:
    for _ in range(300):
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not start within 30 s")


@pytest.fixture(scope="session")
def endpoint():
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def s3(endpoint):
    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )


@pytest.fixture
def bucket(s3):
    name = f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def transfer(endpoint):
    """Runs the example program of the transfer crate; `WABUCKET_TRANSFER` is its path."""
    program = os.environ.get("WABUCKET_TRANSFER")
    if not program:
        pytest.skip("WABUCKET_TRANSFER does not name the example program")
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }

    def run(*arguments: object, check: bool = True) -> dict | str:
        command = [pathlib.Path(program).resolve(), *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        assert done.returncode != 0
        return done.stderr

    return run
