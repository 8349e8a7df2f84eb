"""The tables of a store. Their names begin with `cybernetic_`, so that a program's own tables stand beside them.

Rows of one outbox, and events of one stream, stand together: the key `place` of a row is the number of its box or
stream, and within it the number of the row.
"""

APPLICATION = 0x43594253  # "CYBS": whose files these are, in the header of each
VERSION = 1

ROW_BITS = 40  # of a place: numbers of rows, 10^12 of them to a box or stream
ROWS = 1 << ROW_BITS

TABLES = """
CREATE TABLE cybernetic_boxes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE cybernetic_outbox (
    place INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    at REAL NOT NULL,
    exchange TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE cybernetic_failed (
    place INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    at REAL NOT NULL,
    exchange TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL,
    why TEXT NOT NULL
);
CREATE TABLE cybernetic_inbox (
    key BLOB PRIMARY KEY,
    expires REAL NOT NULL,
    result BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX cybernetic_inbox_expires ON cybernetic_inbox (expires);
CREATE TABLE cybernetic_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE cybernetic_journal (
    place INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    event BLOB NOT NULL
);
CREATE TABLE cybernetic_nonces (
    key BLOB PRIMARY KEY,
    expires REAL NOT NULL,
    result BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX cybernetic_nonces_expires ON cybernetic_nonces (expires);
"""
