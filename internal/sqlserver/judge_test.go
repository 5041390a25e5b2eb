package sqlserver

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestTaskIsJudgedByWhatTheServerTells(t *testing.T) {
	now := time.Now().UTC()
	state := func(state, access string) row { return row{"state_desc": state, "user_access_desc": access} }
	full := []restored{{at: now}}
	ended := func(v verb, err error, findings ...string) work {
		return work{verb: v, started: now, ended: now, err: err, findings: findings}
	}
	running := func(v verb) work { return work{verb: v, started: now, key: "f.bak", percent: 40} }
	for _, c := range []struct {
		name   string
		v      restoreState
		status migration.TaskStatus
		words  string
	}{
		{"begun, no database yet", restoreState{worked: true, work: running(workRestore)}, migration.TaskRunning, "f.bak: 40 percent"},
		{"at work", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), worked: true, work: running(workRestore)}, migration.TaskRunning, "40 percent"},
		{"the restore was refused", restoreState{worked: true, work: ended(workRestore, errors.New("x"))}, migration.TaskFailed, ""},
		{"interrupted", restoreState{exists: true, row: state("RESTORING", "MULTI_USER")}, migration.TaskFailed, "interrupted"},
		{"somebody else's connection", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), running: []backup.RunningStatement{{Command: "RESTORE DATABASE", Percent: 7}}}, migration.TaskRunning, "7 percent"},
		{"waits for more", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full}, migration.TaskWaiting, ""},
		{"the next log", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full, worked: true, work: running(workImport)}, migration.TaskRunning, "f.bak"},
		{"after a refused log", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full, worked: true, work: ended(workImport, errors.New("x"))}, migration.TaskWaiting, ""},
		{"open", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full}, migration.TaskSuccess, ""},
		{"open, check goes on", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full, worked: true, work: running(workCheck)}, migration.TaskSuccess, ""},
		{"open and checked", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full, worked: true, work: ended(workCheck, nil)}, migration.TaskSuccess, "Success. Asynchronously DBCC CHECKDB"},
		{"open and broken", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full, worked: true, work: ended(workCheck, nil, "bad page")}, migration.TaskSuccess, "Asynchronously DBCC CHECKDB failed: bad page"},
		{"check before opening", restoreState{exists: true, row: state("ONLINE", "RESTRICTED_USER"), restores: full, worked: true, work: running(workCheckFirst)}, migration.TaskRunning, "CHECKDB is running"},
		{"found broken before opening", restoreState{exists: true, row: state("ONLINE", "RESTRICTED_USER"), restores: full, worked: true, work: ended(workCheckFirst, nil, "bad page")}, migration.TaskWaiting, "DBCC CHECKDB failed: bad page"},
		{"death during that check", restoreState{exists: true, row: state("ONLINE", "RESTRICTED_USER"), restores: full}, migration.TaskWaiting, "administrators alone"},
		{"opened, later frozen as a source", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full, lived: true}, migration.TaskSuccess, "open since"},
		{"recovering", restoreState{exists: true, row: state("RECOVERING", "MULTI_USER"), restores: full}, migration.TaskRunning, "recovered"},
		{"suspect", restoreState{exists: true, row: state("SUSPECT", "MULTI_USER"), restores: full}, migration.TaskFailed, "SUSPECT"},
		{"dropped by somebody", restoreState{worked: true, work: ended(workImport, nil)}, migration.TaskFailed, "gone"},
	} {
		got := judge(c.v)
		if got.Status != c.status || !strings.Contains(got.Description, c.words) || c.words == "" && c.v.work.err == nil && got.Description != "" {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, got.Status, got.Description, c.status, c.words)
		}
	}
}

// TestTasksTellTheirCode: what a task says is worded here, and its code stands
// beside it.
func TestTasksTellTheirCode(t *testing.T) {
	now := time.Now().UTC()
	state := func(state, access string) row { return row{"state_desc": state, "user_access_desc": access} }
	full := []restored{{at: now}}
	ended := func(v verb, err error, findings ...string) work {
		return work{verb: v, started: now, ended: now, err: err, findings: findings}
	}
	refused := (&Server{}).words(&Refusal{[]ServerError{{Number: 3241, Severity: 16, Text: "The media family on device 'x' is incorrectly formed."}}})
	for _, c := range []struct {
		name  string
		v     restoreState
		code  fault.Code
		check migration.CheckResult
	}{
		{"the restore was refused", restoreState{worked: true, work: ended(workRestore, refused)}, "unreadable", ""},
		{"refused by who knows what", restoreState{worked: true, work: ended(workRestore, errors.New("x"))}, explain.Unknown, ""},
		{"interrupted", restoreState{exists: true, row: state("RESTORING", "MULTI_USER")}, "interrupted-restore", ""},
		{"at work", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full}, "", ""},
		{"opening refused", restoreState{exists: true, row: state("RESTORING", "MULTI_USER"), restores: full, worked: true, work: ended(workOpen, refused)}, "unreadable", ""},
		{"checked after", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full, worked: true, work: ended(workCheck, nil)}, "", migration.CheckPassed},
		{"open and broken", restoreState{exists: true, row: state("ONLINE", "MULTI_USER"), restores: full, worked: true, work: ended(workCheck, nil, "bad page")}, "check-after", migration.CheckFailed},
		{"broken before opening", restoreState{exists: true, row: state("ONLINE", "RESTRICTED_USER"), restores: full, worked: true, work: ended(workCheckFirst, nil, "bad page")}, "check", migration.CheckFailed},
		{"death during that check", restoreState{exists: true, row: state("ONLINE", "RESTRICTED_USER"), restores: full}, "restricted", ""},
		{"suspect", restoreState{exists: true, row: state("SUSPECT", "MULTI_USER"), restores: full}, "offline", ""},
		{"dropped by somebody", restoreState{worked: true, work: ended(workImport, nil)}, "gone", ""},
	} {
		if got := judge(c.v); got.Code != c.code || got.Check != c.check || got.Code != "" && !explain.Known(got.Code) {
			t.Errorf("%s: code %q, check %q; want %q, %q", c.name, got.Code, got.Check, c.code, c.check)
		}
	}
}
