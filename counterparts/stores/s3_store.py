"""S3: moto, judged by boto3."""

import hashlib
import sys
import uuid

import boto3

KEY, SECRET = "test-key", "test-secret"


def serve(port, _directory):
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], Service(port)


class Service:
    missing = "s3://missing-bucket"
    many = 1105
    # A second secret that the server does not refuse: moto checks none.
    refused = None

    def __init__(self, port):
        endpoint = f"http://127.0.0.1:{port}"
        self.variables = {
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
        )

    def make_bucket(self):
        name = f"bucket-{uuid.uuid4()}"
        self.client.create_bucket(Bucket=name)
        return Bucket(self.client, name)


class Bucket:
    def __init__(self, client, name):
        self.client, self.name, self.url = client, name, f"s3://{name}"

    def put(self, key, content):
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def get(self, key):
        """The content, and the identity that W&B's own client would record."""
        answer = self.client.get_object(Bucket=self.name, Key=key)
        return answer["Body"].read(), answer["ETag"].strip('"')

    def sizes(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}

    def etag_of(self, content):
        """What the identity of a small object must be."""
        return hashlib.md5(content).hexdigest()

    def spells(self, _name):
        return True
