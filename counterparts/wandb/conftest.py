"""Starts the embedded registry, and runs real `wandb` clients against it, each in a process and a home of its own."""

import base64
import json
import os
import shlex
import signal
import subprocess
import sys
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
