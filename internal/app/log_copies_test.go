package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// logs orders copies of log backups of a database at the instance of Amazon RDS.
func (y *yard) logs(database string, want run.State) run.Run {
	y.t.Helper()
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Log, Databases: []string{database}})
	if err != nil {
		y.t.Fatal(err)
	}
	return y.ends(id, want)
}

// change writes a row there.
func (y *yard) change(database string, id int) {
	y.t.Helper()
	if err := y.cloud.AWS.Execute(y.t.Context(), emulators.Master, fmt.Sprintf("INSERT INTO %s.dbo.t (id, name) VALUES (%d, N'x')", database, id), nil); err != nil {
		y.t.Fatal(err)
	}
}

// copier is the instance as what copies its log backups.
func (y *yard) copier() (logcopy.Server, migration.Place) {
	y.t.Helper()
	server, place, err := y.app.Ports.Server(y.t.Context(), demo.RDS)
	if err != nil {
		y.t.Fatal(err)
	}
	return server.(logcopy.Server), place
}

// copyTasks counts tasks that copied logs.
func (y *yard) copyTasks() (n int) {
	for _, t := range y.cloud.Tasks.Tasks() {
		if strings.HasPrefix(t.Type, "TLOG") {
			n++
		}
	}
	return n
}

// backedLogs are the log backups of a database that are in a bucket, in the order of the chain.
func (y *yard) backedLogs(database string) (out []backup.Record) {
	y.t.Helper()
	sets, err := y.app.DB.Catalogue().Sets(y.t.Context(), demo.RDS, database, 1000)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, r := range sets {
		if r.Set.Kind == backup.Log && len(r.Copies) > 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b backup.Record) int { return a.Set.Last.Compare(b.Set.Last) })
	return out
}

// setLogTarget has log copies go into the instance's bucket, as its page does.
func (y *yard) setLogTarget() {
	y.t.Helper()
	copier, place := y.copier()
	if err := copier.SetTarget(y.t.Context(), place.Path(backupjob.LogFolder("Frankfurt"))); err != nil {
		y.t.Fatal(err)
	}
}

// TestLogBackupsOfTheServiceAreCopied: without a full in the bucket and without
// a target there is a clear word; then the service's own log backups come into
// the bucket and the catalogue, join the full, and none is copied twice.
func TestLogBackupsOfTheServiceAreCopied(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	r := y.logs("crm", run.Failed)
	says(t, r.Message.String(), "no full backup began a log chain")
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	r = y.logs("crm", run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "was not told where log backups are copied", "EXEC msdb.dbo.rds_tlog_copy_setup @target_s3_arn = N'arn:aws:s3:::"+emulators.S3Bucket+"/log-copies/")

	y.setLogTarget()
	for i := range 3 {
		y.change("crm", 10+i)
		y.cloud.Tasks.BackLogsUp()
	}
	y.logs("crm", run.Succeeded)
	logs := y.backedLogs("crm")
	if len(logs) < 3 {
		t.Fatalf("%+v", logs)
	}
	for i, l := range logs {
		if l.Copies[0].BucketID != demo.S3 || l.Origin != backup.ByUs || l.Set.Last.IsZero() || l.Apart {
			t.Errorf("%+v", l)
		}
		if i > 0 && l.Set.First != logs[i-1].Set.Last {
			t.Errorf("log %d begins at %s, the one before ends at %s", i, l.Set.First, logs[i-1].Set.Last)
		}
	}
	sets, err := y.app.DB.Catalogue().Sets(t.Context(), demo.RDS, "crm", 1000)
	if err != nil {
		t.Fatal(err)
	}
	windows := backup.Windows(sets)
	if w := windows[len(windows)-1]; len(w.Logs) != len(logs) || w.Next != nil {
		t.Errorf("window %+v", w)
	}
	tasks := y.copyTasks()
	r = y.logs("crm", run.Succeeded) // the service has taken further ones meanwhile, or not
	ranges := 0
	events, err := y.app.DB.Events(t.Context(), r.ID, 0, 1000)
	for _, e := range events {
		if strings.Contains(e.Text.String(), " copied, up to LSN ") {
			ranges++
		}
	}
	if err != nil || tasks == 0 || y.copyTasks() != tasks+ranges {
		t.Errorf("%d tasks, then %d for %d ranges: %s %v", tasks, y.copyTasks(), ranges, r.Message, err)
	}

	// It is restored to a second inside of the last log, under another name.
	at := logs[len(logs)-1].Finished()
	restoring := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	runID, err := restoring.Order(t.Context(), backupjob.Restore{InstanceID: demo.RDS, Database: "crm", At: at, TargetID: demo.RDS, Name: "crm_then"}, y.by())
	if err != nil {
		t.Fatal(err)
	}
	y.ends(runID, run.Succeeded)
	if d, _ := y.cloud.AWS.DatabaseNow("crm_then"); d.State != "ONLINE" {
		t.Errorf("%+v", d)
	}
}

