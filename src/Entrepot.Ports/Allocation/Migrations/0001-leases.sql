-- One row for each service that has a port. The unique index is the last word on who has which port.
CREATE TABLE port_leases (
    node       TEXT    NOT NULL,
    service    TEXT    NOT NULL,
    protocol   TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp')),
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

CREATE UNIQUE INDEX port_leases_one_owner ON port_leases (node, protocol, port);

-- Ports given back, for the time of their cool-down.
CREATE TABLE port_releases (
    node        TEXT    NOT NULL,
    protocol    TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp')),
    port        INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    service     TEXT    NOT NULL,
    released_at INTEGER NOT NULL,  -- Unix milliseconds, UTC
    PRIMARY KEY (node, protocol, port)
) STRICT, WITHOUT ROWID;

-- The generation of the newest grant, whichever service it went to; it never goes back, so that an old owner can be fenced off.
CREATE TABLE port_generation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    last     INTEGER NOT NULL
) STRICT;

INSERT INTO port_generation (only_row, last) VALUES (1, 0);
