"""The embedded registry, in which versions can be logged as the earlier tool logged them."""

import base64
import hashlib
import json
import os
import subprocess
import urllib.request

from conftest import program


class Registry:
    """The embedded registry, served; speaks as the earlier tool's W&B client does."""

    def __init__(self, home):
        command = [program("WABUCKET"), "--local=registry", "--json", "serve", "--addr", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
        told = json.loads(self.process.stdout.readline())
        self.url = told["base_url"]
        key = open(os.path.join(home, told["api_key_file"])).read().strip()
        self.authorization = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()

    def ask(self, query):
        headers = {"Content-Type": "application/json", "Authorization": self.authorization}
        request = urllib.request.Request(f"{self.url}/graphql", json.dumps({"query": query}).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def log_reference(self, name, artifact_type, alias, uri):
        """One version with the one entry that the earlier tool writes."""
        text = json.dumps
        self.ask('mutation { upsertBucket(input: {name: "old", modelName: "demo"}) { inserted } }')
        digest = hashlib.md5(f"wandb-artifact-manifest-v1\nplatform_blob:{uri}\n".encode()).hexdigest()
        artifact = self.ask(
            'mutation { createArtifact(input: {entityName: "local", projectName: "demo", runName: "old", '
            f"artifactTypeName: {text(artifact_type)}, artifactCollectionNames: [{text(name)}], "
            f'digest: "{digest}", digestAlgorithm: MANIFEST_MD5, aliases: [{{alias: {text(alias)}, '
            f"artifactCollectionName: {text(name)}}}] }}) {{ artifact {{ id }} }} }}"
        )["createArtifact"]["artifact"]["id"]
        manifest = text(
            {
                "version": 1,
                "storagePolicy": "wandb-storage-policy-v1",
                "storagePolicyConfig": {"storageLayout": "V2"},
                "contents": {"platform_blob": {"digest": uri, "ref": uri, "size": 0}},
            },
            indent=4,
        ).encode()
        md5 = base64.b64encode(hashlib.md5(manifest).digest()).decode()
        file = self.ask(
            f'mutation {{ createArtifactManifest(input: {{artifactID: "{artifact}", name: "wandb_manifest.json", '
            f'digest: "{md5}", entityName: "local", projectName: "demo", runName: "old"}}) '
            "{ artifactManifest { file { uploadUrl } } } }"
        )["createArtifactManifest"]["artifactManifest"]["file"]
        urllib.request.urlopen(urllib.request.Request(file["uploadUrl"], manifest, method="PUT"), timeout=30)
        self.ask(f'mutation {{ commitArtifact(input: {{artifactID: "{artifact}"}}) {{ artifact {{ id }} }} }}')

    def tags(self, run):
        query = f'{{ project(name: "demo", entityName: "local") {{ run(name: "{run}") {{ tags state }} }} }}'
        return self.ask(query)["project"]["run"]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
