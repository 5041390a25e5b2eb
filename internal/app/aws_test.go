package app_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// toAWS turns a request to the instance of Amazon RDS and its bucket.
func (h *house) toAWS(w *migration.LiveRequest) {
	h.t.Helper()
	in, err := h.app.DB.Instance(h.t.Context(), demo.RDS)
	if err != nil {
		h.t.Fatal(err)
	}
	w.InstanceID, w.StagingID, w.Traits = demo.RDS, demo.S3, in.Traits
}

// sameAtAWS compares the rows there with those of the frozen source.
func (h *house) sameAtAWS(database string) {
	h.t.Helper()
	source, _ := h.cloud.SQL.DatabaseNow(database)
	target, ok := h.cloud.AWS.DatabaseNow(database)
	if source.Writable || !ok || target.State != "ONLINE" || len(target.Tables) == 0 || !maps.Equal(source.Tables, target.Tables) {
		h.t.Errorf("%s differs: %+v\n%+v", database, source, target)
	}
}

// TestALiveDatabaseMovesToAWS: a database under load, a differential, three logs
// and the cutover through the gate; the contents are compared by the dashboard
// as well. No task is submitted twice.
func TestALiveDatabaseMovesToAWS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.cloud.SQL.Load("shop", 200); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", 300*time.Millisecond, func(w *migration.LiveRequest) { h.toAWS(w); w.Freeze = migration.FreezeReadOnly })
	h.until(id, "the differential and three logs applied", func(m migration.Migration) bool {
		logs := 0
		for _, f := range m.Chain() {
			if f.Kind == "log" && f.State == migration.FileApplied {
				logs++
			}
		}
		return logs >= 3
	})
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	h.sameAtAWS("shop")
	if target, _ := h.cloud.AWS.DatabaseNow("shop"); target.ReadOnly || !target.Writable {
		t.Errorf("the target takes no writes: %+v", target)
	}
	if c := h.compared(id); c.Verdict() != compare.Equal || c.Compared == 0 {
		t.Errorf("%s %+v", c.Words(), c)
	}
	if m.AppliedTo() != m.LiveSource.Tail {
		t.Errorf("frozen at %s, applied to %s", m.LiveSource.Tail, m.AppliedTo())
	}
	kinds := map[string]int{}
	for _, k := range h.cloud.Tasks.Tasks() {
		if k.Lifecycle != rds.Success {
			t.Errorf("task %+v", k)
		}
		kinds[k.Type]++
	}
	if kinds["RESTORE_DB_NORECOVERY"] != 1 || kinds["RESTORE_DB_DIFFERENTIAL_NORECOVERY"] != 1 || kinds["RESTORE_DB_LOG_NORECOVERY"] != len(m.Chain())-2 || kinds["FINISH_RESTORE"] != 1 {
		t.Errorf("%d files, tasks %v", len(m.Chain()), kinds)
	}
	for _, c := range m.Calls {
		if !strings.HasPrefix(c.Request, "EXEC msdb.dbo.rds_") {
			t.Errorf("call %q", c.Request)
		}
	}
	if _, err := h.app.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

// atAWS orders backups of the instance of Amazon RDS.
func (y *yard) atAWS(b backupjob.BackUp) (string, error) {
	b.ServerID = demo.RDS
	return backupjob.BackUpNow(y.t.Context(), y.kit.Store, y.kit.Ports, b, app.NewID, y.by())
}

