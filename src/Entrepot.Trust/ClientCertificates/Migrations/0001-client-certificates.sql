-- Certificates of clients that are no nodes, until they end by themselves.
CREATE TABLE client_certificates (
    serial     TEXT    PRIMARY KEY,  -- hexadecimal
    name       TEXT    NOT NULL,
    roles      TEXT    NOT NULL,     -- words separated by commas
    mirrors    TEXT    NOT NULL,     -- names separated by commas; empty for all
    issued_at  INTEGER NOT NULL,     -- Unix milliseconds, UTC, as all times
    issued_by  TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_by TEXT
) STRICT;

CREATE INDEX client_certificates_name ON client_certificates (name);
