package migration

import (
	"strings"
	"time"
)

// Found is the answer to "did the call happen?".
type Found struct {
	Verdict Verdict // Adopted, Void, or Unknown: look again later
	TaskID  string  // for an adopted restore
}

// ReconcileRestore looks for the task of a restore call whose answer was lost. The
// call remembers which tasks of this name existed before it, so any other task
// is its work and no clock is compared. The call has no idempotency
// key: making the call again while it may still take effect would start a
// second restore.
func ReconcileRestore(c Call, m Migration, tasks []Task, now time.Time, r Rules) Found {
	for _, t := range tasks {
		if strings.EqualFold(t.Database, m.Database) && !known(c, t.ID) {
			return Found{Verdict: Adopted, TaskID: t.ID}
		}
	}
	return giveUp(c, now, r)
}

func known(c Call, id string) bool {
	for _, k := range c.KnownTasks {
		if k == id {
			return true
		}
	}
	return false
}

// ReconcileImport looks for the file's row in the task.
func ReconcileImport(c Call, f File, s TargetState, now time.Time, r Rules) Found {
	if len(RowsOf(s.Files, f)) > c.RowsBefore {
		return Found{Verdict: Adopted}
	}
	if len(s.Files) == 0 && (s.Task.Status == TaskRunning || s.Task.Status == TaskNoStart) {
		return Found{Verdict: Adopted} // no rows told, yet the task went back to work
	}
	return giveUp(c, now, r)
}

// ReconcileEnd looks whether an order to open or to terminate took effect. Both
// may be repeated, so giving up costs nothing but a second call.
func ReconcileEnd(c Call, t Task, now time.Time, r Rules) Found {
	if t.Status != TaskWaiting && (c.Verb == VerbOpen || t.Status == TaskFailed || t.Status == TaskSuccess) {
		return Found{Verdict: Adopted}
	}
	return giveUp(c, now, r)
}

func giveUp(c Call, now time.Time, r Rules) Found {
	if now.Before(c.Intended.Add(r.Settle)) {
		return Found{}
	}
	return Found{Verdict: Void}
}
