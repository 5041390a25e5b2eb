package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

const kmsKey = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"

// TestABackupUnderAKMSKey: a full over four files and a differential are
// encrypted under a key; they are known by the instance's own history, restored
// there with the key, and refused for a server of one's own with the reason.
func TestABackupUnderAKMSKey(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	how := policy.How{Stripes: 4, Key: kmsKey, BlockSize: 4096, Transfer: 131072, Buffers: 4, AsBucket: true}
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}, How: how})
	if err != nil {
		t.Fatal(err)
	}
	r := y.ends(id, run.Failed) // the role may not use it yet
	says(t, r.Message.String()+r.Fix.String(), "KMS key")
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Keys = []string{kmsKey} })
	for _, kind := range []backup.Kind{backup.Full, backup.Differential} {
		if id, err = y.atAWS(backupjob.BackUp{Kind: kind, Databases: []string{"crm"}, How: how}); err != nil {
			t.Fatal(err)
		}
		y.ends(id, run.Succeeded)
		y.change("crm", 7)
	}
	sets, err := y.app.DB.Catalogue().Sets(t.Context(), demo.RDS, "crm", 10)
	if err != nil || len(sets) != 2 {
		t.Fatalf("%+v, %v", sets, err)
	}
	for _, s := range sets {
		if s.Set.Key != kmsKey || s.Set.Last.IsZero() || s.Set.ID.IsZero() || len(s.Copies) != 1 || len(s.Copies[0].Keys) != 4 {
			t.Errorf("%+v", s)
		}
	}
	restoring := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	at := sets[1].Finished()
	order := backupjob.Restore{InstanceID: demo.RDS, Database: "crm", At: at, TargetID: demo.Server, Name: "crm_home"}
	d, err := restoring.Draft(t.Context(), order)
	if err != nil || len(d.Wrong) != 1 {
		t.Fatalf("%+v, %v", d.Wrong, err)
	}
	says(t, d.Wrong[0].Message.String()+d.Wrong[0].Fix.String(), kmsKey, "3241", "back up from there without a key")
	order.TargetID, order.Name = demo.RDS, "crm_back"
	d, err = restoring.Draft(t.Context(), order)
	if err != nil || len(d.Wrong) > 0 {
		t.Fatalf("%+v, %v", d.Wrong, err)
	}
	statements, err := restoring.Statements(t.Context(), order, d.Steps)
	if err != nil {
		t.Fatal(err)
	}
	says(t, strings.Join(statements, "\n"), "@kms_master_key_arn = N'"+kmsKey+"'")
	runID, err := restoring.Order(t.Context(), order, y.by())
	if err != nil {
		t.Fatal(err)
	}
	y.ends(runID, run.Succeeded)
	if d, _ := y.cloud.AWS.DatabaseNow("crm_back"); d.State != "ONLINE" {
		t.Errorf("%+v", d)
	}
}

// TestLogsOfAnEncryptedInstance are copied under its key alone, and restored
// with it.
func TestLogsOfAnEncryptedInstance(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.aws("crm")
	y.cloud.Tasks.Change(func(c *rds.Config) { c.Encrypted, c.Keys = true, []string{kmsKey} })
	id, err := y.atAWS(backupjob.BackUp{Kind: backup.Full, Databases: []string{"crm"}})
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	y.setLogTarget()
	y.change("crm", 2)
	at := time.Now().Add(time.Second).Truncate(time.Second) // a restore stops at a second
	time.Sleep(time.Until(at.Add(time.Second)))
	y.change("crm", 3)
	y.cloud.Tasks.BackLogsUp()
	r := y.logs("crm", run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "encrypted storage", "gone for good at")
	in, err := y.app.DB.Instance(t.Context(), demo.RDS)
	if err != nil {
		t.Fatal(err)
	}
	in.More = endpoint.WithMore(in.More, "log_key", kmsKey)
	y.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(t.Context(), in, d.Entry("instance")) })
	y.logs("crm", run.Succeeded)
	logs := y.backedLogs("crm")
	if len(logs) == 0 || logs[0].Set.Key != kmsKey {
		t.Fatalf("%+v", logs)
	}
	restoring := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	runID, err := restoring.Order(t.Context(), backupjob.Restore{InstanceID: demo.RDS, Database: "crm", At: at, TargetID: demo.RDS, Name: "crm_then"}, y.by())
	if err != nil {
		t.Fatal(err)
	}
	y.ends(runID, run.Succeeded)
	if to, _ := y.cloud.AWS.DatabaseNow("crm_then"); to.State != "ONLINE" || to.Tables["dbo.t"].Rows != 2 {
		t.Errorf("%+v", to)
	}
}

// TestCompressionIsASwitchOfTheInstance: a backup that was to be compressed says
// that it is not, and the page turns the switch.
func TestCompressionIsASwitchOfTheInstance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	take := func() string {
		t.Helper()
		id, err := backupjob.BackUpNow(t.Context(), y.kit.Store, y.kit.Ports, backupjob.BackUp{ServerID: demo.RDS, Kind: backup.Full, Databases: []string{"crm"}, How: policy.How{Compress: true}}, app.NewID, y.by())
		if err != nil {
			t.Fatal(err)
		}
		y.ends(id, run.Succeeded)
		return y.tale(id)
	}
	says(t, take(), "not compressed")
	r := h.reader()
	r.sees("/instances/"+demo.RDS, "Compression", "off", "Compress backups")
	r.post("/instances/"+demo.RDS+"/compression", map[string][]string{"on": {"1"}})
	r.sees("/instances/"+demo.RDS, "Stop compressing backups")
	if tale := take(); strings.Contains(tale, "not compressed") {
		t.Error(tale)
	}
	sets, err := h.app.DB.Catalogue().Sets(t.Context(), demo.RDS, "crm", 10)
	if err != nil || len(sets) != 2 || sets[0].Set.CompressedSize < sets[0].Set.Size || sets[1].Set.CompressedSize >= sets[1].Set.Size {
		t.Errorf("%+v, %v", sets, err)
	}
}
