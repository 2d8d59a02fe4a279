"""Google's resumable uploads when a piece, or the answer to it, is lost on the way."""

import http.client
import http.server
import threading
import urllib.parse

import pytest

pytest.importorskip("gcp_storage_emulator", reason="only Google has resumable uploads")


class Proxy:
    """Forwards to the server; every second piece of an upload meets with `fault` once."""

    def __init__(self, origin, fault):
        self.origin, self.fault, self.faults, self.seen = urllib.parse.urlsplit(origin).netloc, fault, 0, set()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                proxy.pass_on(self)

            do_GET = do_POST = do_PUT = do_DELETE = pass_on

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        piece = request.headers.get("Content-Range", "")
        is_due = request.command == "PUT" and piece.startswith("bytes 8388608-") and piece not in self.seen
        if is_due:
            self.seen.add(piece)
            self.faults += 1
        if is_due and self.fault == "piece":
            return self.answer(request, 503, [], b"")
        upstream = http.client.HTTPConnection(self.origin, timeout=60)
        upstream.request(request.command, request.path, body, dict(request.headers))
        answer = upstream.getresponse()
        status, headers, content = answer.status, answer.getheaders(), answer.read()
        upstream.close()
        if is_due and self.fault == "answer":
            return self.answer(request, 503, [], b"")
        if is_due and self.fault == "connection":
            request.close_connection = True
            return request.connection.close()
        self.answer(request, status, headers, content)

    def answer(self, request, status, headers, content):
        request.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@pytest.mark.parametrize("fault", ["piece", "answer", "connection"])
def test_what_is_lost_is_sent_again_from_where_the_store_is(service, bucket, transfer, tmp_path, fault):
    (tmp_path / "up").mkdir()
    content = bytes(range(256)) * (30 * 4096)
    (tmp_path / "up" / "large").write_bytes(content)
    proxy = Proxy(service.variables["STORAGE_EMULATOR_HOST"], fault)
    transfer("upload", tmp_path / "up", bucket.url, "p", STORAGE_EMULATOR_HOST=proxy.url)
    proxy.server.shutdown()
    assert proxy.faults == 1
    assert bucket.get("p/large")[0] == content
