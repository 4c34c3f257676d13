-- Repositories of mirrors of format oci. A repository's name begins with its mirror's.
CREATE TABLE oci_repository (
    id         INTEGER PRIMARY KEY,
    mirror     INTEGER NOT NULL REFERENCES mirror (id),
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL   -- Unix milliseconds, UTC, as every *_at
) STRICT;
CREATE INDEX oci_repository_mirror ON oci_repository (mirror);

-- Blobs that a repository has: sent to it, or mounted. Without a manifest they stay for the grace period.
CREATE TABLE oci_blob (
    repository INTEGER NOT NULL REFERENCES oci_repository (id),
    blob       INTEGER NOT NULL REFERENCES blob (id),
    linked_at  INTEGER NOT NULL,
    PRIMARY KEY (repository, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_blob_blob ON oci_blob (blob);

-- The other name of blobs that were sent by their SHA-512.
CREATE TABLE oci_sha512 (
    digest BLOB    PRIMARY KEY CHECK (length(digest) = 64),
    blob   INTEGER NOT NULL REFERENCES blob (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_sha512_blob ON oci_sha512 (blob);

CREATE TABLE oci_manifest (
    id            INTEGER PRIMARY KEY,
    repository    INTEGER NOT NULL REFERENCES oci_repository (id),
    blob          INTEGER NOT NULL REFERENCES blob (id),
    media_type    TEXT    NOT NULL,
    artifact_type TEXT,
    subject       TEXT,              -- digest of the manifest that it is about
    annotations   TEXT    CHECK (json_valid(annotations)),
    pushed_at     INTEGER NOT NULL,
    UNIQUE (repository, blob)
) STRICT;
CREATE INDEX oci_manifest_blob ON oci_manifest (blob);
CREATE INDEX oci_manifest_subject ON oci_manifest (repository, subject) WHERE subject IS NOT NULL;

-- What a manifest needs of its repository: its configuration and its layers.
CREATE TABLE oci_reference (
    manifest INTEGER NOT NULL REFERENCES oci_manifest (id),
    blob     INTEGER NOT NULL REFERENCES blob (id),
    PRIMARY KEY (manifest, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_reference_blob ON oci_reference (blob);

CREATE TABLE oci_tag (
    repository INTEGER NOT NULL REFERENCES oci_repository (id),
    name       TEXT    NOT NULL,   -- compared by its bytes (BINARY), as the specification sorts them
    manifest   INTEGER NOT NULL REFERENCES oci_manifest (id),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_tag_manifest ON oci_tag (manifest);
