-- +goose Up
CREATE TABLE statements (
    seq     INTEGER PRIMARY KEY,           -- index of the leaf, from 0
    type    TEXT NOT NULL,
    subject TEXT NOT NULL,
    entry   BLOB NOT NULL,                 -- the leaf: canonical JSON
    sha256  BLOB NOT NULL                  -- of the entry
) STRICT;
CREATE INDEX statements_by_type ON statements (type, subject, seq);
CREATE INDEX statements_by_subject ON statements (subject, seq);

-- +goose Down
DROP TABLE statements;
