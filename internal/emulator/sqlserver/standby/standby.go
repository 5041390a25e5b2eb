// Package standby is what a database restored WITH STANDBY has beside itself:
// an undo file that takes its uncommitted transactions back when the restore
// goes on (public pages "RESTORE Arguments" and "ALTER DATABASE SET options").
package standby

import (
	"os"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Undo is the file of a database in standby; nil stands for one that is not.
type Undo struct {
	shown, real string
}

// Begin writes the undo file in the place of one from before. Shown is the path
// as the statement has it, real the file of this machine.
func Begin(shown, real string, before *Undo) (*Undo, error) {
	before.End()
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		return nil, media.Refused(shown, media.OSErrorOf(err))
	}
	return &Undo{shown, real}, nil
}

// End removes the file: the database is rolled forward, or recovered.
func (u *Undo) End() {
	if u != nil {
		_ = os.Remove(u.real) // nobody misses one that is gone
	}
}

// Ready refuses to go on without the file: the restore begins anew then. The
// number is that of a server's start; whether RESTORE gives it too is not
// confirmed.
func (u *Undo) Ready(database string, id int) error {
	if u == nil {
		return nil
	}
	_, err := os.Stat(u.real)
	if err == nil {
		return nil
	}
	return tds.Refuse(3441, 21, "During startup of warm standby database '%s' (database ID %d), its standby file ('%s') was inaccessible to the RESTORE statement. The operating system error was '%s'. Diagnose the operating system error, correct the problem, and retry startup.",
		database, id, u.shown, media.OSErrorOf(err))
}

// Backs refuses backups of a database in standby.
func (u *Undo) Backs(database string) error {
	if u == nil {
		return nil
	}
	return tds.Refuse(3036, 16, "The database \"%s\" is in warm-standby state (set by executing RESTORE WITH STANDBY) and cannot be backed up until the entire restore sequence is completed.", database)
}

// Alters refuses options. Who may use the database can be changed, as log
// shipping does before it goes on; which others are refused is not confirmed.
func (u *Undo) Alters(database, option string) error {
	switch option {
	case "SINGLE_USER", "RESTRICTED_USER", "MULTI_USER", "OFFLINE", "ONLINE":
		return nil
	}
	if u == nil {
		return nil
	}
	return tds.Refuse(5063, 16, "Database '%s' is in warm standby. A warm-standby database is read-only.", database)
}

// Upgrades refuses STANDBY for a database that an older server made.
func Upgrades(path string, made, here int) error {
	if path == "" || made >= here {
		return nil
	}
	return tds.Refuse(3180, 16, "This backup cannot be restored using WITH STANDBY because a database upgrade is needed. Reissue the RESTORE without WITH STANDBY.")
}
