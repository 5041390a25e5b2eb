-- +goose Up
-- What a server says of a database that its backups are judged by.
ALTER TABLE protections ADD COLUMN no_full TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN state TEXT NOT NULL DEFAULT ''; -- in words; empty = open
ALTER TABLE protections ADD COLUMN logged INTEGER NOT NULL DEFAULT 0; -- its recovery model has log backups
ALTER TABLE protections ADD COLUMN family BLOB; -- lineage and recovery fork it is in now; NULL = not told
ALTER TABLE protections ADD COLUMN fork BLOB;
ALTER TABLE protections ADD COLUMN clock_ahead INTEGER NOT NULL DEFAULT 0; -- microseconds, of its server
CREATE INDEX protections_by_state ON protections (state) WHERE shown = 1 AND state <> '';
CREATE INDEX protections_not_open ON protections (late_at, instance_id, database) WHERE shown = 1 AND state <> '';
-- When a set became known here: its own date is what a server's clock showed.
ALTER TABLE backup_sets ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
UPDATE backup_sets SET known = seen;
