package app_test

import (
	"maps"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

// TestLogCopiesMoveToApsaraDB: a full backup of an RDS database and the copies of
// its log backups, taken from S3 to OSS though reading and writing are cut on the
// way, restore the database with every row.
func TestLogCopiesMoveToApsaraDB(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	y.setLogTarget()
	for i := range 3 {
		y.change("crm", 10+i)
		y.cloud.Tasks.BackLogsUp()
	}
	y.logs("crm", run.Succeeded)
	copies := len(y.backedLogs("crm"))

	d := h.draft(func(w *migration.FilesRequest) {
		w.SourceID, w.SourcePrefix, w.OpenWhenApplied = demo.S3, "", true
	})
	logs := 0
	for _, f := range d.Files {
		if f.Kind == "log" {
			logs++
		}
	}
	if d.Plan == nil || !d.Plan.Whole() || logs < 3 || logs > copies {
		t.Fatalf("%d of %d logs, %+v", logs, copies, d.Plan)
	}
	h.bites(h.cloud.S3.ControlPort(), control.Rule{Operation: "GetObject", CutAnswer: new(int64), Times: 2})
	h.bites(h.cloud.OSS.ControlPort(), control.Rule{Operation: "PutObject", CutAnswer: new(int64)})
	m := h.until(h.start(d), "the open database", opened)
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
	for _, f := range m.Chain() {
		if f.State != migration.FileApplied {
			t.Errorf("%+v", f)
		}
	}
}

// TestEncryptedLogCopiesDoNotLeave: where the storage is encrypted the service
// copies logs under a key of its key service. The full backup beside them moves;
// the copies are told to be of no use elsewhere before any byte is moved.
func TestEncryptedLogCopiesDoNotLeave(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Encrypted, c.Keys = true, []string{kmsKey} })
	in, err := h.app.DB.Instance(t.Context(), demo.RDS)
	if err != nil {
		t.Fatal(err)
	}
	in.More = endpoint.WithMore(in.More, "log_key", kmsKey)
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(t.Context(), in, d.Entry("instance")) })
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	y.setLogTarget()
	y.change("crm", 10)
	y.cloud.Tasks.BackLogsUp()
	y.logs("crm", run.Succeeded)
	if logs := y.backedLogs("crm"); len(logs) == 0 || logs[0].Set.Key != kmsKey {
		t.Fatalf("%+v", logs)
	}
	d := h.draft(func(w *migration.FilesRequest) { w.SourceID, w.SourcePrefix = demo.S3, "" })
	if len(d.Files) != 1 || d.Files[0].Kind != "full" {
		t.Errorf("planned: %+v", d.Files)
	}
	said := ""
	for _, f := range d.NotBackups() {
		said += f.Key + ": " + f.Trouble + " " + f.Fix + "\n"
	}
	says(t, said, "log-copies/", "KMS")
}
