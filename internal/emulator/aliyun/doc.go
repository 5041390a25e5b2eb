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
// What it does not do: the OSSUrls path of 2008 R2 on local disks, accounts
// and privileges inside the instance, several files in one call, billing,
// backups of its own. File names with special characters, encrypted buckets
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
