-- +goose Up
-- Accounts have kinds as buckets and instances do, and what a kind asks for
-- beyond the common fields is kept by the names of its fields.
ALTER TABLE accounts RENAME COLUMN rds_address TO address;
ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'alibaba';
ALTER TABLE accounts ADD COLUMN more TEXT NOT NULL DEFAULT '{}'; -- JSON
ALTER TABLE buckets ADD COLUMN more TEXT NOT NULL DEFAULT '{}'; -- JSON
ALTER TABLE instances ADD COLUMN more TEXT NOT NULL DEFAULT '{}'; -- JSON
