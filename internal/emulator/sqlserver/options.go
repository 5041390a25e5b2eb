package sqlserveremu

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// Options that cannot be changed in the system databases (public pages "master
// Database", "tempdb Database", "model Database" and "msdb Database").
var (
	availability = []string{"ONLINE", "OFFLINE", "EMERGENCY"}
	ofEverybody  = append([]string{"READ_ONLY", "READ_WRITE", "SINGLE_USER", "RESTRICTED_USER", "MULTI_USER", "AUTO_CLOSE", "AUTO_SHRINK",
		"READ_COMMITTED_SNAPSHOT", "ALLOW_SNAPSHOT_ISOLATION"}, availability...)
	fixedOptions = map[string][]string{"master": ofEverybody, "tempdb": append([]string{"RECOVERY"}, ofEverybody...), "model": availability, "msdb": availability}
)

// settable refuses what a system database must not have.
func settable(db *database, word string) error {
	if db.system && slices.Contains(fixedOptions[db.name], word) {
		return refusal(5058, 16, "Option '%s' cannot be set in database '%s'.", word, db.name)
	}
	return nil
}

// setting does one SET of ALTER DATABASE.
func (n *session) setting(ctx context.Context, db *database, set tsql.Setting, st *tsql.AlterDatabase) error {
	s := n.server
	if err := settable(db, set.Word); err != nil {
		return err
	}
	s.mu.Lock()
	taken, member := s.taken(db, n), s.alters(db, set.Word, set.Value)
	s.mu.Unlock()
	if member != nil {
		return member
	}
	if taken { // whatever the termination clause says
		return refusal(5064, 16, "Changes to the state or options of database '%s' cannot be made at this time. The database is in single-user mode, and a user is currently connected to it.", db.name)
	}
	exclusive := false
	switch set.Word {
	case "READ_ONLY", "READ_WRITE", "SINGLE_USER", "OFFLINE", "RESTRICTED_USER":
		exclusive = true
	}
	if exclusive {
		if err := n.alone(ctx, db, set.Word, st); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := db.undo.Alters(db.name, set.Word); err != nil {
		return err
	}
	if db.state == restoring || db.state == suspect {
		return refusal(5052, 16, "ALTER DATABASE is not permitted while a database is in the %s state.", map[state]string{restoring: "Restoring", suspect: "Suspect"}[db.state])
	}
	if db.state == offline && set.Word != "ONLINE" && set.Word != "OFFLINE" {
		return errOffline(db.name)
	}
	switch set.Word {
	case "RECOVERY":
		db.setRecovery(bakfile.RecoveryModel(strings.ReplaceAll(set.Value, "_", "-")))
	case "READ_ONLY":
		if !db.readOnly {
			db.checkpoint()
		}
		db.readOnly = true
	case "READ_WRITE":
		if db.readOnly {
			db.readOnly = false
			db.checkpoint()
		}
	case "MULTI_USER", "SINGLE_USER", "RESTRICTED_USER":
		if set.Word == "MULTI_USER" && db.deadlocks > 0 {
			db.deadlocks--
			return errDeadlock(n.id)
		}
		db.access = set.Word
		s.rush(db)
	case "OFFLINE":
		if db.dataBusy || db.logBusy {
			return refusal(5061, 16, "ALTER DATABASE failed because a lock could not be placed on database '%s'. Try again later.", db.name)
		}
		db.state = offline
	case "ONLINE":
		db.state = online
	case "EMERGENCY":
		db.state = emergency
	case "PAGE_VERIFY":
		db.verify = set.Value
	}
	return nil
}

// alone waits until nobody else has the database open, or ends their sessions
// when the statement says so. READ_ONLY and READ_WRITE let a load reconnect;
// RESTRICTED_USER sends away only those it keeps out:
// whether SQL Server ends the others' sessions too is not confirmed.
func (n *session) alone(ctx context.Context, db *database, word string, st *tsql.AlterDatabase) error {
	s := n.server
	deadline := time.Now().Add(lockTime)
	for {
		s.mu.Lock()
		others := s.using(db, n)
		if word == "RESTRICTED_USER" {
			kept := others[:0:0]
			for _, o := range others {
				if r := o.rights(); !r.role(db) && !r.server("dbcreator") {
					kept = append(kept, o)
				}
			}
			others = kept
		}
		l := s.loads[s.key(db.name)]
		inside := l != nil && l.inside(db)
		if st.Rolling {
			for _, o := range others {
				o.link.Cut()
			}
			inside = false // its open transactions are rolled back, it comes again
		}
		s.mu.Unlock()
		if len(others) == 0 && (!inside || word == "RESTRICTED_USER") {
			return nil
		}
		if st.NoWait || time.Now().After(deadline) {
			return refusal(5070, 16, "Database state cannot be changed while other users are using the database '%s'", db.name)
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}
