-- +goose Up
-- Times are microseconds since 1970 in UTC; 0 means "none". LSNs are decimal
-- text, GUIDs lower-case text. Sealed columns open with the key file only.

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  access_key_id TEXT NOT NULL,
  secret_sealed TEXT NOT NULL,
  region        TEXT NOT NULL,
  rds_address   TEXT NOT NULL DEFAULT '',
  owner_id      TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE buckets (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('oss', 'folder')),
  account_id TEXT REFERENCES accounts (id),
  region     TEXT NOT NULL DEFAULT '',
  address    TEXT NOT NULL DEFAULT '',
  cloud_host TEXT NOT NULL DEFAULT '',
  bucket     TEXT NOT NULL DEFAULT '',
  path       TEXT NOT NULL DEFAULT '',
  CHECK ((kind = 'oss') = (account_id IS NOT NULL))
) STRICT;

CREATE TABLE instances (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL CHECK (kind IN ('apsaradb', 'selfmanaged')),
  account_id  TEXT REFERENCES accounts (id),
  region      TEXT NOT NULL DEFAULT '',
  instance_id TEXT NOT NULL DEFAULT '',
  host            TEXT NOT NULL DEFAULT '',
  port            INTEGER NOT NULL DEFAULT 0,
  instance_name   TEXT NOT NULL DEFAULT '',
  login           TEXT NOT NULL DEFAULT '',
  password_sealed TEXT NOT NULL DEFAULT '',
  encrypt         TEXT NOT NULL DEFAULT '',
  ca_pem          TEXT NOT NULL DEFAULT '',
  certificate_host TEXT NOT NULL DEFAULT '',
  trust           INTEGER NOT NULL DEFAULT 0,
  server_folder   TEXT NOT NULL DEFAULT '',
  folder_id       TEXT REFERENCES buckets (id),
  CHECK ((kind = 'apsaradb') = (account_id IS NOT NULL)),
  CHECK ((kind = 'selfmanaged') = (folder_id IS NOT NULL))
) STRICT;

CREATE TABLE runs (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  title       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'canceled')),
  owner       TEXT NOT NULL DEFAULT '',
  fence       INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  wake_at     INTEGER NOT NULL DEFAULT 0,
  tries       INTEGER NOT NULL DEFAULT 0,
  rank        INTEGER NOT NULL DEFAULT 0, -- among those that are due, lower first
  wish        TEXT NOT NULL DEFAULT '' CHECK (wish IN ('', 'pause', 'cancel', 'look')),
  message     TEXT NOT NULL DEFAULT '',
  fix         TEXT NOT NULL DEFAULT '',
  created     INTEGER NOT NULL,
  started     INTEGER NOT NULL DEFAULT 0,
  finished    INTEGER NOT NULL DEFAULT 0,
  CHECK ((state = 'running') = (owner <> '')),
  CHECK ((state IN ('succeeded', 'canceled')) = (finished > 0)),
  CHECK (state <> 'waiting' OR wake_at > 0)
) STRICT;
CREATE INDEX runs_due ON runs (state, wake_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_subject ON runs (subject);

CREATE TABLE run_steps (
  run_id   TEXT NOT NULL REFERENCES runs (id),
  key      TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  title    TEXT NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('pending', 'active', 'done', 'failed', 'skipped')),
  attempt  INTEGER NOT NULL DEFAULT 1,
  started  INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  done     INTEGER NOT NULL DEFAULT 0,
  total    INTEGER NOT NULL DEFAULT 0,
  unit     TEXT NOT NULL DEFAULT '',
  rate     REAL NOT NULL DEFAULT 0,
  message  TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_events (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs (id),
  at     INTEGER NOT NULL,
  step   TEXT NOT NULL DEFAULT '',
  level  TEXT NOT NULL CHECK (level IN ('info', 'warning', 'problem')),
  text   TEXT NOT NULL
) STRICT;
CREATE INDEX run_events_by_run ON run_events (run_id, id);

CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  via     TEXT NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  summary TEXT NOT NULL,
  before  TEXT,
  after   TEXT,
  prev    TEXT NOT NULL,
  hash    TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, seq);

