-- Blobs whose bytes at rest are known to be rotten and could not be mended yet.
CREATE TABLE damaged_blob (
    digest   BLOB    PRIMARY KEY REFERENCES blob (digest) ON DELETE CASCADE,
    found_at INTEGER NOT NULL,   -- Unix milliseconds, UTC, as every *_at
    detail   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE damaged_piece (
    digest BLOB    NOT NULL REFERENCES damaged_blob (digest) ON DELETE CASCADE,
    piece  INTEGER NOT NULL CHECK (piece >= 0),
    PRIMARY KEY (digest, piece)
) STRICT, WITHOUT ROWID;

-- One row: how far the background pass has come.
CREATE TABLE scrub (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,            -- NULL while a pass is under way
    deep         INTEGER NOT NULL CHECK (deep IN (0, 1)),
    deep_at      INTEGER NOT NULL,   -- when the last deep pass began; the first pass's start before there was one
    cursor       BLOB    CHECK (length(cursor) = 32),   -- NULL at the start of a pass
    next_piece   INTEGER NOT NULL    -- piece of the cursor's blob to go on with; 0 when that blob is done
) STRICT;
