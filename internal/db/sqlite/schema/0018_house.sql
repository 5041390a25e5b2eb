-- +goose Up
-- What the database knows of itself: a text that its key alone opens, and the
-- newest audit entry that was noted beside the database as well.
CREATE TABLE house (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  canary TEXT NOT NULL,             -- sealed
  head   TEXT NOT NULL DEFAULT ''   -- sealed; empty = none was noted yet
) STRICT;

-- From which entry on a key seals the audit trail; the first is 1.
CREATE TABLE audit_keys (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL -- sealed
) STRICT;
