-- Schema 2. Released: never change this file; write schema-3.sql.
--
-- Decisions of DMN. The file of a graph stands alone, so that reading all heads does not walk over it.
CREATE TABLE decision_graphs (
    graph INTEGER PRIMARY KEY,
    deployment INTEGER NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    deployed_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE decision_files (
    graph INTEGER PRIMARY KEY,
    resource BLOB NOT NULL
) STRICT;

-- Files of the same deployment that the file of a graph imports; `place` is their order.
CREATE TABLE decision_imports (
    graph INTEGER NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    resource BLOB NOT NULL,
    PRIMARY KEY (graph, place)
) STRICT;

-- `place` is the decision's place in its file.
CREATE TABLE decisions (
    graph INTEGER NOT NULL,
    place INTEGER NOT NULL,
    decision INTEGER NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    version_tag TEXT,
    name TEXT NOT NULL,
    PRIMARY KEY (graph, place)
) STRICT, WITHOUT ROWID;
