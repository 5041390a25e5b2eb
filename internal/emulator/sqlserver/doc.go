// Package sqlserveremu emulates a SQL Server, as far as a dashboard for
// backups and migrations needs one: it speaks TDS 7.4 to official drivers,
// reads the T-SQL of backups, restores, catalog and history views, and simple
// changes of tables, and refuses with SQL Server's own numbers and texts
// (public pages "Database engine events and errors").
//
// Its databases have contents: tables with rows, one clock of log sequence
// numbers that every change advances, a recovery model, a log, recovery forks.
// Backups are real files (package mtf) whose payload carries the contents, or
// for a log the changes with their LSNs, and restores apply them by the rules
// of chains, so that "the target equals the source at LSN x" can be checked:
// Apply and Sums do it for files alone.
//
// What the public pages leave open is decided here:
//
//   - A log backup always writes a record of its own, so its last LSN is
//     behind its first even on an idle database.
//   - A tail-log backup covers the log up to its beginning; from then on the
//     database refuses writes, and is ONLINE again when the backup fails. As
//     RESTORE, it needs the database for itself (3101).
//   - A load counts as an application's session in its database until that is
//     RESTRICTED_USER or SINGLE_USER; it takes the free
//     slot of a database in SINGLE_USER and holds it (5064, 924).
//   - Secondaries of an availability group are never behind: replicas share
//     their databases, and each has its own msdb (StartGroup).
//   - What a comment calls not confirmed is a guess at a number or an order.
//   - Opening a database after a tail-log backup begins a recovery fork whose
//     point is the tail's last LSN; the next log backup spans it.
//   - Data and log backups of one database run side by side; two of a kind are
//     refused (3023).
//
// What it does not do: isolate or hide uncommitted changes (others and backups
// see them, rolling back is another change), enforce keys, write compressed
// containers (COMPRESSION makes files smaller and says so in the headers),
// BACKUP LOG WITH STANDBY, marks, piecemeal and page restores, file backups, mirrored media,
// URL and tape devices, encryption, asynchronous and distributed availability
// groups, SQL Server Agent,
// Windows logins, server-side cursors. CHECKSUM and BINARY_CHECKSUM give equal
// numbers for equal rows, not SQL Server's. It has no files of its own for
// databases: their paths are names.
//
// The control door (package door) knows statements by their operation (SELECT,
// BACKUP DATABASE, BACKUP LOG, RESTORE DATABASE, RESTORE LOG, RESTORE
// HEADERONLY, …, ALTER DATABASE, DBCC CHECKDB, EXECUTE, INSERT, …) and, as
// path, /operation/database. A rule's Status refuses with the error number in
// its Code, CutAnswer acts and breaks the connection. A rule's Effects are
//
//	takes  a restore lasts so long ("3h") by the server's clock
//	msdb   a backup succeeds and misses its row (3009)
//
// It adds these paths:
//
//	GET    /databases, /databases/{name}   DatabaseState: LSNs, state, checksums of tables
//	PATCH  /databases/{name}               a DatabasePatch
//	POST   /databases/{name}/load          {"rate": changes per second}
//	DELETE /databases/{name}/load          answers a LoadState
//	GET    /loads                          all LoadStates
//	POST   /databases/{name}/foreign       {"login","path","full","lose"}: somebody else's backup
//	POST   /databases/{name}/snapshot      {"copy_only"}: a full backup on disks that no file holds
//	POST   /files/delete                   {"path"}
//	POST   /files/protect                  {"path","password"}: media of old that want it (3279)
//	PATCH  /logins/{name}                  a LoginPatch
//	PUT    /disk                           a Disk: slow, full, denied
//	PATCH  /server                         {"edition","version","rate","name"}: a new name is the host's alone
//	PATCH  /group                          a GroupPatch: failover, preference, lost replicas
//	POST   /cut                            {"login"}: breaks its connections, or all
//	GET    /statements                     what clients sent
package sqlserveremu
