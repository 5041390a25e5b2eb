-- +goose Up
-- What Server Migration Center tells of source servers and jobs, kept after it
-- forgets, and what was ordered there. What it tells is kept as it was read.
CREATE TABLE smc_accounts (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  since INTEGER NOT NULL,
  tried INTEGER NOT NULL DEFAULT 0,
  good  INTEGER NOT NULL DEFAULT 0,
  why   TEXT NOT NULL DEFAULT '',
  fix   TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE smc_servers (
  account_id  TEXT NOT NULL,
  id          TEXT NOT NULL,
  told        TEXT NOT NULL,
  gone        INTEGER NOT NULL DEFAULT 0,
  instance_id TEXT NOT NULL DEFAULT '',
  new_id      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE smc_jobs (
  account_id TEXT NOT NULL,
  id         TEXT NOT NULL,
  source_id  TEXT NOT NULL,
  status     TEXT NOT NULL,
  created    INTEGER NOT NULL,
  told       TEXT NOT NULL,
  gone       INTEGER NOT NULL DEFAULT 0,
  samples    TEXT NOT NULL DEFAULT '[]',
  transition TEXT NOT NULL DEFAULT '',
  checked    INTEGER NOT NULL DEFAULT 0,
  wave_id    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX smc_jobs_newest ON smc_jobs (created, id);
CREATE INDEX smc_jobs_of ON smc_jobs (account_id, source_id);
CREATE INDEX smc_jobs_in ON smc_jobs (account_id, status);
CREATE INDEX smc_jobs_wave ON smc_jobs (wave_id) WHERE wave_id <> '';
CREATE TABLE smc_happened (
  id         INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  job_id     TEXT NOT NULL,
  at         INTEGER NOT NULL,
  text       TEXT NOT NULL
) STRICT;
CREATE INDEX smc_happened_to ON smc_happened (account_id, job_id, id);
CREATE TABLE smc_orders (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  source_id  TEXT NOT NULL,
  job_id     TEXT NOT NULL,
  what       TEXT NOT NULL,
  ask        TEXT NOT NULL,
  ordered    INTEGER NOT NULL,
  by         TEXT NOT NULL,
  sent       INTEGER NOT NULL DEFAULT 0,
  sends      INTEGER NOT NULL DEFAULT 0,
  before     TEXT NOT NULL DEFAULT '{}',
  answered   INTEGER NOT NULL DEFAULT 0,
  made       TEXT NOT NULL DEFAULT '',
  result     TEXT NOT NULL DEFAULT '',
  finished   INTEGER NOT NULL DEFAULT 0,
  code       TEXT NOT NULL DEFAULT '',
  why        TEXT NOT NULL DEFAULT '',
  fix        TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX smc_orders_of_job ON smc_orders (account_id, job_id, id);
CREATE INDEX smc_orders_of_source ON smc_orders (account_id, source_id, id);
CREATE INDEX smc_orders_open ON smc_orders (account_id, sent) WHERE finished = 0;
CREATE TABLE smc_ticks (
  account_id TEXT NOT NULL,
  job_id     TEXT NOT NULL,
  item       TEXT NOT NULL,
  by         TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (account_id, job_id, item)
) STRICT, WITHOUT ROWID;
CREATE TABLE smc_waves (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  name       TEXT NOT NULL,
  created    INTEGER NOT NULL,
  by         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
