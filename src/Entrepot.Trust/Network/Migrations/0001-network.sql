CREATE TABLE network (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id   TEXT    NOT NULL
) STRICT;
