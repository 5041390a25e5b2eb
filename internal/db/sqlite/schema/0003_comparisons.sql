-- +goose Up
-- What source and target held after a cutover, as far as it was read.
CREATE TABLE migration_comparisons (
  id           TEXT PRIMARY KEY REFERENCES runs (id),
  migration_id TEXT NOT NULL REFERENCES migrations (id),
  ordered      INTEGER NOT NULL,
  finished     INTEGER NOT NULL DEFAULT 0,
  result       TEXT NOT NULL DEFAULT '' -- JSON
) STRICT;
CREATE INDEX migration_comparisons_by_migration ON migration_comparisons (migration_id, id);
