-- +goose Up
-- The same database at several replicas of an availability group: rows of one
-- key share their backup sets, and one of them is shown.
ALTER TABLE protections ADD COLUMN shared TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN group_name TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN primary_here INTEGER NOT NULL DEFAULT 0;
ALTER TABLE protections ADD COLUMN replicas TEXT NOT NULL DEFAULT ''; -- instances of that key, by space
CREATE INDEX protections_shared ON protections (shared) WHERE shared <> '';
