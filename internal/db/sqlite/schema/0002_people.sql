-- +goose Up
CREATE TABLE people (
  id      TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  folded  TEXT NOT NULL UNIQUE, -- lower-case name
  hash    TEXT NOT NULL,        -- argon2id, PHC string
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL      -- when the password was set last
) STRICT;

CREATE TABLE tokens (
  id        TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  name      TEXT NOT NULL,
  hash      TEXT NOT NULL UNIQUE, -- SHA-256 of the token's text
  created   INTEGER NOT NULL,
  used      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tokens_by_person ON tokens (person_id, id);

-- The token column holds a hash: a copy of this table signs nobody in.
CREATE TABLE sessions (
  token  TEXT PRIMARY KEY,
  data   BLOB NOT NULL,
  expiry INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expiry);
