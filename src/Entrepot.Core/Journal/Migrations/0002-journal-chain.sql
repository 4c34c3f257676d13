-- Older journals are chained when the database is opened, entry by entry; see JournalOpening.
DROP TRIGGER IF EXISTS journal_is_append_only_update;
DROP TRIGGER IF EXISTS journal_is_append_only_delete;
ALTER TABLE journal RENAME TO journal_unchained;

CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,  -- Unix milliseconds, UTC
    action   TEXT    NOT NULL,
    result   TEXT    NOT NULL,
    identity BLOB    NOT NULL CHECK (length(identity) = 32),  -- commitment to who and from where
    content  BLOB    NOT NULL CHECK (length(content) = 32),   -- commitment to subject, details, before and after
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    payload  BLOB    NOT NULL  -- sealed: what the commitments stand for
) STRICT;

CREATE TABLE journal_chain (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    journal       BLOB    NOT NULL CHECK (length(journal) = 32),  -- names this journal: the hash before its first entry
    public_key    BLOB    NOT NULL CHECK (length(public_key) = 32),
    signing_key   BLOB    NOT NULL,  -- sealed
    pseudonym_key BLOB    NOT NULL,  -- sealed
    first         INTEGER NOT NULL,  -- the oldest entry that is kept
    previous      BLOB    NOT NULL CHECK (length(previous) = 32),  -- hash of the entry before it
    pseudonymised INTEGER NOT NULL   -- entries up to here name no person any more
) STRICT;

CREATE TABLE journal_checkpoints (
    sequence  INTEGER PRIMARY KEY,
    statement TEXT NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TRIGGER journal_is_append_only_update BEFORE UPDATE OF sequence, at, action, result, identity, content, hash ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_payload_is_kept BEFORE UPDATE OF payload ON journal WHEN old.sequence <= (SELECT pseudonymised FROM journal_chain)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_is_append_only_delete BEFORE DELETE ON journal WHEN old.sequence >= (SELECT first FROM journal_chain)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_checkpoints_are_kept_update BEFORE UPDATE ON journal_checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;

CREATE TRIGGER journal_checkpoints_are_kept_delete BEFORE DELETE ON journal_checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
