CREATE TABLE oidc_person (
    issuer      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,     -- the provider's own and unchanging word for somebody
    name        TEXT    NOT NULL UNIQUE,  -- as the provider names it since the last sign-in
    roles       TEXT    NOT NULL,     -- words separated by commas, as of the last sign-in; empty when nothing was mapped
    first_at    INTEGER NOT NULL,     -- Unix milliseconds, UTC, as all times
    last_at     INTEGER NOT NULL,
    disabled    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issuer, subject)
) STRICT;
