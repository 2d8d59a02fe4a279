"""A fake platform with a real S3 server behind it, and the probe that shows what our client makes of a login."""

import json
import os
import socket
import subprocess
import time
import urllib.request

import pytest


def program(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.exit(f"set {variable}, see counterparts/platform/README.md", returncode=2)
    return path


class Fake:
    """A running fake platform, steered through its control endpoints."""

    def __init__(self, process):
        self.process = process
        addresses = json.loads(process.stdout.readline())
        self.origin = addresses["origin"]
        self.api_url = addresses["api_url"]
        self.storage_origin = addresses["storage_origin"]

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.origin}/control/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def login(self, user="alice"):
        return self.control("POST", "logins", {"user": user})

    def bucket(self, **spec):
        return self.control("POST", "buckets", spec)

    def requests(self):
        return self.control("GET", "requests")


def wait_for_port(port, process):
    for _ in range(300):
        assert process.poll() is None, "the storage server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the storage server does not listen")


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = open(tmp_path_factory.mktemp("storage") / "log", "wb")
    command = [program("MOTO_SERVER"), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def fake(storage):
    command = [program("FAKE_PLATFORM"), "--storage", storage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Fake(process)
        finally:
            process.terminate()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home folder and no variable that leads elsewhere."""
    folder = tmp_path / "home"
    folder.mkdir()
    for variable in list(os.environ):
        if variable.startswith(("APOLO_", "NEURO")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def probe(home):
    def run(*arguments, check=True, **variables):
        command = [program("PLATFORM_PROBE"), *arguments]
        result = subprocess.run(
            command, env={**os.environ, **variables}, cwd=home, capture_output=True, text=True, timeout=60
        )
        if check:
            assert result.returncode == 0, result.stderr
            return result.stdout
        return result

    return run


@pytest.fixture
def wabucket(home):
    def run(*arguments, check=True, **variables):
        command = [program("WABUCKET"), "--local=registry", "--project-name", "demo", "--json", *arguments]
        result = subprocess.run(
            command, env={**os.environ, **variables}, cwd=home, capture_output=True, text=True, timeout=120
        )
        if check:
            assert result.returncode == 0, result.stderr
            return json.loads(result.stdout)
        return result

    return run


@pytest.fixture
def tree(tmp_path):
    """A folder with what folders hold: nested, hidden, empty and oddly named files, and an empty folder."""
    root = tmp_path / "tree"
    files = {"a.bin": os.urandom(70_000), "d 1/ü+%20#?.txt": b"odd", "d 1/d2/.hidden": b"", "empty.txt": b""}
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "empty folder").mkdir()
    return root


def contents(root):
    """Every path below a folder with its bytes; None for a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }
