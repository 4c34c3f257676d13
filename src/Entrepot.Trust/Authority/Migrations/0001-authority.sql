-- The network's own authorities: one, and during a rotation two.
CREATE TABLE authorities (
    fingerprint   TEXT    NOT NULL PRIMARY KEY,  -- SHA-256 of the certificate, hexadecimal
    network       TEXT    NOT NULL,
    certificate   BLOB    NOT NULL,  -- DER
    sealed_key    BLOB    NOT NULL,  -- PKCS #8, sealed for 'authority:FINGERPRINT'
    signs_from    INTEGER NOT NULL,  -- Unix milliseconds, UTC, like all times here
    trusted_until INTEGER            -- null while no other follows it
) STRICT;