// aws has a database there, as one that was made by the master user.
func (y *yard) aws(name string) {
	y.t.Helper()
	for _, statement := range []string{"CREATE DATABASE " + name, "CREATE TABLE " + name + ".dbo.t (id int NOT NULL, name nvarchar(50))", "INSERT INTO " + name + ".dbo.t (id, name) VALUES (1, N'a')"} {
		if err := y.cloud.AWS.Execute(y.t.Context(), emulators.Master, statement, nil); err != nil {
			y.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestAnRDSBackupInFourAndItsRestore: a full over four files and a differential
// go into the bucket, into the catalogue, and come back under another name.
func TestAnRDSBackupInFourAndItsRestore(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}, How: policy.How{Stripes: 4, Verify: true}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	if err := y.cloud.AWS.Execute(t.Context(), emulators.Master, "INSERT INTO crm.dbo.t (id, name) VALUES (2, N'b')", nil); err != nil {
		t.Fatal(err)
	}
	if id, err = y.atAWS(backupjob.BackUp{Kind: backup.Differential, Databases: []string{"crm"}}); err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	sets, err := y.app.DB.Catalogue().Sets(t.Context(), demo.RDS, "crm", 10)
	if err != nil || len(sets) != 2 {
		t.Fatalf("%+v, %v", sets, err)
	}
	var at time.Time
	for _, r := range sets {
		if len(r.Copies) != 1 || r.Copies[0].BucketID != demo.S3 || r.State != backup.Complete || !r.Verified.IsZero() {
			t.Errorf("%+v", r)
		}
		if r.Set.Kind == backup.Full && len(r.Copies[0].Keys) != 4 {
			t.Errorf("keys %v", r.Copies[0].Keys)
		}
		if f := r.Set.Finished.Time(); f.After(at) {
			at = f
		}
	}
	restoring := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	order := backupjob.Restore{InstanceID: demo.RDS, Database: "crm", At: at, TargetID: demo.RDS, Name: "crm_back"}
	d, err := restoring.Draft(t.Context(), order)
	if err != nil || len(d.Wrong) > 0 {
		t.Fatalf("%+v, %v", d.Wrong, err)
	}
	statements, err := restoring.Statements(t.Context(), order, d.Steps)
	if err != nil || len(statements) != 3 {
		t.Fatalf("%v, %v", statements, err)
	}
	says(t, strings.Join(statements, "\n"), "EXEC msdb.dbo.rds_restore_database @restore_db_name = N'crm_back'", "arn:aws:s3:::"+emulators.S3Bucket+"/", "*'", "@type = N'DIFFERENTIAL'", "rds_finish_restore")
	runID, err := restoring.Order(t.Context(), order, y.by())
	if err != nil {
		t.Fatal(err)
	}
	y.ends(runID, run.Succeeded)
	from, _ := y.cloud.AWS.DatabaseNow("crm")
	to, _ := y.cloud.AWS.DatabaseNow("crm_back")
	if to.State != "ONLINE" || !maps.Equal(from.Tables, to.Tables) {
		t.Errorf("%+v\n%+v", from, to)
	}
	// Over a database that exists nothing is restored, whatever is typed.
	order.Typed = order.Name
	if d, err = restoring.Draft(t.Context(), order); err != nil || len(d.Wrong) != 1 {
		t.Errorf("%+v, %v", d.Wrong, err)
	}
}

// TestWhatAnRDSInstanceDoesNotTake is said in the order's own words.
func TestWhatAnRDSInstanceDoesNotTake(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	for _, tc := range []struct {
		order backupjob.BackUp
		state run.State
		says  string
	}{
		{backupjob.BackUp{Kind: backup.Full, How: policy.How{CopyOnly: true}}, run.Failed, "No copy-only backup"},
		{backupjob.BackUp{Kind: backup.Differential}, run.Failed, "full backup"},
	} {
		tc.order.Databases = []string{"crm"}
		id, err := y.atAWS(tc.order)
		if err != nil {
			t.Fatal(err)
		}
		r := y.ends(id, tc.state)
		says(t, r.Message.String()+y.tale(id), tc.says)
	}
	if n := len(y.cloud.Tasks.Tasks()); n != 0 {
		t.Errorf("%d tasks", n)
	}
	// A snapshot takes the base that a differential would build on.
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	time.Sleep(time.Second) // msdb has seconds
	if err := y.cloud.Tasks.Snapshot(); err != nil {
		t.Fatal(err)
	}
	if id, err = y.atAWS(backupjob.BackUp{Kind: backup.Differential, Databases: []string{"crm"}}); err != nil {
		t.Fatal(err)
	}
	r := y.ends(id, run.Failed)
	says(t, r.Message.String()+r.Fix.String()+y.tale(id), "snapshot")
}

// TestAKilledBackupAtAWSIsFoundAgain: the dashboard dies while a task is at work;
// its next life finds the task, waits for it, and submits nothing twice.
func TestAKilledBackupAtAWSIsFoundAgain(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Pause = 3 * time.Second })
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	for len(y.cloud.Tasks.Tasks()) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	y.stop()
	y.start()
	y.ends(id, run.Succeeded)
	if all := y.cloud.Tasks.Tasks(); len(all) != 1 || all[0].Lifecycle != rds.Success {
		t.Errorf("%+v", all)
	}
}

