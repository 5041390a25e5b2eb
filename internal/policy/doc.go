// Package policy holds the promises about backups: what is backed up, how,
// when, and how long it is kept. Its two halves share words and nothing else:
// policies of our own for self-managed servers (Policy), which Bakplane's cron
// carries out, and policies of ApsaraDB RDS (Standard, Advanced), which the
// service carries out and Bakplane edits.
//
// Everything here is computed: when a slot is due, what may be removed without
// breaking a chain, what a change will do. Doing it is elsewhere.
package policy
