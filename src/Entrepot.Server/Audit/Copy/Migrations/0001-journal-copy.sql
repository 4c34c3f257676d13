-- Another node's journal, kept where that node can't change it.
CREATE TABLE journal_copy (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    journal      TEXT    NOT NULL,  -- the journal's name, hexadecimal
    public_key   BLOB    NOT NULL,  -- as it was when the copy began
    first        INTEGER NOT NULL,
    previous     BLOB    NOT NULL,  -- hash of the entry before the first
    anchor       TEXT,              -- line of the checkpoint before the first, or null for the very beginning
    last         INTEGER NOT NULL,
    hash         BLOB    NOT NULL,
    covered      INTEGER NOT NULL,  -- up to here the journal says that people's time had ended
    asked_at     INTEGER NOT NULL,  -- Unix milliseconds, UTC: when the other node was last heard
    broken_at    INTEGER,
    broken_entry INTEGER,
    broken_flaw  TEXT,
    broken_why   TEXT,
    CHECK ((broken_at IS NULL) = (broken_why IS NULL))
) STRICT;

CREATE TABLE journal_copy_segments (
    first    INTEGER PRIMARY KEY,
    last     INTEGER NOT NULL,
    first_at INTEGER NOT NULL,  -- of its oldest and its newest entry
    last_at  INTEGER NOT NULL,
    covered  INTEGER NOT NULL CHECK (covered IN (0, 1)),  -- 1 once it was fetched again without people
    hash     BLOB    NOT NULL,  -- of its last entry
    lines    BLOB    NOT NULL   -- sealed, compressed: lines of the export, a checkpoint last
) STRICT;

CREATE INDEX journal_copy_segments_last ON journal_copy_segments (last);
