-- +goose Up
-- How an instance compares names of databases (its collation), and each name in
-- the form that all its spellings share there.
ALTER TABLE catalogue_instances ADD COLUMN collation TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN collation TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE protections SET folded = lower(database);
CREATE INDEX protections_by_name ON protections (instance_id, folded);
