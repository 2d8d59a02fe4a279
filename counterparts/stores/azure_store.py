"""Azure: Azurite, judged by azure-storage-blob."""

import os
import uuid

import pytest
from azure.storage.blob import BlobServiceClient

ACCOUNT = "devstoreaccount1"
# The emulator's own key, which its documentation tells.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def serve(port, directory):
    program = os.environ.get("AZURITE")
    if not program:
        pytest.skip("Azurite is not installed: there is no npm here")
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--skipApiVersionCheck"]
    return [program, *options, "--disableTelemetry", "-l", str(directory)], Service(port)


class Service:
    missing = "az://missing-container"
    # More than one page of 5000 would take long; the emulator gives 1000 when it is asked for no number.
    many = 1105
    refused = {"AZURE_STORAGE_KEY": "AAAA" + KEY[4:]}

    def __init__(self, port):
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        self.variables = {
            "AZURE_STORAGE_ENDPOINT": endpoint,
            "AZURE_STORAGE_ACCOUNT": ACCOUNT,
            "AZURE_STORAGE_KEY": KEY,
        }
        self.client = BlobServiceClient(endpoint, {"account_name": ACCOUNT, "account_key": KEY})

    def make_bucket(self):
        return Bucket(self.client.create_container(f"container-{uuid.uuid4()}"))


class Bucket:
    def __init__(self, container):
        self.container, self.url = container, f"az://{container.container_name}"

    def put(self, key, content):
        self.container.upload_blob(key, content, overwrite=True)

    def get(self, key):
        """The content, and the identity that W&B's own client would record."""
        blob = self.container.get_blob_client(key)
        return blob.download_blob().readall(), blob.get_blob_properties().etag.strip('"')

    def sizes(self):
        return {blob.name: blob.size for blob in self.container.list_blobs()}

    def etag_of(self, _content):
        """Azure makes identities up."""
        return None

    def spells(self, name):
        """Azure takes a backslash for a slash."""
        return "\\" not in name
