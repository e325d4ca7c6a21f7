-- Schema 1. Released: never change this file; write schema-2.sql.
--
-- Keys are stored as they are (positive, see base::Key); `key >> 50` is the shard. Times are
-- milliseconds since 1970. Lists of texts are JSON arrays, NULL when empty, so that SQL can look
-- into them. Blobs named `bytes` begin with a checksum (sqlite/checksum.rs).

-- One row. `id` is drawn at creation, so that fermata.mark knows its file.
CREATE TABLE store (
    shards INTEGER NOT NULL,
    id INTEGER NOT NULL
) STRICT;

-- `batches` counts the shard's committed batches.
CREATE TABLE shards (
    shard INTEGER PRIMARY KEY,
    next_block INTEGER NOT NULL,
    next_mail INTEGER NOT NULL,
    batches INTEGER NOT NULL
) STRICT;

CREATE TABLE definitions (
    definition INTEGER PRIMARY KEY,
    deployment INTEGER NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    version_tag TEXT,
    name TEXT,
    resource_name TEXT NOT NULL,
    message_starts TEXT,
    deployed_ms INTEGER NOT NULL
) STRICT;

-- What of a definition is large, so that reading all heads does not walk over it.
CREATE TABLE resources (
    definition INTEGER PRIMARY KEY,
    resource BLOB NOT NULL,
    elements TEXT
) STRICT;

CREATE TABLE definition_timers (
    definition INTEGER NOT NULL,
    element INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    PRIMARY KEY (definition, element)
) STRICT, WITHOUT ROWID;

-- What instances are of, once each: an instance names it by a small number.
CREATE TABLE models (
    model INTEGER PRIMARY KEY,
    definition INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (definition, process_id, version)
) STRICT;

CREATE TABLE instances (
    instance INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    state INTEGER NOT NULL,
    business_id TEXT,
    tags TEXT,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    incidents INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_by_model ON instances (model, state);
CREATE INDEX instances_by_start ON instances (started_ms);
CREATE INDEX instances_by_business_id ON instances (business_id, state)
    WHERE business_id IS NOT NULL;
CREATE INDEX instances_with_incidents ON instances (instance) WHERE incidents > 0;

-- A rowid table with an index: rows go to its end, whichever instance they are of, and only small
-- index entries are scattered. Without a rowid, appending to many live instances was half as fast.
CREATE TABLE log (
    instance INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (instance, seq)
) STRICT;

CREATE TABLE snapshots (
    instance INTEGER PRIMARY KEY,
    next_seq INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE key_ranges (
    first INTEGER PRIMARY KEY,
    after INTEGER NOT NULL,
    instance INTEGER NOT NULL
) STRICT;

-- A queue of jobs: a job names its shard and type by a small number.
CREATE TABLE queues (
    queue INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    job_type TEXT NOT NULL,
    UNIQUE (shard, job_type)
) STRICT;

CREATE TABLE jobs (
    job INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    definition INTEGER NOT NULL,
    element_id TEXT NOT NULL,
    owner INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    available_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    worker TEXT NOT NULL,
    error_message TEXT NOT NULL,
    error_code TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_queue ON jobs (queue, available_ms);
CREATE INDEX jobs_by_instance ON jobs (instance);

CREATE TABLE timers (
    timer INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX timers_by_due ON timers (timer >> 50, due_ms);

CREATE TABLE tasks (
    task INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    definition INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    element_id TEXT NOT NULL,
    owner INTEGER NOT NULL,
    assignee TEXT,
    candidate_groups TEXT,
    candidate_users TEXT,
    due_ms INTEGER,
    follow_up_ms INTEGER,
    priority INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX tasks_by_instance ON tasks (instance);
CREATE INDEX tasks_by_assignee ON tasks (assignee) WHERE assignee IS NOT NULL;

-- `kind_code` is the kind as base writes it; `kind` is its name, for questions.
CREATE TABLE incidents (
    incident INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    definition INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    element_id TEXT NOT NULL,
    owner INTEGER NOT NULL,
    job INTEGER,
    kind TEXT NOT NULL,
    kind_code BLOB NOT NULL,
    message TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_by_instance ON incidents (instance);

CREATE TABLE subscriptions (
    subscription INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    name TEXT NOT NULL,
    correlation_key TEXT NOT NULL,
    instance INTEGER NOT NULL,
    process_id TEXT NOT NULL,
    once INTEGER NOT NULL
) STRICT;
CREATE INDEX subscriptions_by_slot ON subscriptions (shard, name, correlation_key);

CREATE TABLE messages (
    message INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    correlation_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    kept_until_ms INTEGER NOT NULL,
    variables BLOB NOT NULL,
    correlated_to TEXT
) STRICT;
CREATE INDEX messages_by_slot ON messages (message >> 50, name, correlation_key);
CREATE INDEX messages_by_end ON messages (message >> 50, kept_until_ms);

CREATE TABLE start_locks (
    shard INTEGER NOT NULL,
    name TEXT NOT NULL,
    correlation_key TEXT NOT NULL,
    process_id TEXT NOT NULL,
    instance INTEGER NOT NULL,
    PRIMARY KEY (shard, name, correlation_key, process_id)
) STRICT, WITHOUT ROWID;

-- A rowid table: mail may be large.
CREATE TABLE mail (
    receiver INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (receiver, sender, number)
) STRICT;
