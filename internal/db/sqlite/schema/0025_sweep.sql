-- +goose Up
-- The last audit entry that was exported and removed, sealed; empty = none was.
ALTER TABLE house ADD COLUMN audit_cut TEXT NOT NULL DEFAULT '';
-- What is let go of is found without a look at everything.
CREATE INDEX backup_sets_gone ON backup_sets (gone) WHERE gone > 0;
CREATE INDEX policy_slots_by_time ON policy_slots (at);
