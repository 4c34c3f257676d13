CREATE TABLE token_key (
    kid        TEXT    PRIMARY KEY,  -- RFC 7638 thumbprint
    created_at INTEGER NOT NULL,     -- Unix milliseconds, UTC, as all times
    retires_at INTEGER,              -- verifies nothing from then on; null for the one that signs
    sealed     BLOB    NOT NULL      -- PKCS #8 under the node's sealing key
) STRICT;

CREATE TABLE token (
    id         TEXT    PRIMARY KEY,  -- jti
    name       TEXT    NOT NULL,
    roles      TEXT    NOT NULL,     -- words separated by commas
    mirrors    TEXT    NOT NULL,     -- names separated by commas; empty for all
    kid        TEXT    NOT NULL,
    issued_at  INTEGER NOT NULL,
    issued_by  TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_by TEXT
) STRICT;
