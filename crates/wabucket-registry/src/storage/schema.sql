-- Format 1. Times are RFC 3339 in UTC; JSON columns hold text as clients sent it.

CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (entity, name)
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    notes TEXT,
    config TEXT NOT NULL DEFAULT '{}',
    summary TEXT NOT NULL DEFAULT '{}',
    group_name TEXT,
    job_type TEXT,
    host TEXT,
    program TEXT,
    commit_hash TEXT,
    repository TEXT,
    sweep TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL,
    exit_code INTEGER,
    stop_requested INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL,
    UNIQUE (project_id, name)
);

-- The lines of a run's streams: wandb-history.jsonl, wandb-events.jsonl, output.log.
CREATE TABLE run_lines (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (run_id, file, line)
) WITHOUT ROWID;

CREATE TABLE run_files (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    name TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (run_id, name)
);

CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    run_id INTEGER REFERENCES runs (id),
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    version_index INTEGER,
    digest TEXT NOT NULL,
    digest_algorithm TEXT NOT NULL,
    description TEXT,
    metadata TEXT,
    requested_aliases TEXT NOT NULL,
    history_step INTEGER,
    client_id TEXT,
    sequence_client_id TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    file_count INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (collection_id, version_index)
);

CREATE INDEX artifacts_by_digest ON artifacts (collection_id, digest);
CREATE INDEX artifacts_by_run ON artifacts (run_id);
CREATE UNIQUE INDEX artifacts_by_client_id ON artifacts (client_id) WHERE client_id IS NOT NULL;

CREATE TABLE manifests (
    id INTEGER PRIMARY KEY,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    digest TEXT NOT NULL
);

CREATE INDEX manifests_by_artifact ON manifests (artifact_id);

CREATE TABLE aliases (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    alias TEXT NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    UNIQUE (collection_id, alias)
);

CREATE INDEX aliases_by_artifact ON aliases (artifact_id);

CREATE TABLE artifact_tags (
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (artifact_id, tag)
) WITHOUT ROWID;

CREATE TABLE inputs (
    run_id INTEGER NOT NULL REFERENCES runs (id),
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    used_as TEXT,
    PRIMARY KEY (run_id, artifact_id)
) WITHOUT ROWID;

CREATE INDEX inputs_by_artifact ON inputs (artifact_id);

-- Which artifact brought a native content first: its id stands in manifests as birthArtifactID.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    md5 TEXT NOT NULL
) WITHOUT ROWID;
