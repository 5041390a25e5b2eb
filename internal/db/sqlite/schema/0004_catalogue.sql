-- +goose Up
-- The catalogue of backup sets. Sets are many and their lists take any filter:
-- what filters choose by besides instance and database is folded into a class
-- (kind, snapshot, mode, state, origin), of which few exist, and a page merges
-- the newest rows of each class that fits. An id is the time a set finished,
-- in milliseconds, and 21 bits of its identity, so that ids are in the order of
-- time. Counts are kept with every change.

CREATE TABLE catalogue_instances (
  n           INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL UNIQUE -- empty = sets of servers that are not known here
) STRICT;

CREATE TABLE catalogue_names (
  n    INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

CREATE TABLE protections (
  n           INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL,
  database    TEXT NOT NULL, -- empty = the whole instance, shown while no databases of it are known
  instance    INTEGER NOT NULL REFERENCES catalogue_instances (n),
  name        INTEGER NOT NULL REFERENCES catalogue_names (n),
  policy_id   TEXT NOT NULL DEFAULT '',
  objective   INTEGER NOT NULL DEFAULT 0, -- microseconds
  since       INTEGER NOT NULL DEFAULT 0,
  due         INTEGER NOT NULL DEFAULT 0,
  inherited   INTEGER NOT NULL DEFAULT 0, -- the promise is that of the whole instance
  last_full         INTEGER NOT NULL DEFAULT 0,
  last_differential INTEGER NOT NULL DEFAULT 0,
  last_log          INTEGER NOT NULL DEFAULT 0,
  restorable_from   INTEGER NOT NULL DEFAULT 0,
  restorable_to     INTEGER NOT NULL DEFAULT 0,
  whole        INTEGER NOT NULL DEFAULT 0,
  broken_since INTEGER NOT NULL DEFAULT 0,
  words        TEXT NOT NULL DEFAULT '',
  bytes        INTEGER NOT NULL DEFAULT 0,
  sets         INTEGER NOT NULL DEFAULT 0,
  late_at      INTEGER NOT NULL DEFAULT 9223372036854775807, -- that is never
  dropped      INTEGER NOT NULL DEFAULT 0,
  shown        INTEGER NOT NULL DEFAULT 1,
  trouble      INTEGER NOT NULL DEFAULT 2 CHECK (trouble IN (0, 1, 2)), -- 1 broken, 2 unprotected
  UNIQUE (instance_id, database)
) STRICT;
CREATE INDEX protections_by_late ON protections (late_at, instance_id, database) WHERE shown = 1;
CREATE INDEX protections_by_instance ON protections (instance_id, late_at, database) WHERE shown = 1;
CREATE INDEX protections_in_trouble ON protections (trouble, late_at, instance_id, database) WHERE shown = 1 AND trouble > 0;
CREATE INDEX protections_in_trouble_by_instance ON protections (instance_id, trouble, late_at, database) WHERE shown = 1 AND trouble > 0;

CREATE TABLE backup_sets (
  id        INTEGER PRIMARY KEY,
  db        INTEGER NOT NULL REFERENCES protections (n),
  instance  INTEGER NOT NULL,
  name      INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  key       BLOB NOT NULL, -- what names it at its instance: set GUID, or the cloud's id
  policy_id TEXT NOT NULL DEFAULT '',
  started   INTEGER NOT NULL DEFAULT 0, -- local, as are finished and valid
  finished  INTEGER NOT NULL DEFAULT 0,
  valid     INTEGER NOT NULL DEFAULT 0,
  ahead     INTEGER, -- microseconds by which local time is ahead of UTC; NULL = unknown
  doc       BLOB NOT NULL, -- what else is known of the set, packed
  cloud     BLOB, -- what the service tells of it, packed
  apart     INTEGER NOT NULL DEFAULT 0,
  bytes     INTEGER NOT NULL DEFAULT 0,
  verified  INTEGER NOT NULL DEFAULT 0,
  pinned    INTEGER NOT NULL DEFAULT 0,
  pin_note  TEXT NOT NULL DEFAULT '',
  expires   INTEGER NOT NULL DEFAULT 0,
  gone      INTEGER NOT NULL DEFAULT 0,
  seen      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX backup_sets_by_key ON backup_sets (key, instance);
CREATE INDEX backup_sets_by_class ON backup_sets (class, id);
CREATE INDEX backup_sets_by_instance ON backup_sets (instance, class, id);
CREATE INDEX backup_sets_by_db ON backup_sets (db, class, id);
CREATE INDEX backup_sets_by_name ON backup_sets (name, class, id);

CREATE TABLE set_copies (
  set_id    INTEGER NOT NULL REFERENCES backup_sets (id),
  bucket_id TEXT NOT NULL,
  keys      TEXT NOT NULL, -- JSON
  size      INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (set_id, bucket_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX set_copies_by_bucket ON set_copies (bucket_id, set_id);

CREATE TABLE set_counts (
  instance INTEGER NOT NULL, -- 0 = all
  class    INTEGER NOT NULL,
  sets     INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (instance, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalogue_tally (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  databases   INTEGER NOT NULL,
  broken      INTEGER NOT NULL,
  unprotected INTEGER NOT NULL
) STRICT;
INSERT INTO catalogue_tally VALUES (1, 0, 0, 0);

-- How far each instance and bucket was looked at.
CREATE TABLE looks (
  subject  TEXT PRIMARY KEY, -- instance/<id> or bucket/<id>
  cursor   TEXT NOT NULL DEFAULT '',
  good     INTEGER NOT NULL DEFAULT 0, -- the last look that went through
  next     INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  message  TEXT NOT NULL DEFAULT '',
  fix      TEXT NOT NULL DEFAULT ''
) STRICT;

-- Files of buckets that were read, so that they are not read again.
CREATE TABLE bucket_files (
  bucket_id TEXT NOT NULL,
  key       TEXT NOT NULL,
  size      INTEGER NOT NULL,
  modified  INTEGER NOT NULL,
  sets      INTEGER NOT NULL,
  trouble   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (bucket_id, key)
) STRICT, WITHOUT ROWID;
