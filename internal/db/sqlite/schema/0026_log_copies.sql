-- +goose Up
-- How far copies of a service's own log backups are, JSON; empty = a backup is taken.
ALTER TABLE backup_orders ADD COLUMN logs TEXT NOT NULL DEFAULT '';
