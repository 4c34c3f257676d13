-- What an edge has learnt of its mirrors: the two newest snapshots of each, and the paths it was asked for.
CREATE TABLE edge_trees (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which the edge met them
    edge       TEXT    NOT NULL,
    mirror     TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    root       TEXT    NOT NULL,
    created_at INTEGER NOT NULL  -- of the mirror; ticks, UTC
) STRICT;

CREATE INDEX edge_trees_by_mirror ON edge_trees (edge, mirror);

CREATE TABLE edge_paths (
    tree     INTEGER NOT NULL REFERENCES edge_trees (id) ON DELETE CASCADE,
    path     TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,  -- ticks, UTC
    PRIMARY KEY (tree, path)
) STRICT, WITHOUT ROWID;
