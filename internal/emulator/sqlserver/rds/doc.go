// Package rds makes an emulated SQL Server an instance of Amazon RDS: BACKUP and
// RESTORE are refused to clients, and the procedures rds_backup_database,
// rds_restore_database, rds_restore_log, rds_finish_restore, rds_drop_database,
// rds_cancel_task, rds_task_status, their function rds_fn_task_status and those
// of transaction log copies take their place (RDS User Guide, "Using native
// backup and restore" and "Access to transaction log backups with RDS for SQL
// Server"). Tasks queue, two at work at most and one of a database; objects are
// read and written over the S3 API, and they are real backup files.
//
// What no page and no public program shows is decided here:
//
//   - The numbers of the service's own errors: 50000, as RAISERROR without one
//     gives.
//   - Texts of refusals that the guide describes and does not quote: those that
//     a comment calls not confirmed.
//   - created_at and last_updated are on the clock of GETDATE().
//   - A multi-file backup writes NAME1-of-4 for NAME*, as the guide's example
//     does; with Config.Underscore NAME_1-of-4, as one instance was seen to do.
//   - A snapshot of the service is a full backup that is kept nowhere: a row of
//     type D in msdb, and the base of the next differential.
//   - Client-side encryption makes a file that only the same key opens; the
//     real envelope is not emulated.
//
// What it does not do: S3 integration, SSRS, read
// replicas in other regions, changes of the parameter group.
package rds
