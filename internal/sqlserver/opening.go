package sqlserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Open implements migration.Target. It returns when the database is open; the
// check goes on in the background, and Task tells of it.
//
// A restoring database cannot be checked. CheckSync therefore opens it to
// administrators alone (RESTRICTED_USER), checks it, and lets everybody in
// when nothing was found. Open again, with CheckAsync, lets everybody in
// regardless. Repeating it is harmless at every stage; key is not needed.
func (t *Target) Open(ctx context.Context, id, database string, check migration.CheckMode, _ string) error {
	return t.open(ctx, id, database, check, opening{})
}

// OpenWritable implements migration.Host.
func (t *Target) OpenWritable(ctx context.Context, id, database string, check migration.CheckMode, _ string) error {
	return t.open(ctx, id, database, check, opening{write: true})
}

// opening is how a database is opened.
type opening struct {
	write   bool // one that comes up read-only is set READ_WRITE before anybody is let in
	keepCDC bool
}

func (t *Target) open(ctx context.Context, id, database string, check migration.CheckMode, how opening) error {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	v, err := t.restoreStateOf(ctx, id, database)
	if err != nil {
		return untouched(err)
	}
	open := v.row.text("user_access_desc") == "MULTI_USER" && !(how.write && v.row.bit("is_read_only"))
	switch state := v.row.text("state_desc"); {
	case v.interrupted():
		return fault.Newf(fault.Conflict, "The full backup of %s was not restored to its end.", database).WithCode("interrupted-restore").WithFix("Restore it again.")
	case v.working() && (v.work.verb == workCheck || v.work.verb == workCheckFirst && check == migration.CheckSync):
		return nil
	case state == "ONLINE" && open:
		return nil
	case v.lived && state == "RESTORING":
		return frozen(database)
	case state != "ONLINE" && state != "RESTORING":
		return fault.Newf(fault.Conflict, "%s is %s.", database, state).WithCode("offline")
	}
	if v.working() && v.work.verb == workCheckFirst {
		v.work.cancel()
		<-v.work.done
	}
	w := &work{verb: workOpen, taskID: id}
	inner, err := t.server.begin(ctx, database, w)
	if err != nil {
		return untouched(err)
	}
	err = t.recover(inner, quotedName, v.row.text("state_desc"), check, how)
	t.server.finish(w, err, nil)
	if err != nil {
		return err
	}
	return t.check(id, database, quotedName, check)
}

func frozen(database string) error {
	return fault.Newf(fault.Conflict, "%s has been open since, and its tail was taken: it waits for its own cutover.", database).
		WithFix("If that was given up, open it with RESTORE DATABASE … WITH RECOVERY.")
}

// recover brings the database online, for everybody or for administrators.
// What the source was set to travels in the backup and is overruled.
func (t *Target) recover(ctx context.Context, quotedName, state string, check migration.CheckMode, how opening) error {
	l, err := t.server.session(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	if state == "RESTORING" {
		statement := "RESTORE DATABASE " + quotedName + " WITH RECOVERY"
		if check == migration.CheckSync {
			statement += ", RESTRICTED_USER"
		}
		if how.keepCDC {
			statement += ", KEEP_CDC"
		}
		if err := l.run(ctx, statement, nil); err != nil && !saidNumber(err, 3153) {
			return err
		}
	}
	if how.write {
		// It needs the database for itself; nobody works in one that was never
		// written to.
		if err := l.run(ctx, "ALTER DATABASE "+quotedName+" SET READ_WRITE WITH ROLLBACK IMMEDIATE", nil); err != nil {
			return err
		}
	}
	access := "MULTI_USER"
	if check == migration.CheckSync {
		access = "RESTRICTED_USER WITH ROLLBACK IMMEDIATE"
	}
	return l.run(ctx, "ALTER DATABASE "+quotedName+" SET "+access, nil)
}

// check begins DBCC CHECKDB.
func (t *Target) check(id, database, quotedName string, mode migration.CheckMode) error {
	w := &work{verb: workCheck, taskID: id}
	if mode == migration.CheckSync {
		w.verb = workCheckFirst
	}
	ctx, err := t.server.begin(t.server.ctx, database, w)
	if err != nil {
		return err
	}
	go func() {
		found, err := t.server.CheckDB(ctx, database, false)
		if mode == migration.CheckSync && err == nil && len(found) == 0 {
			err = t.server.run(ctx, "ALTER DATABASE "+quotedName+" SET MULTI_USER", nil)
		}
		t.server.finish(w, err, found)
	}()
	return nil
}

// Terminate implements migration.Target: it ends the statement that runs here
// and drops the database, if that is certainly a restore that was never open.
func (t *Target) Terminate(ctx context.Context, id string) error {
	database, _ := parseID(id)
	quotedName, err := tsql.Name(database)
	if err != nil {
		return err
	}
	if w, ok := t.server.work(database); ok && w.taskID == id && w.ended.IsZero() && w.verb != workCheck {
		w.cancel()
		select {
		case <-w.done:
		case <-ctx.Done():
			return t.server.explain(ctx, ctx.Err())
		}
	}
	v, err := t.restoreState(ctx, database)
	if err != nil {
		return untouched(err)
	}
	if v.exists {
		if err := mayDrop(v, id); err != nil {
			return err
		}
		if err := t.server.run(ctx, "DROP DATABASE "+quotedName, nil); err != nil && !saidNumber(err, 3701) {
			return err
		}
	}
	t.server.forget(database)
	return nil
}

// mayDrop refuses unless the database was made by this restore and never
// opened. RESTORING alone is no proof: a database whose tail was taken WITH
// NORECOVERY looks the same, and so does one of an availability group.
func mayDrop(v restoreState, id string) error {
	keep := func(why string) error {
		return fault.Newf(fault.Conflict, "%s is left as it is: %s", v.name, why).WithFix("If it is really not needed, drop it by hand.")
	}
	state := v.row.text("state_desc")
	switch {
	case state != "RESTORING":
		return keep(fmt.Sprintf("it is %s, not restoring.", state))
	case v.row.has("replica_id"):
		return keep("it belongs to an availability group.")
	case len(v.running) > 0:
		return keep(fmt.Sprintf("session %d is at work on it (%s).", v.running[0].Session, strings.ToLower(v.running[0].Command)))
	case v.lived:
		return keep("backups of it were taken on this server, so it has been open.")
	case len(v.restores) == 0 && !v.interrupted():
		return keep("nothing on the server tells where it came from.")
	case len(v.restores) > 0 && id != taskID(v.name, v.base()):
		return keep("it was restored from another backup.")
	}
	return nil
}