// TestAKilledCopyOfLogsIsGoneOnWith: the dashboard dies between the submit and
// its note; the next life finds the task, and nothing is copied twice.
func TestAKilledCopyOfLogsIsGoneOnWith(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Retention = 0 }) // no log backups but ours
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Retention, c.Pause = 7, 2*time.Second })
	y.setLogTarget()
	y.change("crm", 2)
	y.cloud.Tasks.BackLogsUp()
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Retention = 1 })
	if id, err = y.atAWS(backupjob.BackUp{Kind: backup.Log, Databases: []string{"crm"}}); err != nil {
		t.Fatal(err)
	}
	for y.copyTasks() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	y.stop()
	y.start()
	y.ends(id, run.Succeeded)
	asked := map[int]int{}
	for _, task := range y.cloud.Tasks.Tasks() {
		if strings.HasPrefix(task.Type, "TLOG") {
			asked[task.ID]++
		}
	}
	keys := map[string]int{}
	for _, l := range y.backedLogs("crm") {
		keys[l.Copies[0].Keys[0]]++
	}
	if len(keys) == 0 || len(asked) > len(keys) {
		t.Errorf("%d tasks for %d logs\n%s", len(asked), len(keys), y.tale(id))
	}
}

// TestAGapInTheServicesLogsIsSeen: a chain that does not join is no success,
// whatever was copied, until a data backup begins it anew.
func TestAGapInTheServicesLogsIsSeen(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	full := func() {
		t.Helper()
		id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
		if err != nil {
			t.Fatal(err)
		}
		y.ends(id, run.Succeeded)
	}
	full()
	y.setLogTarget()
	y.change("crm", 2)
	y.cloud.Tasks.BackLogsUp()
	y.logs("crm", run.Succeeded)
	if err := y.cloud.Tasks.LoseLog("crm"); err != nil {
		t.Fatal(err)
	}
	if err := y.cloud.Tasks.Snapshot(); err != nil { // the service takes one when it sets FULL back
		t.Fatal(err)
	}
	y.change("crm", 3)
	y.cloud.Tasks.BackLogsUp()
	r := y.logs("crm", run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "does not join the one before it", "Take a full or differential backup now")
	full()
	y.change("crm", 4)
	y.cloud.Tasks.BackLogsUp()
	y.logs("crm", run.Succeeded)
}

// TestLogCopiesAreSetAndShownOnTheirPage: what is not set has its statement and
// its button; what is copied, what is not, and a gap are told by database.
func TestLogCopiesAreSetAndShownOnTheirPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	page := "/instances/" + demo.RDS + "/log-copies"
	r := h.reader()
	r.sees("/instances/"+demo.RDS, "Log copies")
	r.sees(page, "Log copies not set", "EXEC msdb.dbo.rds_tlog_copy_setup", "Let copies go to arn:aws:s3:::"+emulators.S3Bucket)
	r.post(page+"/target", nil)
	if seen := r.sees(page, "Copies go to arn:aws:s3:::"+emulators.S3Bucket+"/log-copies/"); strings.Contains(seen, "not set") {
		t.Error("the target is not set")
	}
	entries, err := h.app.DB.AuditEntries(t.Context(), "instance/"+demo.RDS, 0, 10)
	if err != nil || !slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Action == "log-copies.target" }) {
		t.Errorf("%+v, %v", entries, err)
	}
	p, err := h.app.Editor().Save(t.Context(), policy.Policy{Name: "crm", Enabled: true, Servers: []string{demo.RDS}, Zone: "UTC", Missed: policy.MissedLate, Window: 30 * time.Minute,
		Databases: policy.Selection{Include: []string{"crm"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 3 * * 0"}, {Kind: backup.Log, Cron: "*/15 * * * *", Keep: policy.Keep{Days: 14}}}}, policy.By{Actor: h.by().Actor})
	if err != nil {
		t.Fatal(err)
	}
	order := func(kind backup.Kind, want run.State) {
		t.Helper()
		runs, err := h.app.Editor().RunNow(t.Context(), p.ID, kind, nil, policy.By{Actor: h.by().Actor})
		if err != nil || len(runs) != 1 {
			t.Fatalf("%v, %v", runs, err)
		}
		y.ends(runs[0], want)
	}
	order(backup.Full, run.Succeeded)
	y.change("crm", 2)
	h.cloud.Tasks.BackLogsUp()
	order(backup.Log, run.Succeeded)
	for _, l := range y.backedLogs("crm") {
		if l.PolicyID != p.ID {
			t.Errorf("%+v", l)
		}
	}
	if err := h.cloud.Tasks.LoseLog("crm"); err != nil {
		t.Fatal(err)
	}
	if err := h.cloud.Tasks.Snapshot(); err != nil {
		t.Fatal(err)
	}
	y.change("crm", 3)
	h.cloud.Tasks.BackLogsUp()
	r.sees(page, "Log chain is broken", "does not join", "Back up now")
	order(backup.Log, run.Failed)
}
