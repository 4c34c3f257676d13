-- Which ports of the kernel's list of reserved ports are there because of us, and since which boot.
CREATE TABLE port_reservations (
    node  TEXT NOT NULL PRIMARY KEY,
    ports TEXT NOT NULL,  -- as in ip_local_reserved_ports: 1,2-4,10
    boot  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
