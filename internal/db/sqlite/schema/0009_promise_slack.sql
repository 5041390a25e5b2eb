-- +goose Up
-- How much longer than its objective a database may go before it is late, in
-- microseconds: the time in which a backup of a service is heard of.
ALTER TABLE protections ADD COLUMN slack INTEGER NOT NULL DEFAULT 0;
