ALTER TABLE mirror ADD COLUMN private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1));
-- 1 since there was a private mirror for the first time: its blobs outlive it, so it stays.
ALTER TABLE catalog ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0 CHECK (guarded IN (0, 1));
