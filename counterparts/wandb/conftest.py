"""Starts the embedded registry, and runs real `wandb` clients against it, each in a process and a home of its own."""

import base64
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ACTIONS = Path(__file__).with_name("actions.py")
START_SECONDS = 30
CLIENT_SECONDS = 150


class Registry:
    """One server process over one directory. It may be killed and started again on the same port."""

    def __init__(self, directory):
        self.directory = directory
        self.address = "127.0.0.1:0"
        self.process = None
        self.start()

    def start(self):
        command = command_line(self.directory, self.address)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        try:
            told = json.loads(line)
        except ValueError:
            self.kill()
            raise AssertionError(f"{command} printed {line!r} in place of a JSON document") from None
        self.url = told["base_url"].rstrip("/")
        self.address = self.url.removeprefix("http://")
        self.key = Path(told["api_key_file"]).read_text().strip()

    def kill(self):
        """Ends the process as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(START_SECONDS)
        self.process.stdout.close()

    def graphql(self, query, **variables):
        """Asks without a client; returns the status and the answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        credentials = base64.b64encode(f"api:{self.key}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
        request = urllib.request.Request(self.url + "/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)


def command_line(directory, address):
    template = os.environ.get("WABUCKET_REGISTRY_COMMAND")
    if template:
        return [part.format(directory=directory, address=address) for part in shlex.split(template)]
    return [os.environ["WABUCKET"], "--json", f"--local={directory}", "serve", "--addr", address]


class Client:
    """Runs the verbs of `actions.py` in a process each, as different people on different machines would."""

    def __init__(self, registry, home):
        self.home = home
        home.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "WANDB_API_KEY": registry.key,
            "WANDB_BASE_URL": registry.url,
            "WANDB_DIR": str(home),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
        }

    def start(self, verb, **arguments):
        command = [sys.executable, str(ACTIONS), verb, json.dumps(arguments)]
        return subprocess.Popen(
            command, cwd=self.home, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self, process):
        output, errors = process.communicate(timeout=CLIENT_SECONDS)
        assert process.returncode == 0, f"{output}\n{errors}"
        return json.loads(output.strip().splitlines()[-1])

    def do(self, verb, **arguments):
        return self.finish(self.start(verb, **arguments))

    def refused(self, verb, **arguments):
        """Runs a verb that has to fail, and returns what the client said."""
        process = self.start(verb, **arguments)
        output, errors = process.communicate(timeout=CLIENT_SECONDS)
        assert process.returncode != 0, output
        return output + errors


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "registry")
    yield server
    server.kill()


@pytest.fixture
def client(registry, tmp_path):
    return Client(registry, tmp_path / "client")


@pytest.fixture
def other_client(registry, tmp_path):
    return Client(registry, tmp_path / "other client")


@pytest.fixture
def folder(tmp_path):
    """Files of the awkward kinds: in a folder, empty, with spaces and umlauts in the name, larger than a buffer."""
    source = tmp_path / "source"
    (source / "sub folder").mkdir(parents=True)
    (source / "a.txt").write_text("hello")
    (source / "empty").write_bytes(b"")
    (source / "sub folder" / "grün #1.bin").write_bytes(bytes(range(256)) * 4096)
    return source


@pytest.fixture
def contents():
    """Reads a folder: bytes by relative path."""

    def read(root):
        files = (path for path in Path(root).rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    return read


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


@pytest.fixture(scope="module")
def google(tmp_path_factory):
    pytest.importorskip("google.cloud.storage", reason="only the newest client is tried with Google's")
    port = free_port()
    command = [os.environ["GCS_EMULATOR"], "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"]
    with open(tmp_path_factory.mktemp("gcs") / "log", "wb") as log:
        with subprocess.Popen(command, stdout=log, stderr=log) as server:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
            server.terminate()


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


class Program:
    """The program with the served registry as its W&B, found through W&B's own variables."""

    def __init__(self, registry, home):
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "WANDB_BASE_URL": registry.url,
            "WANDB_API_KEY": registry.key,
            "WANDB_PROJECT": "counterpart",
        }

    def run(self, arguments, variables):
        command = [os.environ["WABUCKET"], "--json", *map(str, arguments)]
        environment = {**self.environment, **variables}
        return subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True, timeout=120)

    def __call__(self, *arguments, **variables):
        done = self.run(arguments, variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments, **variables):
        """Runs a verb that has to fail, and returns what the program said."""
        done = self.run(arguments, variables)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture
def wabucket(registry, tmp_path):
    return Program(registry, tmp_path)


@pytest.fixture
def plain_folder(tmp_path):
    """Names that W&B's own handlers can spell in a reference: they cut at `#` and `?`."""
    root = tmp_path / "plain"
    (root / "sub folder" / ".hidden").mkdir(parents=True)
    (root / "a.txt").write_text("hello")
    (root / "empty").write_bytes(b"")
    (root / "sub folder" / ".hidden" / "grün + %41.bin").write_bytes(bytes(range(256)) * 4096)
    return root
