"""What a person does with the real `wandb`: `python actions.py VERB JSON` prints its result as one line of JSON."""

import json
import os
import sys
import time

import wandb

PROJECT = "counterpart"


def start(**arguments):
    return wandb.init(project=PROJECT, **arguments)


def artifact(name, type, folder=None, reference=None, entry=None, metadata=None, checksum=True, part_of=None):
    made = wandb.Artifact(name, type, metadata=metadata)
    if folder:
        made.add_dir(folder)
    if reference:
        made.add_reference(reference, name=entry, checksum=checksum)
    if part_of:
        # An entry of another version, as `add_reference` takes it.
        other, path = part_of
        made.add_reference(wandb.Api().artifact(f"{PROJECT}/{other}").get_path(path), name=entry)
    return made


def log(aliases=None, run=None, metrics=3, say=None, **what):
    """Logs metrics and one artifact; waits for the version that the server made of it."""
    with start(**(run or {})) as current:
        if say:
            print(say)
        for step in range(metrics):
            current.log({"loss": 1 / (step + 1)})
        logged = current.log_artifact(artifact(**what), aliases=aliases)
        logged.wait()
        return {"run": current.id, "entity": current.entity, "version": versioned(logged), "id": logged.id}


def versioned(logged):
    # 0.13 does not tell on the logged object; its name is resolved by the server.
    return getattr(logged, "version", None) or wandb.Api().artifact(f"{PROJECT}/{logged.name}").version


def use(name, into=None, run=None):
    with start(**(run or {})) as current:
        used = current.use_artifact(name)
        entries = {path: entry.ref for path, entry in used.manifest.entries.items()}
        where = used.download(root=into) if into else None
        return {"run": current.id, "entries": entries, "where": where, "digest": used.digest}


def verify(name, root):
    """Whether a folder holds the version's files, as the client judges it."""
    one = wandb.Api().artifact(f"{PROJECT}/{name}")
    one.verify(root)
    return True


def relog(name, again):
    """Logs, as another version, references to what a version refers to."""
    with start() as current:
        used = current.use_artifact(name)
        made = wandb.Artifact(again, used.type)
        for path, entry in used.manifest.entries.items():
            made.add_reference(entry.ref, name=path)
        current.log_artifact(made).wait()
        return versioned(made)


def versions(type, name):
    api = wandb.Api()
    many = getattr(api, "artifacts", None) or api.artifact_versions
    listed = list(many(type, f"{PROJECT}/{name}"))
    return [{"id": one.id, "aliases": one.aliases, "state": one.state, "size": one.size} for one in listed]


def types():
    listed = wandb.Api().artifact_types(PROJECT)
    return {one.name: [collection.name for collection in one.collections()] for one in listed}


def lineage(name):
    one = wandb.Api().artifact(f"{PROJECT}/{name}")
    return {
        "digest": one.digest,
        "metadata": one.metadata,
        "description": one.description,
        "aliases": one.aliases,
        "version": one.version,
        "logged_by": one.logged_by().id,
        "used_by": [run.id for run in one.used_by()],
    }


def run(id):
    found = wandb.Api().run(f"{PROJECT}/{id}")
    return {
        "state": found.state,
        "config": found.config,
        "summary": dict(found.summary)["loss"] if "loss" in dict(found.summary) else None,
        "tags": found.tags,
        "name": found.name,
        "job_type": found.job_type if hasattr(found, "job_type") else None,
        "notes": found.notes,
        "scanned": [row["loss"] for row in found.scan_history()],
        "history": [row["loss"] for row in found.history(pandas=False)],
        "logged": [one.name for one in found.logged_artifacts()],
        "used": [one.name for one in found.used_artifacts()],
        "files": [file.name for file in found.files()],
    }


def runs(filters=None, order=None):
    found = wandb.Api().runs(PROJECT, filters=filters, **({"order": order} if order else {}))
    return [one.name for one in found]


def fail():
    start(id="failing")
    raise RuntimeError("on purpose")


def resume(id):
    with start(id=id, resume="must") as current:
        resumed = current.starting_step
        current.log({"loss": 0.0})
        return {"step": resumed, "config": dict(current.config)}


def hold(id, until):
    """Keeps a run going until a file appears."""
    with start(id=id, config={"lr": 0.1}, tags=["mine"], notes="mine") as current:
        current.log({"loss": 1.0})
        print("a line of the training")
        while not os.path.exists(until):
            time.sleep(0.1)
        current.log({"loss": 0.5})
        return {"run": current.id}


def edit(name, aliases, description, metadata):
    one = wandb.Api().artifact(f"{PROJECT}/{name}")
    one.aliases = aliases
    one.description = description
    one.metadata.update(metadata)
    one.save()
    return True


def delete(name):
    wandb.Api().artifact(f"{PROJECT}/{name}").delete(delete_aliases=True)
    return True


def log_many(name, prefix, count):
    """Logs versions of one collection, one after the other, with contents of their own."""
    with start() as current:
        for number in range(count):
            one = wandb.Artifact(name, "model")
            with one.new_file("content.txt") as file:
                file.write(f"{prefix} {number} {time.time()}")
            current.log_artifact(one).wait()
        return True


if __name__ == "__main__":
    verb, arguments = sys.argv[1], json.loads(sys.argv[2])
    result = globals()[verb](**arguments)
    print(json.dumps(result, default=str))
