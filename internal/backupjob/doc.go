// Package backupjob carries out what policies and people order about backups:
// backups of self-managed servers and their way into a bucket, the removal of
// sets that nothing keeps, manual backups of the cloud, copies of its sets, and
// restores under another name.
//
// Each kind of run has a pure function that decides what is next from what is
// written down, and a Worker that does it. Effects have names fixed before they
// are attempted: after any death the worker looks for them first.
//
// # Beside a live migration
//
// A migration ships the log of its source; who takes a log backup beside it
// makes a link of the chain that the migration must follow. Therefore:
//
//   - the log rule leaves such a database to its migration, whose logs are links
//     of the same chain and appear in the catalogue;
//   - a full backup is taken copy-only, because the migration's differential
//     builds on the migration's own full backup;
//   - a differential changes nothing for others and is taken as ever;
//   - from the order to cut over on, the database is left alone altogether.
//
// # Names
//
// A backup's NAME and its files are made of the policy, the local time of the
// slot, the kind and the database, so that the same order always asks for the
// same thing. In a bucket a set lies at
//
//	backups/<server>/<database>/<kind>/<name>.bak
//
// with _1of4 before the ending for stripes. Characters that are not safe in
// keys everywhere become _, followed by a short hash of the true name.
package backupjob
