package sqlite

import (
	"github.com/bakplane/bakplane/internal/db/sqlite/servers"
	"github.com/bakplane/bakplane/internal/db/sqlite/sessions"
)

// Servers gives the part of the store that keeps server migrations.
func (d *DB) Servers() *servers.Keeper {
	return &servers.Keeper{Read: d.read, Write: d.tx, Stored: stored, Record: d.record, Queue: insertRun, Held: held, Note: note}
}

// Sessions returns the store of browser sessions.
func (d *DB) Sessions() sessions.Sessions {
	return sessions.Sessions{Read: d.read, Write: d.silently, Stored: stored}
}
