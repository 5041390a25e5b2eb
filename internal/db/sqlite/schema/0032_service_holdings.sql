-- +goose Up
-- What services were last seen to hold: how far a database is held with its whole
-- instance, and what was told, as it was, with the time of the look.
ALTER TABLE protections ADD COLUMN held_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE protections ADD COLUMN held_to INTEGER NOT NULL DEFAULT 0;
CREATE TABLE service_looks (
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  what        TEXT NOT NULL,    -- holdings, logs
  at          INTEGER NOT NULL, -- when it was looked, microseconds
  content     TEXT NOT NULL,    -- JSON
  PRIMARY KEY (instance_id, what)
) STRICT, WITHOUT ROWID;
