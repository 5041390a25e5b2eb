// Package aliyunemu emulates the part of Alibaba Cloud's RDS API (version
// 2014-08-15) through which a SQL Server backup file in OSS becomes a database
// on an ApsaraDB instance. It speaks to the official SDK over the wire:
// signatures, clock and nonces are checked, the object is fetched over HTTP
// and its real header read, and refusals carry the documented codes and texts
// (public pages "CreateMigrateTask", "Instance-level migration of SQL Server
// to the cloud", "Migrate incremental backup data" and "Migrate full backup
// data").
//
// What the public pages leave open is decided here, and said where it is
// decided. Chief among these choices:
//
//   - An increment is another file of the task that restored the full file:
//     the call answers with that task's id.
//   - An increment that cannot be applied leaves the task Waiting, with the
//     error in its Description and in that of the file, because the documented
//     remedy is to upload the right file next. A full file that cannot be
//     restored ends the task as Failed and frees the name.
//   - A terminated task is Failed with a Description that says so, and its
//     half restored database is gone. An opened database stays.
//   - Of several backup sets in one file the first is restored, as RESTORE
//     does without a FILE number.
//   - Days are counted as the 24 hours before a call.
//
// It also backs instances up, by their policy and by order (pages "Back up
// data", ModifyBackupPolicy, CreateBackup, DescribeBackups,
// DescribeLogBackupFiles, ModifyBackupSetExpireTime,
// CopyDatabaseBetweenInstances), on a clock of its own that the control door
// can move ahead: scheduled backups, jobs with their stages, sets that expire,
// log backups, download links that give real backup files with what the
// databases held, and restores into existing instances. Open there, and
// decided here:
//
//   - The days of a policy are days in UTC. Times of backups begin at the full
//     hour of the window.
//   - A change of days or hour starts one backup two minutes later; the page
//     says that one may.
//   - A scheduled backup of a policy with incremental is full when the last
//     full one is older than three days, as for automatic manual ones.
//   - Sets keep the expiry that they were made with when the retention of the
//     policy changes.
//   - LogInterval always means 30 minutes; an interval of 5 can be set through
//     the control door alone, as by the console, and a LogInterval after it
//     makes it 30.
//   - The whole-set link gives a zip of the databases' .bak files; a log's link
//     a zip of .lbak files, as the migration page describes.
//   - No field tells a single-database set from another one.
//   - BackupSize is an estimate, and no set has a Checksum.
//   - Restores of snapshots into existing instances work like those of
//     physical sets.
//   - RecoveryDBInstance, CloneDBInstance and everything that makes a new
//     instance is missing.
//
// What it does not do: the OSSUrls path of 2008 R2 on local disks, accounts
// and privileges inside the instance, several files in one call, billing. File names with special characters, encrypted buckets
// and storage classes are not refused, since the service's texts for them are
// not public; what the object store itself refuses fails the download. It
// listens nowhere by itself: Server is a handler, meant for loopback.
//
// The control door (package door) adds these paths:
//
//	GET    /instances, /instances/{id}              settings, databases, applied sets
//	PATCH  /instances/{id}                          an InstancePatch
//	PUT    /instances/{id}/databases/{name}         a database that exists already
//	DELETE /instances/{id}/databases/{name}
//	PUT    /instances/{id}/databases/{name}/contents   what it holds, as Config.Payload reads it
//	PATCH  /instances/{id}/backups                  a BackupsPatch: settings, and changes "in the console"
//	GET    /clock, POST /clock {"forward":"36h"}    the clock that backups go by
//	GET    /tasks                                   every task with its files, oldest first
//	GET    /created                                 Created: tasks and files accepted
//	POST   /tasks/{id}/hang, /tasks/{id}/resume     the task stops between two steps, and goes on
//	POST   /hang, /resume                           the same for all tasks, also later ones
//	PUT    /accounts/{id}/role                      a Credential for reading OSS
//	DELETE /accounts/{id}/role                      the role AliyunRDSImportRole is gone
//	PATCH  /settings                                a SettingsPatch
//
// and one effect for rules: "clock_skew", a duration by which the service's
// clock is ahead for the request.
package aliyunemu