CREATE TABLE waves (
  id       TEXT PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  findings TEXT NOT NULL DEFAULT '[]', -- of the preflight of the whole wave
  created  INTEGER NOT NULL
) STRICT;

CREATE TABLE migrations (
  id              TEXT PRIMARY KEY,
  wave_id         TEXT REFERENCES waves (id),
  run_id          TEXT NOT NULL UNIQUE REFERENCES runs (id),
  family          TEXT NOT NULL,
  database        TEXT NOT NULL,
  source_database TEXT NOT NULL,
  source_server   TEXT NOT NULL,
  instance_id     TEXT NOT NULL REFERENCES instances (id),
  source_id       TEXT NOT NULL REFERENCES buckets (id),
  source_prefix   TEXT NOT NULL,
  staging_id      TEXT NOT NULL REFERENCES buckets (id),
  staging_prefix  TEXT NOT NULL,
  mode            TEXT NOT NULL CHECK (mode IN ('immediate', 'pending')),
  check_mode      TEXT NOT NULL CHECK (check_mode IN ('async', 'sync')),
  open_when_applied INTEGER NOT NULL DEFAULT 0,
  stage           TEXT NOT NULL,
  task_id         TEXT NOT NULL DEFAULT '',
  checked         INTEGER NOT NULL DEFAULT 0,
  findings        TEXT NOT NULL DEFAULT '[]',
  sight           TEXT NOT NULL DEFAULT '',
  sight_at        INTEGER NOT NULL DEFAULT 0,
  problem         TEXT NOT NULL DEFAULT '',
  open_asked      INTEGER NOT NULL DEFAULT 0,
  terminate_asked INTEGER NOT NULL DEFAULT 0,
  opened          INTEGER NOT NULL DEFAULT 0,
  check_result    TEXT NOT NULL DEFAULT '',
  check_text      TEXT NOT NULL DEFAULT '',
  -- of a source at work; server_id is empty when the files are given
  server_id       TEXT NOT NULL DEFAULT '',
  every           INTEGER NOT NULL DEFAULT 0, -- microseconds
  freeze          TEXT NOT NULL DEFAULT '' CHECK (freeze IN ('', 'tail', 'readonly', 'stopped')),
  compress        INTEGER NOT NULL DEFAULT 0,
  history         INTEGER NOT NULL DEFAULT 0,
  history_at      INTEGER NOT NULL DEFAULT 0,
  cutover_asked   INTEGER NOT NULL DEFAULT 0,
  foretold        TEXT NOT NULL DEFAULT '', -- JSON of the stop predicted when the cutover was ordered
  abort_asked     INTEGER NOT NULL DEFAULT 0,
  abort_why       TEXT NOT NULL DEFAULT '',
  frozen          INTEGER NOT NULL DEFAULT 0,
  tail_lsn        TEXT NOT NULL DEFAULT '0',
  given_back      INTEGER NOT NULL DEFAULT 0,
  quiet           TEXT NOT NULL DEFAULT '', -- JSON: what was known of writes before the tail
  proven          INTEGER NOT NULL DEFAULT 0,
  proof           TEXT NOT NULL DEFAULT '',
  created         INTEGER NOT NULL,
  finished        INTEGER NOT NULL DEFAULT 0,
  CHECK ((stage IN ('opened', 'terminated')) = (finished > 0))
) STRICT;
CREATE INDEX migrations_by_wave ON migrations (wave_id, id);
CREATE INDEX migrations_by_stage ON migrations (stage, id);
-- Two migrations of one name must not race for one instance.
CREATE UNIQUE INDEX migrations_once ON migrations (instance_id, lower(database)) WHERE finished = 0;

