-- +goose Up
CREATE TABLE policies (
  id        TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  folded    TEXT NOT NULL, -- lower-case name
  enabled   INTEGER NOT NULL,
  version   INTEGER NOT NULL CHECK (version > 0),
  changed   INTEGER NOT NULL,
  removed   INTEGER NOT NULL DEFAULT 0,
  revision  INTEGER NOT NULL UNIQUE, -- of all policies together; whoever keeps them in memory asks for newer ones
  bucket_id TEXT REFERENCES buckets (id),
  content   TEXT NOT NULL, -- JSON of the policy
  CHECK (removed = 0 OR enabled = 0)
) STRICT;
CREATE UNIQUE INDEX policies_by_name ON policies (folded) WHERE removed = 0;

-- A server that a policy in use looks after cannot be removed.
CREATE TABLE policy_servers (
  policy_id   TEXT NOT NULL REFERENCES policies (id),
  instance_id TEXT NOT NULL REFERENCES instances (id),
  PRIMARY KEY (policy_id, instance_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_servers_by_instance ON policy_servers (instance_id);

-- Versions of our policies (policy/<id>) and of the cloud's (instance/<id>).
CREATE TABLE policy_versions (
  subject TEXT NOT NULL,
  number  INTEGER NOT NULL CHECK (number > 0),
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  via     TEXT NOT NULL,
  note    TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (subject, number)
) STRICT;

-- The key is what makes a slot fire once, whatever clocks and restarts do.
CREATE TABLE policy_slots (
  policy_id TEXT NOT NULL REFERENCES policies (id),
  local     TEXT NOT NULL, -- 2006-01-02T15:04 on the policy's clock
  kind      TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
  at        INTEGER NOT NULL,
  verdict   TEXT NOT NULL CHECK (verdict IN ('fired', 'skipped')),
  why       TEXT NOT NULL DEFAULT '',
  late      INTEGER NOT NULL DEFAULT 0,
  count     INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (policy_id, local, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_marks (
  policy_id TEXT NOT NULL REFERENCES policies (id),
  kind      TEXT NOT NULL,
  cron      TEXT NOT NULL,
  zone      TEXT NOT NULL,
  local     TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (policy_id, kind)
) STRICT, WITHOUT ROWID;

-- What backup runs have to do. The server is no reference: work that is done
-- does not keep a server from being removed.
CREATE TABLE backup_works (
  id        TEXT PRIMARY KEY,
  run_id    TEXT NOT NULL UNIQUE REFERENCES runs (id),
  policy_id TEXT NOT NULL DEFAULT '', -- empty: by hand
  version   INTEGER NOT NULL DEFAULT 0,
  local     TEXT NOT NULL DEFAULT '',
  at        INTEGER NOT NULL DEFAULT 0,
  server_id TEXT NOT NULL,
  kind      TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
  databases TEXT NOT NULL DEFAULT '[]',
  CHECK ((policy_id = '') = (local = ''))
) STRICT;
CREATE UNIQUE INDEX backup_works_once ON backup_works (policy_id, local, kind, server_id) WHERE policy_id <> '';
CREATE INDEX backup_works_by_server ON backup_works (server_id, id);
