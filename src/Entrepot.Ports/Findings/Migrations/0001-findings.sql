-- Differences between what ports should be and what they are. A row stays when it is resolved, so that it can be reopened and counted.
CREATE TABLE port_findings (
    id              INTEGER PRIMARY KEY,
    node            TEXT    NOT NULL,
    protocol        TEXT    NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
    port            INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    kind            TEXT    NOT NULL,
    service         TEXT,
    summary         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('new', 'acknowledged', 'fixing', 'resolved', 'reopened')),
    first_seen_at   INTEGER NOT NULL,  -- Unix milliseconds, UTC, like all times here
    opened_at       INTEGER NOT NULL,  -- first sighting since it was last resolved
    last_seen_at    INTEGER NOT NULL,
    resolved_at     INTEGER,
    times_reopened  INTEGER NOT NULL DEFAULT 0,
    note            TEXT,
    noted_by        TEXT,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    UNIQUE (node, port, protocol, kind)
) STRICT;

CREATE INDEX port_findings_open ON port_findings (node, state);