// TestAnRDSDatabaseMovesToApsaraDB: its full backup in S3 and a differential
// taken while the application rests are files like any other: bytes go from S3
// to OSS through the dashboard.
func TestAnRDSDatabaseMovesToApsaraDB(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	do := func(statement string) {
		t.Helper()
		if err := h.cloud.AWS.Execute(t.Context(), emulators.Master, statement, nil); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do("CREATE DATABASE crm; CREATE TABLE crm.dbo.t (id int NOT NULL, name nvarchar(50)); INSERT INTO crm.dbo.t (id, name) VALUES (1, N'a')")
	ports := h.app.Ports
	server, place, err := ports.Server(t.Context(), demo.RDS)
	if err != nil {
		t.Fatal(err)
	}
	take := func(kind backup.Kind, key string) {
		t.Helper()
		if err := server.Backup(t.Context(), backup.BackupCall{Database: "crm", Kind: kind, Files: []string{place.Path(key)}, Stripes: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	take(backup.Full, "leave/full.bak")
	do("INSERT INTO crm.dbo.t (id, name) VALUES (2, N'b')")
	take(backup.Differential, "leave/diff.bak")
	d := h.draft(func(w *migration.FilesRequest) {
		w.SourceID, w.SourcePrefix, w.OpenWhenApplied = demo.S3, "leave/", true
	})
	id := h.start(d)
	h.until(id, "the open database", opened)
	in, _ := h.cloud.RDS.Instance(emulators.Instance)
	moved := in.Databases["crm"]
	if moved == nil {
		t.Fatalf("%v", in.Databases)
	}
	sums, err := sqlserveremu.Sums(moved.Contents)
	from, _ := h.cloud.AWS.DatabaseNow("crm")
	if err != nil || !maps.Equal(sums, from.Tables) {
		t.Errorf("%v\n%v, %v", sums, from.Tables, err)
	}
	// It cannot be followed while it is at work, and that is said.
	drafts := &drafting.Drafting{Endpoints: h.app.DB, Kinds: app.Specs(), Ports: h.app.Ports}
	_, err = drafts.LiveDraft(t.Context(), drafting.LiveRequest{Server: demo.RDS, Source: "crm", Instance: demo.Instance, Staging: demo.Staging})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fmt.Sprint(err), "cannot be followed") {
		t.Errorf("%v", err)
	}
}

// TestAFailedRestoreIsExplainedAndRetriedFromThere: the bucket's policy shuts the
// instance's role out though our own account reads it; the page says what the
// role needs, and the retry goes on from the failed step.
func TestAFailedRestoreIsExplainedAndRetriedFromThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var allowed rds.Store
	h.cloud.Tasks.Change(func(c *rds.Config) {
		allowed = c.Store
		denied := c.Store.(rds.S3)
		denied.Client.Account.Secret = "of somebody else"
		c.Store = denied
	})
	id := h.follow("stock", func(w *migration.LiveRequest) { h.toAWS(w) })
	m := h.until(id, "a problem", stands)
	if m.Problem.Code != "s3-denied" || !strings.Contains(m.Problem.Said, "Access Denied") {
		t.Fatalf("%+v", m.Problem)
	}
	r := h.reader()
	r.sees("/migrations/"+id, "bucket denies access", "GetObject", "proves nothing about the role", "Retry")
	r.sees("/instances/"+demo.RDS, "Tasks", "by its service")
	r.sees("/instances/"+demo.RDS+"/service-tasks", "RESTORE_DB_NORECOVERY", "stock", "ERROR", "Bucket denies access", "Access Denied", "arn:aws:s3:::"+emulators.S3Bucket)
	h.cloud.Tasks.Change(func(c *rds.Config) { c.Store = allowed })
	h.retry(id)
	h.until(id, "the differential applied", follows)
	r.sees("/instances/"+demo.RDS+"/service-tasks", "SUCCESS", "under a minute")
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameAtAWS("stock")

	// A task that waits can be cancelled from its list, and the trail has it.
	h.cloud.Tasks.Change(func(c *rds.Config) { c.Wait = time.Hour })
	server, place, err := h.app.Ports.Server(t.Context(), demo.RDS)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		_ = server.Backup(ctx, backup.BackupCall{Database: "stock", Kind: backup.Full, Files: []string{place.Path("waits.bak")}, Stripes: 1}, nil)
	}()
	last := func() rds.Task { all := h.cloud.Tasks.Tasks(); return all[len(all)-1] }
	for last().Type != "BACKUP_DB" {
		time.Sleep(5 * time.Millisecond)
	}
	r.post(fmt.Sprintf("/instances/%s/service-tasks/%d/cancel", demo.RDS, last().ID), nil)
	if last().Lifecycle != rds.Cancelled {
		t.Errorf("%+v", last())
	}
	entries, err := h.app.DB.AuditEntries(t.Context(), "instance/"+demo.RDS, 0, 10)
	if err != nil || !slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Action == "task.cancel" }) {
		t.Errorf("%+v, %v", entries, err)
	}
}

// TestTasksAreShownWhenTheServiceHasForgottenThem, and where they lead when it
// does not answer.
func TestTasksAreShownWhenTheServiceHasForgottenThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old := backup.ServiceTask{ID: "7", Type: "RESTORE_DB", Database: "of_old", State: "ERROR", Over: true, Failed: true, Percent: 40, Lasted: time.Minute, Text: "The specified bucket does not exist", Code: "bucket-gone", Created: time.Now().Add(-40 * 24 * time.Hour)}
	if err := h.app.DB.TaskLog().KeepTasks(t.Context(), demo.RDS, []backup.ServiceTask{old}); err != nil {
		t.Fatal(err)
	}
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	page := "/instances/" + demo.RDS + "/service-tasks"
	r := h.reader()
	r.sees(page, "BACKUP_DB", "of_old", "the service has forgotten it", "The specified bucket does not exist")
	// It is asked anew only when what it said last is a few seconds old.
	h.bites(h.cloud.AWS.ControlPort(), control.Rule{Match: "^/EXECUTE/rds_task_status", CutAnswer: new(int64), Times: 100_000})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if seen := r.sees(page, "of_old", "BACKUP_DB"); !strings.Contains(seen, "has forgotten it") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a service that does not answer has forgotten nothing")
		}
	}
}
