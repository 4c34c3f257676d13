CREATE TABLE change_key (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    sealed     BLOB    NOT NULL      -- Ed25519 private key under the node's sealing key
) STRICT;

CREATE TABLE change (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    document           TEXT    NOT NULL,
    base               TEXT    NOT NULL,  -- SHA-256 of base_bytes
    base_bytes         BLOB    NOT NULL,
    content            TEXT    NOT NULL,  -- SHA-256 of content_bytes
    content_bytes      BLOB    NOT NULL,
    effect             TEXT    NOT NULL,  -- JSON, as it was computed last
    state              TEXT    NOT NULL,
    proposed_by        TEXT    NOT NULL,
    persons            TEXT    NOT NULL,  -- names of everybody whom the proposer may be, separated by commas
    reason             TEXT    NOT NULL,
    proposed_at        INTEGER NOT NULL,  -- Unix milliseconds, UTC, as all times
    expires_at         INTEGER NOT NULL,
    approved_by        TEXT,
    approved_at        INTEGER,
    approved_until     INTEGER,
    approval           TEXT,              -- the signed statement
    approval_signature BLOB,
    ended_by           TEXT,              -- rejected, superseded
    ended_at           INTEGER,
    ended_why          TEXT,
    applied_by         TEXT,
    applied_at         INTEGER,
    glass_why          TEXT,              -- why it was applied without approval
    glass_persons      TEXT,
    review_due         INTEGER,
    reviewed_by        TEXT,
    reviewed_at        INTEGER,
    review             TEXT,
    review_signature   BLOB
) STRICT;

CREATE INDEX change_open ON change (document, state);

CREATE TABLE change_accepted (
    document TEXT    PRIMARY KEY,
    digest   TEXT    NOT NULL,
    bytes    BLOB    NOT NULL,
    change   INTEGER,                -- by which change; null for what was found at the first start
    at       INTEGER NOT NULL
) STRICT;
