-- +goose Up
-- An instance that was made anew behind the same address counts its tasks from
-- the beginning: its former tasks keep their rows, each under its own turn of the
-- number. They go with their instance.
CREATE TABLE service_tasks_new (
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  task        TEXT NOT NULL, -- the service's own id
  turn        INTEGER NOT NULL DEFAULT 0,
  created     INTEGER NOT NULL,
  content     TEXT NOT NULL, -- JSON
  PRIMARY KEY (instance_id, task, turn)
) STRICT, WITHOUT ROWID;
INSERT INTO service_tasks_new (instance_id, task, created, content)
  SELECT instance_id, task, created, content FROM service_tasks WHERE instance_id IN (SELECT id FROM instances);
DROP TABLE service_tasks;
ALTER TABLE service_tasks_new RENAME TO service_tasks;
CREATE INDEX service_tasks_by_time ON service_tasks (instance_id, created, task, turn);
