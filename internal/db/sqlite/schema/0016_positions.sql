-- +goose Up
-- Which set of its file is meant, from 1, as FILE = n of RESTORE counts.
ALTER TABLE migration_files ADD COLUMN position INTEGER NOT NULL DEFAULT 1;
