-- SCTP beside TCP and UDP. SQLite can't alter a CHECK constraint, so both tables are built anew.
CREATE TABLE port_leases_new (
    node       TEXT    NOT NULL,
    service    TEXT    NOT NULL,
    protocol   TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    address    TEXT    NOT NULL,
    port       INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    wanted     INTEGER          CHECK (wanted BETWEEN 0 AND 65535),
    generation INTEGER NOT NULL UNIQUE,
    granted_at INTEGER NOT NULL,  -- Unix milliseconds, UTC
    state      TEXT    NOT NULL CHECK (state IN ('granted', 'bound', 'idle')),
    reason     TEXT    NOT NULL,
    decision   TEXT    NOT NULL,
    PRIMARY KEY (node, service, protocol)
) STRICT, WITHOUT ROWID;

INSERT INTO port_leases_new (node, service, protocol, address, port, wanted, generation, granted_at, state, reason, decision)
SELECT node, service, protocol, address, port, wanted, generation, granted_at, state, reason, decision FROM port_leases;

DROP TABLE port_leases;
ALTER TABLE port_leases_new RENAME TO port_leases;
CREATE UNIQUE INDEX port_leases_one_owner ON port_leases (node, protocol, port);

CREATE TABLE port_releases_new (
    node        TEXT    NOT NULL,
    protocol    TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    port        INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    service     TEXT    NOT NULL,
    released_at INTEGER NOT NULL,  -- Unix milliseconds, UTC
    PRIMARY KEY (node, protocol, port)
) STRICT, WITHOUT ROWID;

INSERT INTO port_releases_new (node, protocol, port, service, released_at)
SELECT node, protocol, port, service, released_at FROM port_releases;

DROP TABLE port_releases;
ALTER TABLE port_releases_new RENAME TO port_releases;
