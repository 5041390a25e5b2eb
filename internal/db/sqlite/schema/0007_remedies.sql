-- +goose Up
-- What a person had done at a source before a migration, and what came of it.
CREATE TABLE source_works (
  id        TEXT PRIMARY KEY REFERENCES runs (id),
  server_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  database  TEXT NOT NULL,
  remedy    TEXT NOT NULL,
  ordered   INTEGER NOT NULL,
  finished  INTEGER NOT NULL DEFAULT 0,
  found     TEXT NOT NULL DEFAULT '[]', -- JSON list of what a check found
  why       TEXT NOT NULL DEFAULT '',
  fix       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX source_works_by_database ON source_works (server_id, database, remedy, id);
