"""A user who stops the run in W&B stops the program, in a run of its own and in a run that it joined."""

import http.server
import json
import os
import subprocess
import threading

import pytest

RUN = 'query($name: String!) { project(name: "counterpart") { run(name: $name) { id state } } }'


@pytest.fixture
def slow_store(tmp_path):
    """An S3 server that takes its time with every object: it answers nothing before the test ends."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            empty = b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
            is_listing = "list-type" in self.path
            self.send_response(200 if is_listing else 404)
            self.send_header("Content-Length", str(len(empty) if is_listing else 0))
            self.end_headers()
            if is_listing:
                self.wfile.write(empty)

        def do_PUT(self):
            over.wait(60)
            self.close_connection = True

        do_DELETE = do_POST = do_PUT

        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        over.set()
        server.shutdown()


def wait_for_run(registry, name):
    for _ in range(300):
        _, answer = registry.graphql(RUN, name=name)
        if run := ((answer.get("data") or {}).get("project") or {}).get("run"):
            return run["id"]
        threading.Event().wait(0.1)
    raise AssertionError(f"run {name} did not start")


def test_the_program_stops(registry, wabucket, plain_folder, slow_store, tmp_path):
    variables = {"AWS_ENDPOINT_URL_S3": slow_store, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    environment = {**wabucket.environment, **variables, "WANDB_RUN_ID": "to-stop"}
    command = [os.environ["WABUCKET"], "--json", "--bucket", "s3://bucket", "upload", plain_folder, "-n", "n", "-t", "t"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as upload:
        id = wait_for_run(registry, "to-stop")
        registry.graphql("mutation($id: ID!) { stopRun(input: {id: $id}) { success } }", id=id)
        output, errors = upload.communicate(timeout=60)
    assert upload.returncode == 130, errors
    assert "stopped" in errors
    assert json.loads(output)["error"]
    _, answer = registry.graphql(RUN, name="to-stop")
    assert answer["data"]["project"]["run"]["state"] != "running"
