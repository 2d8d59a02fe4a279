"""A real server of one kind of store on loopback, its provider's own client for it, and our program under test.

Which kind it is depends on the client that is installed: each set of requirements has one.
"""

import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest

if importlib.util.find_spec("boto3"):
    from s3_store import serve
elif importlib.util.find_spec("gcp_storage_emulator"):
    from gcs_store import serve
else:
    from azure_store import serve


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
def service(tmp_path_factory):
    """The running server: makes buckets, and says how it is reached."""
    port = free_port()
    command, service = serve(port, tmp_path_factory.mktemp("server"))
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        yield service
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def bucket(service):
    """An empty bucket: `url`, `put`, `get`, `sizes`."""
    return service.make_bucket()


@pytest.fixture(scope="session")
def transfer(service):
    """Runs the example program of the transfer crate; `WABUCKET_TRANSFER` is its path."""
    program = os.environ.get("WABUCKET_TRANSFER")
    if not program:
        pytest.skip("WABUCKET_TRANSFER does not name the example program")

    def run(*arguments: object, check: bool = True, **variables: str) -> dict | str:
        command = [pathlib.Path(program).resolve(), *map(str, arguments)]
        environment = {"PATH": os.environ["PATH"], **service.variables, **variables}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        assert done.returncode != 0
        return done.stderr

    return run
