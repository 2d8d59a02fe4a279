"""Whatever `wandb` logs, the program downloads: many files, references of each kind, with and without checksums."""

import http.server
import threading

import pytest

from conftest import S3_VARIABLES


@pytest.fixture
def web(tmp_path):
    """A web server over one folder; it gives `ETag`s for what lies in `tagged/`, and none elsewhere, as many do."""
    root = tmp_path / "web"
    (root / "tagged").mkdir(parents=True)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self):
            if self.path.startswith("/tagged/"):
                self.send_header("ETag", f'"{(root / self.path[1:]).stat().st_mtime_ns}"')
            super().end_headers()

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(root))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_two_thousand_files(wabucket, client, contents, tmp_path):
    source = tmp_path / "many"
    for number in range(2000):
        file = source / f"folder {number % 10}" / f"größe {number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content {number}")
    client.do("log", name="many", type="dataset", folder=str(source))
    report = wabucket("download", "dataset", "many", "latest", "-d", tmp_path / "back")
    assert report["files"] == 2000
    assert contents(tmp_path / "back") == contents(source)


def test_a_file_reference_without_checksum(wabucket, client, plain_folder, tmp_path):
    file = plain_folder / "a.txt"
    client.do("log", name="unchecked", type="model", reference=f"file://{file}", entry="in/a.txt", checksum=False)
    wabucket("download", "model", "unchecked", "latest", "-d", tmp_path / "back")
    assert (tmp_path / "back" / "in" / "a.txt").read_text() == "hello"


@pytest.mark.parametrize("checksum", [True, False])
def test_a_reference_to_s3(wabucket, client, tmp_path, s3_endpoint, s3_bucket, checksum):
    import boto3

    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    store = boto3.client("s3", endpoint_url=s3_endpoint, **keys)
    store.put_object(Bucket=s3_bucket, Key="some folder/gr\u00fcn + x.bin", Body=b"first")
    client.environment |= {**S3_VARIABLES, "AWS_S3_ENDPOINT_URL": s3_endpoint}
    reference = f"s3://{s3_bucket}/some folder/gr\u00fcn + x.bin"
    client.do("log", name="remote", type="model", reference=reference, entry="x.bin", checksum=checksum)
    variables = {"AWS_ENDPOINT_URL_S3": s3_endpoint, **S3_VARIABLES}
    wabucket("download", "model", "remote", "latest", "-d", tmp_path / "back", **variables)
    assert (tmp_path / "back" / "x.bin").read_bytes() == b"first"
    if checksum:
        store.put_object(Bucket=s3_bucket, Key="some folder/gr\u00fcn + x.bin", Body=b"other")
        refused = wabucket.refused("download", "model", "remote", "latest", "-d", tmp_path / "again", **variables)
        assert "x.bin" in refused and "recorded" in refused
        assert not (tmp_path / "again" / "x.bin").exists()


def test_the_version_of_an_object_is_honoured(wabucket, client, tmp_path, s3_endpoint, s3_bucket):
    import boto3

    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    store = boto3.client("s3", endpoint_url=s3_endpoint, **keys)
    store.put_bucket_versioning(Bucket=s3_bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put_object(Bucket=s3_bucket, Key="x.bin", Body=b"first")
    client.environment |= {**S3_VARIABLES, "AWS_S3_ENDPOINT_URL": s3_endpoint}
    client.do("log", name="versioned", type="model", reference=f"s3://{s3_bucket}/x.bin")
    store.put_object(Bucket=s3_bucket, Key="x.bin", Body=b"second")
    variables = {"AWS_ENDPOINT_URL_S3": s3_endpoint, **S3_VARIABLES}
    wabucket("download", "model", "versioned", "latest", "-d", tmp_path / "back", **variables)
    assert (tmp_path / "back" / "x.bin").read_bytes() == b"first"


@pytest.mark.parametrize("checksum", [True, False])
def test_a_web_address(wabucket, client, web, tmp_path, checksum):
    root, url = web
    (root / "some file.bin").write_bytes(b"from the web")
    reference = f"{url}/some%20file.bin"
    client.do("log", name="web", type="model", reference=reference, entry="w.bin", checksum=checksum)
    wabucket("download", "model", "web", "latest", "-d", tmp_path / "back")
    assert (tmp_path / "back" / "w.bin").read_bytes() == b"from the web"


def test_a_web_address_with_other_content_is_refused(wabucket, client, web, tmp_path):
    root, url = web
    file = root / "tagged" / "file.bin"
    file.write_bytes(b"first")
    client.do("log", name="web", type="model", reference=f"{url}/tagged/file.bin")
    wabucket("download", "model", "web", "latest", "-d", tmp_path / "back")
    assert (tmp_path / "back" / "file.bin").read_bytes() == b"first"
    file.write_bytes(b"other")
    refused = wabucket.refused("download", "model", "web", "latest", "-d", tmp_path / "again")
    assert "file.bin" in refused and "ETag" in refused
    assert not (tmp_path / "again" / "file.bin").exists()


def test_an_entry_of_another_version(wabucket, client, folder, contents, tmp_path):
    client.do("log", name="base", type="dataset", folder=str(folder))
    client.do("log", name="derived", type="model", part_of=["base:v0", "a.txt"], entry="taken.txt")
    client.do("log", name="twice", type="model", part_of=["derived:v0", "taken.txt"], entry="again.txt")
    for name, path in (("derived", "taken.txt"), ("twice", "again.txt")):
        wabucket("download", "model", name, "latest", "-d", tmp_path / name)
        assert contents(tmp_path / name) == {path: b"hello"}
