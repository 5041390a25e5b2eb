-- +goose Up
-- What one backup run has to do and how far it is, by the id of its work.
CREATE TABLE backup_sheets (
  work_id   TEXT PRIMARY KEY,
  server_id TEXT NOT NULL,
  sheet     TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

-- Backups ordered of databases, written before they are ordered.
CREATE TABLE backup_orders (
  id        TEXT NOT NULL UNIQUE,
  work_id   TEXT NOT NULL REFERENCES backup_sheets (work_id),
  ord       INTEGER NOT NULL,
  database  TEXT NOT NULL,
  kind      TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
  copy_only INTEGER NOT NULL DEFAULT 0,
  note      TEXT NOT NULL DEFAULT '',
  bytes     INTEGER NOT NULL DEFAULT 0,
  name      TEXT NOT NULL,
  paths     TEXT NOT NULL,
  keys      TEXT NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'left out')),
  message   TEXT NOT NULL DEFAULT '',
  fix       TEXT NOT NULL DEFAULT '',
  attempts  INTEGER NOT NULL DEFAULT 0,
  intended  INTEGER NOT NULL DEFAULT 0,
  settled   INTEGER NOT NULL DEFAULT 0,
  verdict   TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'accepted', 'adopted', 'refused', 'void')),
  set_guid  TEXT NOT NULL DEFAULT '',
  finished  INTEGER NOT NULL DEFAULT 0,
  size      INTEGER NOT NULL DEFAULT 0,
  seen      INTEGER NOT NULL DEFAULT 0,
  verified  INTEGER NOT NULL DEFAULT 0,
  copied    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (work_id, ord),
  CHECK ((verdict = '') = (settled = 0))
) STRICT, WITHOUT ROWID;

-- Other orders about backups: copies, prunings, restores, backups of a cloud.
CREATE TABLE errands (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  wish        TEXT NOT NULL, -- JSON
  progress    TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;
CREATE INDEX errands_by_instance ON errands (instance_id, kind, id);

-- Part lists of uploads of orders and errands.
CREATE TABLE backup_uploads (
  owner     TEXT NOT NULL,
  ord       INTEGER NOT NULL,
  upload_id TEXT NOT NULL DEFAULT '',
  state     TEXT NOT NULL,
  PRIMARY KEY (owner, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE backup_upload_parts (
  owner  TEXT NOT NULL,
  ord    INTEGER NOT NULL,
  number INTEGER NOT NULL,
  size   INTEGER NOT NULL,
  etag   TEXT NOT NULL,
  crc64  TEXT NOT NULL,
  PRIMARY KEY (owner, ord, number),
  FOREIGN KEY (owner, ord) REFERENCES backup_uploads (owner, ord) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Instances of a cloud whose new sets are copied before they expire.
CREATE TABLE copy_rules (
  instance_id TEXT PRIMARY KEY REFERENCES instances (id),
  bucket_id   TEXT NOT NULL REFERENCES buckets (id),
  since       INTEGER NOT NULL -- sets finished from here on
) STRICT, WITHOUT ROWID;
