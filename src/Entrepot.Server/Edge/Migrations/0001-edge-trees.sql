-- What an edge has learnt: which snapshot of each mirror it met last, and which blob each path named when it was asked for.
CREATE TABLE edge_mirrors (
    edge       TEXT    NOT NULL,
    mirror     TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    root       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,  -- of the mirror: one of the same name made later is another; ticks, UTC
    PRIMARY KEY (edge, mirror)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge_paths (
    id       INTEGER PRIMARY KEY,  -- the oldest go first
    edge     TEXT    NOT NULL,
    mirror   TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    snapshot INTEGER NOT NULL,
    digest   TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,  -- ticks, UTC
    FOREIGN KEY (edge, mirror) REFERENCES edge_mirrors (edge, mirror) ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX edge_paths_by_path ON edge_paths (edge, mirror, path);
