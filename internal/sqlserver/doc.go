// Package sqlserver talks to a self-managed SQL Server through go-mssqldb: as
// the source of backups and cutovers (backup.Server) and as a place where
// databases are restored (migration.Target).
//
// Short questions share a small pool and have a time limit. BACKUP, RESTORE,
// ALTER DATABASE and DBCC each get a connection of their own, without a limit:
// they end when the server is done, when the context ends (the driver then
// sends an attention and the server stops the statement), or when the
// connection breaks, which the server takes as an order to stop as well.
//
// Answers are read by column name, and columns that a version does not have
// count as unknown: what the catalogue views and RESTORE HEADERONLY return
// grows with the versions (documentation pages "sys.databases", "backupset",
// "RESTORE HEADERONLY"). Nothing here runs in a transaction, which BACKUP and
// RESTORE refuse (error 3021).
package sqlserver
