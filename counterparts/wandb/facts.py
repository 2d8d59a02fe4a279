"""What a recording says, as facts: `where -> values`, free of what changes from run to run."""

import json
import re

import graphql
import yaml

# Members that only say which run it was, when, where, or on what machine: their kind is compared, not they themselves.
CHANGING = set(
    "id artifactID baseArtifactID artifactManifestID clientID sequenceClientID runName host jobProgram program root "
    "executable startedAt _runtime _timestamp runtime seconds bytes_per_second writerId local_path birthArtifactID "
    "ref md5 blake3 cli_version python_version os python start_time heartbeatAt username output.log[] args[]".split()
)
CHANGING_PLACES = re.compile(
    r"UpsertBucket\.upsertBucket\(input\.name\)|\(input\.digest\)$|\._wandb\.value\.[te]\.|"
    r"^CreateRunFiles\.createRunFiles\(input\.runName|bucket\(name\)"
)
HARDWARE = ("cpu", "gpu", "disk", "memory")
WRITER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_changing(place):
    leaf = "output.log[]" if place.endswith("output.log[]") else re.split(r"[.(]", place.rstrip(")"))[-1]
    return leaf in CHANGING or bool(CHANGING_PLACES.search(place))


class Facts(dict):
    """Values by place."""

    def add(self, place, value):
        place = WRITER.sub("WRITER", place)
        shown = type(value).__name__ if is_changing(place) else json.dumps(value, ensure_ascii=False)
        self.note(place, shown)

    def note(self, place, word):
        self.setdefault(place, set()).add(word)

    def add_tree(self, place, value):
        """Every leaf of a JSON value. A member that is null is taken as one that is not there."""
        if isinstance(value, dict) and value:
            for key, member in value.items():
                self.add_tree(f"{place}.{key}" if place else key, member)
        elif isinstance(value, list) and value:
            for member in value:
                self.add_tree(f"{place}[]", member)
        elif value is not None:
            self.add(place, value)


def facts_of(exchanges):
    facts = Facts()
    for exchange in exchanges:
        path = exchange.path.split("?")[0]
        if path == "/graphql":
            add_operation(facts, exchange.json())
            add_headers(facts, "graphql", exchange)
        elif path.endswith("/file_stream"):
            add_filestream(facts, exchange.json())
            add_headers(facts, "filestream", exchange)
        elif exchange.method == "PUT":
            add_upload(facts, path, exchange)
        elif exchange.method in ("GET", "HEAD"):
            add_headers(facts, "download", exchange)
        else:
            facts.note(f"{exchange.method} {path}", "asked")
    return facts


def add_headers(facts, kind, exchange):
    for name in ("authorization", "content-type", "content-md5"):
        if value := exchange.headers.get(name):
            facts.note(f"{kind}: header {name}", value.split()[0] if name == "authorization" else "sent")


def add_operation(facts, body):
    """An operation's arguments as the server gets them, however the document spells them, and what it selects."""
    document = graphql.parse(body["query"])
    variables = body.get("variables") or {}
    fragments = {part.name.value: part for part in document.definitions if part.kind == "fragment_definition"}
    operation = next(part for part in document.definitions if part.kind == "operation_definition")
    name = operation.name.value
    if name == "RunStoppedStatus":
        # Asked now and then: how often, and whether at all, is a matter of time.
        return
    facts.note(f"{name}", "asked")
    walk(facts, name, operation.selection_set, variables, fragments)


def walk(facts, place, selections, variables, fragments):
    for selection in selections.selections if selections else ():
        if selection.kind == "fragment_spread":
            walk(facts, place, fragments[selection.name.value].selection_set, variables, fragments)
        elif selection.kind == "inline_fragment":
            walk(facts, place, selection.selection_set, variables, fragments)
        elif selection.name.value != "__typename":
            field = f"{place}.{selection.name.value}"
            for argument in selection.arguments or ():
                value = resolve(argument.value, variables)
                add_argument(facts, f"{field}({argument.name.value}", value)
            if selection.selection_set is None:
                facts.note(field, "selected")
            walk(facts, field, selection.selection_set, variables, fragments)


def resolve(node, variables):
    if node.kind == "variable":
        return variables.get(node.name.value)
    if node.kind == "object_value":
        return {field.name.value: resolve(field.value, variables) for field in node.fields or ()}
    if node.kind == "list_value":
        return [resolve(value, variables) for value in node.values]
    return graphql.value_from_ast_untyped(node)


def add_argument(facts, place, value):
    if isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, str) and key in ("config", "metadata", "summaryMetrics"):
                facts.add_tree(f"{place}.{key})", json.loads(member))
            else:
                add_argument(facts, f"{place}.{key}", member)
    elif isinstance(value, list):
        for member in value:
            add_argument(facts, f"{place}[]", member)
    elif value is not None:
        facts.add(f"{place})", value)


def add_filestream(facts, body):
    for key, value in (body or {}).items():
        if key != "files":
            facts.add_tree(f"filestream.{key}", value)
    for name, chunk in ((body or {}).get("files") or {}).items():
        if name == "wandb-events.jsonl":
            # System metrics: a short run may have none, and each machine has its own.
            continue
        for line in chunk["content"]:
            try:
                facts.add_tree(f"filestream.{name}", json.loads(line))
            except ValueError:
                facts.add(f"filestream.{name}[]", line)


def add_upload(facts, path, exchange):
    """A run's file, a manifest, or the content of an artifact's file."""
    content = exchange.json()
    if isinstance(content, dict) and "storagePolicy" in content:
        add_headers(facts, "manifest upload", exchange)
        for entry in content.pop("contents").values():
            facts.add_tree("manifest.contents[]", entry)
        facts.add_tree("manifest", content)
        return
    name = path.rsplit("/", 1)[-1]
    add_headers(facts, f"upload of {name}" if name.endswith((".json", ".yaml", ".log", ".txt")) else "upload of a file", exchange)
    if name == "wandb-metadata.json":
        # Each machine has its own hardware, and each client tells other parts of it.
        content = {key: value for key, value in content.items() if not key.startswith(HARDWARE)}
    if name.endswith(".json"):
        facts.add_tree(name, content)
    elif name.endswith(".yaml"):
        facts.add_tree(name, yaml.safe_load(exchange.body))
