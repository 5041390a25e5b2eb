-- +goose Up
-- Databases whose backups somebody said are not needed: a person until a day, or
-- a policy that leaves them out. They are few, and subtracted from what is
-- counted and listed while they hold.
CREATE TABLE waivers (
  instance_id TEXT NOT NULL,
  database    TEXT NOT NULL,
  why         TEXT NOT NULL CHECK (why <> ''),
  until       INTEGER NOT NULL, -- microseconds
  person      TEXT NOT NULL, -- empty = a policy
  policy_id   TEXT NOT NULL,
  PRIMARY KEY (instance_id, database)
) STRICT, WITHOUT ROWID;
CREATE INDEX waivers_by_end ON waivers (until, instance_id, database);
