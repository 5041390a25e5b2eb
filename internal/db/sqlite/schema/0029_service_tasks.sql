-- +goose Up
-- What services told of their tasks, kept for longer than they keep it.
CREATE TABLE service_tasks (
  instance_id TEXT NOT NULL,
  task        TEXT NOT NULL, -- the service's own id
  created     INTEGER NOT NULL,
  content     TEXT NOT NULL, -- JSON
  PRIMARY KEY (instance_id, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_tasks_by_time ON service_tasks (instance_id, created, task);
