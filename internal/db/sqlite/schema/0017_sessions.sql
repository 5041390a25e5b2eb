-- +goose Up
-- A sign-in with a browser. The table sessions keeps what the browser's session
-- carries; this one says whose it is, and whether it was ended.
CREATE TABLE sign_ins (
  id        TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  began     INTEGER NOT NULL,
  seen      INTEGER NOT NULL,
  ended     INTEGER NOT NULL DEFAULT 0,
  address   TEXT NOT NULL,
  agent     TEXT NOT NULL,
  browser   TEXT NOT NULL -- SHA-256 of the mark that the browser keeps
) STRICT;
CREATE INDEX sign_ins_by_person ON sign_ins (person_id, browser);
CREATE INDEX sign_ins_by_begin ON sign_ins (began);

-- Sessions from before it are nobody's any more.
DELETE FROM sessions;

-- Tokens from before scopes could do everything and had no end: they end three
-- months from now.
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'administer' CHECK (scope IN ('read', 'operate', 'administer'));
ALTER TABLE tokens ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET expires = (CAST(strftime('%s', 'now') AS INTEGER) + 90 * 86400) * 1000000;
