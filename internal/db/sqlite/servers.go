package sqlite

import "github.com/bakplane/bakplane/internal/db/sqlite/servers"

// Servers gives the part of the store that keeps server migrations.
func (d *DB) Servers() *servers.Keeper {
	return &servers.Keeper{Read: d.read, Write: d.tx, Stored: stored, Record: d.record, Queue: insertRun, Held: held, Note: note}
}
