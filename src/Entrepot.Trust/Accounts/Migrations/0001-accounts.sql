CREATE TABLE account (
    name            TEXT    PRIMARY KEY,
    roles           TEXT    NOT NULL,     -- words separated by commas
    created_at      INTEGER NOT NULL,     -- Unix milliseconds, UTC, as all times
    created_by      TEXT    NOT NULL,
    disabled        INTEGER NOT NULL DEFAULT 0,
    password        TEXT,                 -- see PasswordHash; null until the invitation is accepted
    second_factor   BLOB,                 -- key of the one-time passwords under the node's sealing key; null as above
    last_step       INTEGER NOT NULL DEFAULT 0,   -- RFC 6238 time step of the last one-time password that was taken
    recovery        TEXT    NOT NULL DEFAULT '',  -- SHA-256 of each recovery code that is left, in hex, separated by commas
    failures        INTEGER NOT NULL DEFAULT 0,   -- in a row
    locked_until    INTEGER,
    invitation      TEXT,                 -- SHA-256 of the invitation, in hex; null when none is open
    invited_until   INTEGER
) STRICT;
