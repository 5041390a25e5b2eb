// Package policy holds the promises about backups: what is backed up, how,
// when, and how long it is kept. Its two halves share words and nothing else:
// policies of our own for self-managed servers (Policy), which Bakplane's cron
// carries out, and those that a service carries out for its instances (Standard, Advanced), which
// Bakplane edits.
//
// Everything here is computed: when a slot is due, what may be removed without
// breaking a chain, what a change will do. Doing it is elsewhere.
package policy
