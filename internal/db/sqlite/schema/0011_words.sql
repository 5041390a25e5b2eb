-- +goose Up
-- Tables and columns under the words of the field.
ALTER TABLE migration_takes RENAME TO source_backups;
ALTER TABLE looks RENAME TO visits;
ALTER TABLE errands RENAME TO operations;
ALTER TABLE backup_works RENAME TO backup_jobs;
ALTER TABLE backup_sheets RENAME TO backup_plans;
ALTER TABLE source_works RENAME TO remedy_runs;
ALTER TABLE policy_marks RENAME TO policy_watermarks;
ALTER TABLE backup_plans RENAME COLUMN work_id TO job_id;
ALTER TABLE backup_plans RENAME COLUMN sheet TO plan;
ALTER TABLE backup_orders RENAME COLUMN work_id TO job_id;
ALTER TABLE migrations RENAME COLUMN sight TO target_state;
ALTER TABLE migrations RENAME COLUMN sight_at TO target_state_at;
ALTER TABLE migrations RENAME COLUMN foretold TO predicted;
ALTER TABLE migrations RENAME COLUMN quiet TO write_activity;
ALTER TABLE migrations RENAME COLUMN bridge_asked TO gap_differential_asked;
ALTER TABLE runs RENAME COLUMN wish TO request;
ALTER TABLE operations RENAME COLUMN wish TO request;
