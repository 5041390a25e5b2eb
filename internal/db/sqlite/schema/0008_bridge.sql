-- +goose Up
-- When a person ordered a differential backup over a log that is lost.
ALTER TABLE migrations ADD COLUMN bridge_asked INTEGER NOT NULL DEFAULT 0;
