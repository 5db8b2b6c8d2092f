-- The record. Lines are the leaves of the tree; nothing may change them.
CREATE TABLE about (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    incident TEXT NOT NULL,
    origin   TEXT NOT NULL
);

CREATE TABLE keys (
    public TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE entries (
    seq  INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    line BLOB NOT NULL
);
CREATE INDEX entries_kind ON entries (kind, seq);

-- Kept apart from the lines so that a field can be erased alone.
CREATE TABLE disclosures (
    digest TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL REFERENCES entries (seq),
    body   TEXT NOT NULL
);
CREATE INDEX disclosures_seq ON disclosures (seq);

CREATE TABLE tree (
    id   INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE heads (
    size INTEGER PRIMARY KEY,
    note BLOB NOT NULL
);

-- Everything below is derived from the record and can be rebuilt from it.
CREATE TABLE projection (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    number  INTEGER NOT NULL,
    changed INTEGER NOT NULL REFERENCES entries (seq), -- the entry that changed it last
    state   TEXT NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX projection_number ON projection (kind, number);

-- Guard rails against a slip; the heads are the guard against malice.
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER disclosures_stay BEFORE UPDATE ON disclosures
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER heads_stay BEFORE UPDATE ON heads
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER heads_remain BEFORE DELETE ON heads
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- For people with nothing but the sqlite3 shell.
CREATE VIEW incident AS
    SELECT id, doc ->> '$.title' AS title, doc ->> '$.severity' AS severity, state AS status,
           doc ->> '$.phase' AS phase, doc ->> '$.opened' AS opened, doc ->> '$.closed' AS closed
    FROM projection WHERE kind = 'incident';
CREATE VIEW exhibits AS
    SELECT id, doc ->> '$.seq' AS seq, doc ->> '$.kind' AS kind, doc ->> '$.title' AS title, doc ->> '$.source' AS source,
           doc ->> '$.host' AS host, doc ->> '$.size' AS size, doc ->> '$.sha256' AS sha256, doc ->> '$.blob' AS blob
    FROM projection WHERE kind = 'exhibit' ORDER BY number;
CREATE VIEW actions AS
    SELECT id, doc ->> '$.seq' AS seq, state, doc ->> '$.name' AS name, doc ->> '$.target' AS target, doc ->> '$.danger' AS danger,
           doc ->> '$.digest' AS digest, doc ->> '$.attempts' AS attempts
    FROM projection WHERE kind = 'action' ORDER BY number;
CREATE VIEW items AS
    SELECT id, doc ->> '$.seq' AS seq, doc ->> '$.text' AS text, doc ->> '$.owner' AS owner, doc ->> '$.due' AS due
    FROM projection WHERE kind = 'item' ORDER BY number;
