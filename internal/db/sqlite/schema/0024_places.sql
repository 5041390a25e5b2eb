-- +goose Up
-- The instance whose answers a run waits for: hands are shared by it. Empty = none.
ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT '';
UPDATE runs SET place = coalesce(
  (SELECT server_id FROM backup_jobs WHERE run_id = runs.id),
  (SELECT server_id FROM backup_plans WHERE job_id = runs.subject),
  (SELECT instance_id FROM operations WHERE id = runs.subject), '')
  WHERE state NOT IN ('succeeded', 'canceled');
