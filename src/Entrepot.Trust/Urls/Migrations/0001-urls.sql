CREATE TABLE url_root (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    sealed BLOB    NOT NULL  -- 32 bytes under the node's sealing key
) STRICT;
