-- +goose NO TRANSACTION
-- +goose Up
-- Which kinds of places there are is known by the program, not by the tables.
-- Tables that others refer to are replaced with the references off, as SQLite's
-- page on ALTER TABLE describes. After a crash all of it may be run again.
PRAGMA foreign_keys = OFF;

DROP TABLE IF EXISTS buckets_new;
DROP TABLE IF EXISTS instances_new;

CREATE TABLE buckets_new (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL,
  account_id TEXT REFERENCES accounts (id),
  region     TEXT NOT NULL DEFAULT '',
  address    TEXT NOT NULL DEFAULT '',
  cloud_host TEXT NOT NULL DEFAULT '',
  bucket     TEXT NOT NULL DEFAULT '',
  path       TEXT NOT NULL DEFAULT '',
  more       TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE instances_new (
  id              TEXT PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  kind            TEXT NOT NULL,
  account_id      TEXT REFERENCES accounts (id),
  region          TEXT NOT NULL DEFAULT '',
  instance_id     TEXT NOT NULL DEFAULT '',
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
  more            TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- +goose StatementBegin
BEGIN IMMEDIATE;
-- +goose StatementEnd
INSERT INTO buckets_new (id, name, kind, account_id, region, address, cloud_host, bucket, path, more)
  SELECT id, name, kind, account_id, region, address, cloud_host, bucket, path, more FROM buckets;
INSERT INTO instances_new (id, name, kind, account_id, region, instance_id, host, port, instance_name, login, password_sealed, encrypt, ca_pem, certificate_host, trust, server_folder, folder_id, more)
  SELECT id, name, kind, account_id, region, instance_id, host, port, instance_name, login, password_sealed, encrypt, ca_pem, certificate_host, trust, server_folder, folder_id, more FROM instances;
DROP TABLE buckets;
DROP TABLE instances;
ALTER TABLE buckets_new RENAME TO buckets;
ALTER TABLE instances_new RENAME TO instances;
COMMIT;
PRAGMA foreign_keys = ON;
