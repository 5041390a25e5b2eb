-- +goose Up
-- The moment (UTC) a migration restores to and no further; 0 = to the end.
ALTER TABLE migrations ADD COLUMN stop_at INTEGER NOT NULL DEFAULT 0;
-- The same for a log that may hold it, on the clock of the server that took it;
-- 0 = the log is applied to its end.
ALTER TABLE migration_files ADD COLUMN stop_at INTEGER NOT NULL DEFAULT 0;
