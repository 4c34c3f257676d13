-- Machines that belong to the network.
CREATE TABLE enrolled_nodes (
    name        TEXT    NOT NULL PRIMARY KEY,
    role        TEXT    NOT NULL,
    site        TEXT,              -- null: where the node itself says
    hosts       TEXT    NOT NULL CHECK (json_valid(hosts)),  -- names and addresses in its surface certificate
    enrolled_at INTEGER NOT NULL,  -- Unix milliseconds, UTC, like all times here
    renewed_at  INTEGER NOT NULL,
    draining    INTEGER NOT NULL DEFAULT 0 CHECK (draining IN (0, 1)),
    revoked_at  INTEGER,
    revoked_why TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_why IS NULL))
) STRICT;

-- One-time tokens; of each only the hash.
CREATE TABLE join_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL,
    site       TEXT,
    node       TEXT,               -- the one that it is for, or null for any
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    used_by    TEXT
) STRICT;

-- Certificates that are believed no more, as long as any of them lives.
CREATE TABLE revocations (
    node  TEXT    NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;
