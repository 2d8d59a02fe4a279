"""Google: gcp-storage-emulator, judged by google-cloud-storage. The emulator checks no credentials."""

import pathlib
import sys
import uuid

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage


def serve(port, _directory):
    program = pathlib.Path(sys.executable).with_name("gcp-storage-emulator")
    return [program, "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"], Service(port)


class Service:
    missing = "gs://missing-bucket"
    refused = None
    # The emulator is slow, and lists everything in one page.
    many = 100

    def __init__(self, port):
        endpoint = f"http://127.0.0.1:{port}"
        self.variables = {"STORAGE_EMULATOR_HOST": endpoint}
        options = {"api_endpoint": endpoint}
        self.client = storage.Client("project", credentials=AnonymousCredentials(), client_options=options)

    def make_bucket(self):
        return Bucket(self.client.create_bucket(f"bucket-{uuid.uuid4()}"))


class Bucket:
    def __init__(self, bucket):
        self.bucket, self.url = bucket, f"gs://{bucket.name}"

    def put(self, key, content):
        self.bucket.blob(key).upload_from_string(content, content_type="application/octet-stream")

    def get(self, key):
        """The content, and the identity that W&B's own client would record: of large objects the emulator tells none."""
        # Not through the blob that was looked at: the emulator's links cannot spell every name.
        return self.bucket.blob(key).download_as_bytes(), self.bucket.get_blob(key).etag

    def sizes(self):
        return {blob.name: blob.size for blob in self.bucket.list_blobs()}

    def etag_of(self, _content):
        """Google makes identities up."""
        return None

    def spells(self, _name):
        return True
