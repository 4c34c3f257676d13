-- Terms, renewal and leak repair; blocks of adjacent ports (slot 0 is the first port of a block); what was asked, for explanations.
CREATE TABLE port_leases_new (
    node       TEXT    NOT NULL,
    service    TEXT    NOT NULL,
    protocol   TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    slot       INTEGER NOT NULL DEFAULT 0 CHECK (slot BETWEEN 0 AND 1023),
    address    TEXT    NOT NULL,
    port       INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    wanted     INTEGER          CHECK (wanted BETWEEN 0 AND 65535),
    generation INTEGER NOT NULL UNIQUE,
    granted_at INTEGER NOT NULL,  -- Unix milliseconds, UTC
    renewed_at INTEGER NOT NULL DEFAULT 0,  -- Unix milliseconds, UTC
    term       INTEGER          CHECK (term > 0),  -- milliseconds; null for a lease without end
    unseen     INTEGER NOT NULL DEFAULT 0 CHECK (unseen >= 0),  -- sightings in a row of nobody on the port of a lapsed lease
    state      TEXT    NOT NULL CHECK (state IN ('granted', 'bound', 'idle', 'lapsed')),
    reason     TEXT    NOT NULL,
    decision   TEXT    NOT NULL,
    request    TEXT             CHECK (json_valid(request)),
    PRIMARY KEY (node, service, protocol, slot)
) STRICT, WITHOUT ROWID;

INSERT INTO port_leases_new
    (node, service, protocol, slot, address, port, wanted, generation, granted_at, renewed_at, term, unseen, state, reason, decision, request)
SELECT node, service, protocol, 0, address, port, wanted, generation, granted_at, granted_at, NULL, 0, state, reason, decision, NULL FROM port_leases;

DROP TABLE port_leases;
ALTER TABLE port_leases_new RENAME TO port_leases;
CREATE UNIQUE INDEX port_leases_one_owner ON port_leases (node, protocol, port);

-- What happened on a port: who had it and how often that changed, how often it was found taken, how often it was scanned.
CREATE TABLE port_past (
    node       TEXT    NOT NULL,
    protocol   TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    port       INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    last_owner TEXT,
    owners     INTEGER NOT NULL,
    conflicts  INTEGER NOT NULL,
    scans      INTEGER NOT NULL,
    at         INTEGER NOT NULL,  -- Unix milliseconds, UTC
    PRIMARY KEY (node, protocol, port)
) STRICT, WITHOUT ROWID;

-- How full a pool was, now and then.
CREATE TABLE port_usage (
    node TEXT    NOT NULL,
    pool TEXT    NOT NULL,
    at   INTEGER NOT NULL,  -- Unix milliseconds, UTC
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (node, pool, at)
) STRICT, WITHOUT ROWID;

-- Changes with every change of who has or had which port, by whomever, and goes back with a rollback: a copy in memory with the
-- same stamp is the truth.
ALTER TABLE port_generation ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER port_leases_stamp_insert AFTER INSERT ON port_leases BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_leases_stamp_update AFTER UPDATE OF node, service, protocol, slot, port ON port_leases BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_leases_stamp_delete AFTER DELETE ON port_leases BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_releases_stamp_insert AFTER INSERT ON port_releases BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_releases_stamp_update AFTER UPDATE ON port_releases BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_past_stamp_insert AFTER INSERT ON port_past BEGIN UPDATE port_generation SET stamp = random(); END;
CREATE TRIGGER port_past_stamp_update AFTER UPDATE ON port_past BEGIN UPDATE port_generation SET stamp = random(); END;
