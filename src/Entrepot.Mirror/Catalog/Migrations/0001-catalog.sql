-- One row; every change of mirrors or snapshots advances it, so that a process knows whether its view is the latest.
CREATE TABLE catalog (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO catalog (only_row, revision) VALUES (1, 0);

CREATE TABLE mirror (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    format         TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    keep_snapshots INTEGER CHECK (keep_snapshots > 0),
    keep_days      INTEGER CHECK (keep_days > 0),
    created_at     INTEGER NOT NULL   -- Unix milliseconds, UTC, as every *_at
) STRICT;

-- The piece list comes last: what is read in bulk must not touch its overflow pages.
CREATE TABLE blob (
    id          INTEGER PRIMARY KEY,
    digest      BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    size        INTEGER NOT NULL CHECK (size >= 0),
    stored_at   INTEGER NOT NULL,   -- last time it was stored or sent again
    released_at INTEGER,            -- last time a snapshot that referred to it was dropped
    crc32       INTEGER NOT NULL,
    md5         BLOB    CHECK (length(md5) = 16),
    piece_size  INTEGER NOT NULL,
    pieces      BLOB    NOT NULL
) STRICT;
CREATE INDEX blob_without_md5 ON blob (id) WHERE md5 IS NULL;

CREATE TABLE snapshot (
    mirror       INTEGER NOT NULL REFERENCES mirror (id),
    number       INTEGER NOT NULL CHECK (number > 0),
    root         BLOB    NOT NULL CHECK (length(root) = 32),
    published_at INTEGER NOT NULL,
    actor        TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    files        INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    PRIMARY KEY (mirror, number)
) STRICT, WITHOUT ROWID;

-- A file is in every snapshot n with since <= n < until; until is NULL while it is in the current one.
-- So publishing costs as many rows as files changed, however large the mirror is.
CREATE TABLE entry (
    mirror   INTEGER NOT NULL REFERENCES mirror (id),
    path     TEXT    NOT NULL,   -- compared by its UTF-8 bytes (BINARY)
    since    INTEGER NOT NULL,
    until    INTEGER CHECK (until > since),
    blob     INTEGER NOT NULL REFERENCES blob (id),
    modified INTEGER NOT NULL,   -- Unix seconds, UTC
    PRIMARY KEY (mirror, path, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_blob ON entry (blob);
