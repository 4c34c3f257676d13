-- What the agent did to the packet filter: one document per name, and the openings.
CREATE TABLE enforcement (
    name     TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE openings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL
) STRICT;
