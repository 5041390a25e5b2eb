// Package policy holds the promises about backups: what is backed up, how,
// when, and how long it is kept, by policies of our own for self-managed servers
// (Policy), which Bakplane's cron carries out. Those that a service carries out
// for its instances, which Bakplane edits, are in package clouds.
//
// Everything here is computed: when a slot is due, what may be removed without
// breaking a chain, what a change will do. Doing it is elsewhere.
package policy
