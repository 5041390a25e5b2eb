package sqlserver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// judge says how a restore stands. It looks at nothing but its argument.
func judge(v restoreState) migration.Task {
	t := migration.Task{Database: v.name, Created: v.work.started, BackupMode: "full"}
	if v.exists {
		t.Created = v.row.date("create_date").Add(-v.offset).UTC()
	}
	state := v.row.text("state_desc")
	switch {
	case v.working() && v.work.verb != workCheck:
		t.Status, t.Description = migration.TaskRunning, v.work.words()
	case v.worked && v.work.verb == workRestore && v.work.err != nil && (len(v.restores) == 0 || v.work.taskID != taskID(v.name, v.base())):
		// With a lost connection the server may have come to the end all the same.
		t.Status, t.Ended = migration.TaskFailed, v.work.ended
		because(&t, v.work.err)
		if fault.Is(v.work.err, fault.Unavailable) {
			t.InterruptedRestore = v.interruptedRestore()
		}
	case !v.exists:
		t.Status, t.Description = migration.TaskFailed, "The database is gone."
		t.Code = "gone"
	case state == "RESTORING" && v.lived:
		t.Status, t.Description = migration.TaskSuccess, "The database has been open since, and its tail was taken."
	case state == "RESTORING" && len(v.running) > 0:
		t.Status, t.Description = migration.TaskRunning, fmt.Sprintf("%s: %.0f percent.", v.running[0].Command, v.running[0].Percent)
	case state == "RESTORING" && len(v.restores) == 0:
		t.Status, t.InterruptedRestore = migration.TaskFailed, v.interruptedRestore()
		t.Description = "The restore was interrupted: the connection that ran it ended. Restore the full backup again."
		t.Code = "interrupted-restore"
	case state == "RESTORING":
		t.Status = migration.TaskWaiting
		if v.worked && v.work.verb == workOpen && v.work.err != nil {
			because(&t, v.work.err)
		}
	case state == "ONLINE" && v.row.text("user_access_desc") != "MULTI_USER":
		t.Status = migration.TaskWaiting
		t.Description = "The database is open to administrators alone, before its check. Open it again to go on."
		t.Code = "restricted"
		if v.worked && v.work.verb == workCheckFirst {
			v.work.verdict(&t, "DBCC CHECKDB", "check")
		}
	case state == "ONLINE":
		t.Status, t.ReadOnly = migration.TaskSuccess, v.row.bit("is_read_only")
		if v.worked && v.work.verb == workOpen {
			t.Ended = v.work.ended
		}
		if v.worked && !v.work.ended.IsZero() && (v.work.verb == workCheck || v.work.verb == workCheckFirst) {
			check := "DBCC CHECKDB"
			if v.work.verb == workCheck {
				check = "Asynchronously DBCC CHECKDB"
			}
			v.work.verdict(&t, check, "check-after")
			t.Ended = v.work.ended
		}
	case state == "RECOVERING":
		t.Status, t.Description = migration.TaskRunning, "The database is being recovered."
	default:
		t.Status, t.Description = migration.TaskFailed, "The database is "+state+"."
		t.Code = "offline"
	}
	return t
}

// words tell how far a work is.
func (w work) words() string {
	switch w.verb {
	case workCheck, workCheckFirst:
		return "DBCC CHECKDB is running."
	case workOpen:
		return "The database is being opened."
	}
	return fmt.Sprintf("Restoring %s: %.0f percent.", w.key, w.percent)
}

// because says of a task why its last statement was refused.
func because(t *migration.Task, err error) {
	f := fault.From(err)
	t.Description, _ = fault.Words(err)
	t.Code, t.Cause, t.Fix = f.Code, f.Message, f.Fix
	if t.Code == "" {
		t.Code = explain.Unknown
	}
}

// verdict says of a task what a check found; code is that of errors it found.
func (w work) verdict(t *migration.Task, check string, code fault.Code) {
	switch {
	case w.err != nil:
		t.Description, _ = fault.Words(w.err)
		t.Description = check + " could not be done: " + t.Description
	case len(w.findings) > 0:
		t.Check, t.Code = migration.CheckFailed, code
		t.Description = check + " failed: " + strings.Join(w.findings[:min(len(w.findings), 5)], " ")
	default:
		t.Check, t.Description = migration.CheckPassed, "Success. "+check+" found no errors."
	}
}

// lastCheck tells of a check since the restore that this process knows nothing
// of. While one runs here there is nothing to tell yet.
func (t *Target) lastCheck(ctx context.Context, v restoreState) (string, error) {
	if v.working() {
		return "", nil
	}
	rows, err := t.server.askIf(ctx, `SELECT CONVERT(datetime, DATABASEPROPERTYEX(@p1, 'LastGoodCheckDbTime')) AS checked`, v.name)
	if err != nil || len(rows) == 0 || len(v.restores) == 0 {
		return "", err
	}
	checked := rows[0].date("checked").Add(-v.offset)
	if checked.Before(v.restores[len(v.restores)-1].at) {
		return "", nil
	}
	return "Success. DBCC CHECKDB found no errors at " + checked.UTC().Format(time.DateTime) + " UTC.", nil
}
