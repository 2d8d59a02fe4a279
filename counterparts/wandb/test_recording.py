"""What the program sends for an action, compared field by field with what `wandb` sends for the same action.

Each difference is a line of `docs/wandb-differences/VERSION.md` with its reason. A new one fails here, and so does one that is
listed and no longer there.
"""

import pathlib

import pytest
import wandb
from conftest import Program, Registry
from facts import facts_of
from recorder import Recorder

LISTED = pathlib.Path(__file__).parents[2] / "docs" / "wandb-differences" / f"{wandb.__version__}.md"
NONE = "-"


@pytest.fixture
def recorded(registry, client, plain_folder, tmp_path):
    """The facts of both sides, over the same actions: log references, log files, log them again, use and download."""
    (tmp_path / "bucket").mkdir()
    theirs = record(registry, client, lambda: by_client(client, plain_folder, tmp_path))
    other = Registry(tmp_path / "other registry")
    try:
        program = Program(other, tmp_path)
        ours = record(other, program, lambda: by_program(program, plain_folder, tmp_path))
    finally:
        other.kill()
    return ours, theirs


def record(registry, actor, actions):
    with Recorder(registry.url) as recorder:
        actor.environment["WANDB_BASE_URL"] = recorder.url
        actions()
        return facts_of(list(recorder.exchanges))


def by_client(client, folder, tmp_path):
    run = {"name": "my run", "job_type": "upload", "tags": ["a"], "group": "g", "notes": "n", "config": {"lr": "0.1"}}
    what = {"type": "model", "metadata": {"k": "v"}, "metrics": 0, "run": run, "say": "a line"}
    client.do("log", name="references", reference=f"file://{folder}", aliases=["first"], **what)
    client.do("log", name="files", folder=str(folder), aliases=["first"], **what)
    client.do("log", name="files", folder=str(folder), aliases=["again"], **what)
    client.do("use", name="files:first", into=str(tmp_path / "theirs"), run=run)


def by_program(program, folder, tmp_path):
    run = {"NAME": "my run", "JOB_TYPE": "upload", "TAGS": "a", "RUN_GROUP": "g", "NOTES": "n"}
    variables = {f"WANDB_{name}": value for name, value in run.items()}
    what = ["-t", "model", "-m", "k=v", "--run-args", "lr=0.1", "-a"]
    bucket = f"--bucket=file://{tmp_path}/bucket"
    program(bucket, "upload", folder, "-n", "references", *what, "first", **variables)
    for alias in ("first", "again"):
        program("upload", folder, "-n", "files", "--no-reff", *what, alias, **variables)
    program("download", "model", "files", "first", "-d", tmp_path / "ours", "--run-args", "lr=0.1", **variables)


def differences(ours, theirs):
    """`fact -> (ours, theirs)`, where they differ."""
    found = {}
    for place in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(place, set()), theirs.get(place, set())
        if mine != other:
            found[place] = tuple("; ".join(sorted(values)) or NONE for values in (mine, other))
    return found


def listed():
    """The rows of the document's tables: `(fact, ours, theirs)`."""
    rows = []
    for line in LISTED.read_text().splitlines():
        if line.startswith("| `"):
            fact, ours, theirs, reason = (cell.strip().strip("`") for cell in line.strip("| ").split(" | "))
            assert reason, f"{fact} has no reason"
            rows.append((fact, ours, theirs))
    return rows


def says(row, fact, values):
    """A row whose fact ends in `.*` stands for all that only one side has below it."""
    place, *sides = row
    if place.endswith(".*"):
        is_below = fact == place[:-2] or fact.startswith((place[:-1], f"{place[:-2]}("))
        return is_below and [side == NONE for side in sides] == [value == NONE for value in values]
    return place == fact and tuple(sides) == values


def test_every_difference_is_listed(recorded):
    found, rows = differences(*recorded), listed()
    new = [item for item in found.items() if not any(says(row, *item) for row in rows)]
    gone = [row[0] for row in rows if not any(says(row, *item) for item in found.items())]
    shown = "\n".join(f"| `{fact}` | `{ours}` | `{theirs}` | |" for fact, (ours, theirs) in new)
    assert not new, f"differences that are not listed:\n{shown}"
    assert not gone, f"listed differences that are no more: {gone}"
