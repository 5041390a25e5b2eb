-- +goose Up
-- Of which databases a policy has sets, counted as their rows come and go: those
-- that we took or found in a bucket and that are not gone. Beside it what was found
-- when it was last judged: why the policy takes no further ones.
CREATE TABLE owned_sets (
  policy_id TEXT NOT NULL,
  db        INTEGER NOT NULL, -- protections.n
  sets      INTEGER NOT NULL,
  reason    TEXT NOT NULL DEFAULT '', -- '' = it takes further ones, or nobody looked yet
  judged    INTEGER NOT NULL DEFAULT 0, -- microseconds
  content   TEXT NOT NULL DEFAULT '{}', -- JSON
  PRIMARY KEY (policy_id, db)
) STRICT, WITHOUT ROWID;
CREATE INDEX owned_sets_left ON owned_sets (policy_id, db) WHERE reason <> '';
CREATE INDEX protections_by_family ON protections (family) WHERE dropped = 0;

INSERT INTO owned_sets (policy_id, db, sets)
  SELECT policy_id, db, count(*) FROM backup_sets WHERE policy_id <> '' AND gone = 0 AND class / 4 % 3 <> 2 AND class % 4 IN (0, 2) GROUP BY policy_id, db;

CREATE TRIGGER owned_sets_added AFTER INSERT ON backup_sets
WHEN NEW.policy_id <> '' AND NEW.gone = 0 AND NEW.class / 4 % 3 <> 2 AND NEW.class % 4 IN (0, 2)
BEGIN
  INSERT INTO owned_sets (policy_id, db, sets) VALUES (NEW.policy_id, NEW.db, 1) ON CONFLICT (policy_id, db) DO UPDATE SET sets = sets + 1;
END;

CREATE TRIGGER owned_sets_removed AFTER DELETE ON backup_sets
WHEN OLD.policy_id <> '' AND OLD.gone = 0 AND OLD.class / 4 % 3 <> 2 AND OLD.class % 4 IN (0, 2)
BEGIN
  UPDATE owned_sets SET sets = sets - 1 WHERE policy_id = OLD.policy_id AND db = OLD.db;
  DELETE FROM owned_sets WHERE policy_id = OLD.policy_id AND db = OLD.db AND sets <= 0;
END;

CREATE TRIGGER owned_sets_changed AFTER UPDATE OF policy_id, db, gone, class ON backup_sets
WHEN OLD.policy_id <> NEW.policy_id OR OLD.db <> NEW.db OR (OLD.gone = 0) <> (NEW.gone = 0) OR OLD.class <> NEW.class
BEGIN
  UPDATE owned_sets SET sets = sets - 1 WHERE policy_id = OLD.policy_id AND db = OLD.db
    AND OLD.policy_id <> '' AND OLD.gone = 0 AND OLD.class / 4 % 3 <> 2 AND OLD.class % 4 IN (0, 2);
  INSERT INTO owned_sets (policy_id, db, sets)
    SELECT NEW.policy_id, NEW.db, 1 WHERE NEW.policy_id <> '' AND NEW.gone = 0 AND NEW.class / 4 % 3 <> 2 AND NEW.class % 4 IN (0, 2)
    ON CONFLICT (policy_id, db) DO UPDATE SET sets = sets + 1;
  DELETE FROM owned_sets WHERE policy_id = OLD.policy_id AND db = OLD.db AND sets <= 0;
END;
