-- +goose Up
-- Why a database rightly gets no log or differential backups, as it was last
-- seen; empty = it gets them.
ALTER TABLE protections ADD COLUMN no_log TEXT NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN no_differential TEXT NOT NULL DEFAULT '';