CREATE TABLE migration_files (
  migration_id TEXT NOT NULL REFERENCES migrations (id),
  ord        INTEGER NOT NULL,
  from_id    TEXT NOT NULL DEFAULT '', -- bucket, where it is not the migration's
  source     TEXT NOT NULL,
  size       INTEGER NOT NULL,
  key        TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
  set_guid   TEXT NOT NULL,
  base_guid  TEXT NOT NULL,
  fork_id    TEXT NOT NULL,
  first_lsn  TEXT NOT NULL,
  last_lsn   TEXT NOT NULL,
  started    INTEGER NOT NULL,
  data_bytes INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('planned', 'uploading', 'staged', 'sent', 'applied', 'refused', 'dropped')),
  uploaded   INTEGER NOT NULL DEFAULT 0,
  staged     INTEGER NOT NULL DEFAULT 0,
  applied    INTEGER NOT NULL DEFAULT 0,
  message    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (migration_id, ord)
) STRICT, WITHOUT ROWID;

-- Changing calls to a target, written before they are made.
CREATE TABLE migration_calls (
  id           TEXT PRIMARY KEY,
  migration_id TEXT NOT NULL REFERENCES migrations (id),
  instance_id  TEXT NOT NULL,
  database     TEXT NOT NULL,
  verb         TEXT NOT NULL CHECK (verb IN ('restore', 'import', 'open', 'terminate')),
  file         INTEGER NOT NULL DEFAULT 0,
  request      TEXT NOT NULL,
  intended     INTEGER NOT NULL,
  settled      INTEGER NOT NULL DEFAULT 0,
  verdict      TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'accepted', 'adopted', 'refused', 'void')),
  task_id      TEXT NOT NULL DEFAULT '',
  error        TEXT NOT NULL DEFAULT '',
  known_tasks  TEXT NOT NULL DEFAULT '[]',
  rows_before  INTEGER NOT NULL DEFAULT 0,
  CHECK ((verdict = '') = (settled = 0))
) STRICT;
CREATE INDEX migration_calls_by_migration ON migration_calls (migration_id, id);
CREATE INDEX migration_calls_by_day ON migration_calls (instance_id, intended);

-- Backups ordered from a source at work, written before they are ordered.
CREATE TABLE migration_takes (
  id           TEXT PRIMARY KEY,
  migration_id TEXT NOT NULL REFERENCES migrations (id),
  kind         TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
  tail         INTEGER NOT NULL DEFAULT 0,
  name         TEXT NOT NULL UNIQUE,
  path         TEXT NOT NULL,
  key          TEXT NOT NULL,
  intended     INTEGER NOT NULL,
  settled      INTEGER NOT NULL DEFAULT 0,
  verdict      TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'accepted', 'adopted', 'refused', 'void')),
  error        TEXT NOT NULL DEFAULT '',
  file         INTEGER NOT NULL DEFAULT 0,
  CHECK ((verdict = '') = (settled = 0))
) STRICT;
CREATE INDEX migration_takes_by_migration ON migration_takes (migration_id, id);

CREATE TABLE uploads (
  migration_id TEXT NOT NULL,
  ord          INTEGER NOT NULL,
  upload_id    TEXT NOT NULL DEFAULT '',
  state        TEXT NOT NULL, -- JSON of what the ledger keeps beside the parts
  PRIMARY KEY (migration_id, ord),
  FOREIGN KEY (migration_id, ord) REFERENCES migration_files (migration_id, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_parts (
  migration_id TEXT NOT NULL,
  ord          INTEGER NOT NULL,
  number       INTEGER NOT NULL,
  size         INTEGER NOT NULL,
  etag         TEXT NOT NULL,
  crc64        TEXT NOT NULL, -- 16 hex digits: the values do not fit a signed integer
  PRIMARY KEY (migration_id, ord, number),
  FOREIGN KEY (migration_id, ord) REFERENCES uploads (migration_id, ord) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
