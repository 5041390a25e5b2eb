-- +goose Up
-- What a migration keeps of what RESTORE would lose: change data capture, and
-- the login that owns the database once it is open; empty = whoever restored it.
ALTER TABLE migrations ADD COLUMN keep_cdc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE migrations ADD COLUMN keep_owner TEXT NOT NULL DEFAULT '';
