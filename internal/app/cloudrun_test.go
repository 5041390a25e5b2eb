package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// sky is the whole dashboard beside an instance of the cloud with a database.
func newSky(t *testing.T) *yard {
	t.Helper()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	value := "first"
	b, err := json.Marshal(sqlserveremu.Contents{Tables: []sqlserveremu.TableContents{{Schema: "dbo", Name: "t", Next: 2, Rows: []sqlserveremu.Row{{ID: 1, Values: []*string{&value}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if !h.cloud.RDS.SetDatabase(emulators.Instance, "crm", true) || !h.cloud.RDS.SetContents(emulators.Instance, "crm", b) {
		t.Fatal("no instance")
	}
	return y
}

func (y *yard) cloudBackup(o backup.Order) backup.Record {
	y.t.Helper()
	id, err := backupjob.BackUpCloud(y.t.Context(), y.kit.Store, y.kit.Ports, demo.Instance, o, app.NewID, y.by())
	if err != nil {
		y.t.Fatal(err)
	}
	r := y.ends(id, run.Succeeded)
	all, err := y.app.DB.Catalogue().Records(y.t.Context(), backup.RecordFilter{InstanceID: demo.Instance, Origin: backup.InCloud, Limit: 10})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, rec := range all {
		if strings.Contains(r.Message.String(), rec.Cloud.ID) {
			return rec
		}
	}
	y.t.Fatalf("%s is not among %d records", r.Message, len(all))
	return backup.Record{}
}

func TestACloudBackupRunsToItsEnd(t *testing.T) {
	t.Parallel()
	y := newSky(t)
	rec := y.cloudBackup(backup.Order{})
	if rec.Cloud == nil || !rec.Cloud.Manual || rec.Set.Kind != backup.Full || rec.Finished().IsZero() {
		t.Errorf("%+v", rec)
	}
	if _, err := backupjob.BackUpCloud(t.Context(), y.kit.Store, y.kit.Ports, demo.Instance, backup.Order{Snapshot: true, Automatic: true}, app.NewID, y.by()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a snapshot that chooses by itself: %v", err)
	}
	if _, err := backupjob.BackUpCloud(t.Context(), y.kit.Store, y.kit.Ports, demo.Server, backup.Order{}, app.NewID, y.by()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a server of our own: %v", err)
	}
}

// TestALostAnswerOfACloudBackup loses the answer to CreateBackup: one backup
// is made, not two.
func TestALostAnswerOfACloudBackup(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{true, false} {
		y := newSky(t)
		if _, err := y.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateBackup", Status: 502, Acted: acted, Body: "<html/>", ContentType: "text/html"}); err != nil {
			t.Fatal(err)
		}
		y.cloudBackup(backup.Order{})
		cloud, err := y.app.Ports.Cloud(t.Context(), demo.Instance)
		if err != nil {
			t.Fatal(err)
		}
		duePolicy, err := cloud.Sets(t.Context(), backup.SetQuery{Page: 1})
		if err != nil {
			t.Fatal(err)
		}
		manual := 0
		for _, s := range duePolicy.Sets {
			if s.Manual {
				manual++
			}
		}
		if manual != 1 {
			t.Errorf("acted %v: %d manual sets", acted, manual)
		}
	}
}

func TestACloudSetIsCopiedBeforeItExpires(t *testing.T) {
	t.Parallel()
	y := newSky(t)
	rec := y.cloudBackup(backup.Order{})
	id, err := y.app.Copier.Copy(t.Context(), rec.ID, demo.Staging, y.by())
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id, run.Succeeded)
	now, err := y.app.DB.Catalogue().Record(t.Context(), rec.ID)
	if err != nil || len(now.Copies) != 1 || len(now.Copies[0].Keys) == 0 || now.Copies[0].Size == 0 {
		t.Fatalf("%+v, %v", now.Copies, err)
	}
	for _, k := range now.Copies[0].Keys {
		if !y.exists(demo.Staging, k) || !strings.HasPrefix(k, "backups/") {
			t.Errorf("%s is not there", k)
		}
	}
	// No link is kept anywhere.
	entries, err := y.app.DB.Events(t.Context(), id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Text.String(), "Signature") {
			t.Errorf("a link stands in %q", e.Text)
		}
	}
	if _, err := y.app.Copier.Copy(t.Context(), rec.ID, demo.Staging, y.by()); !fault.Is(err, fault.Invalid) {
		t.Errorf("copied twice: %v", err)
	}
	// A rule wants every new set, once.
	y.tick()
	if err := y.app.Copier.Rule(t.Context(), demo.Instance, demo.Folder, y.by()); err != nil {
		t.Fatal(err)
	}
	y.cloudBackup(backup.Order{})
	for range 3 {
		if err := y.app.Copier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := y.app.DB.Runs(t.Context(), run.Filter{Kind: backupjob.RunCopy})
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d copies were ordered: %v", len(runs), err)
	}
	y.ends(runs[0].ID, run.Succeeded)
}

func TestACloudRestoreUnderAnotherName(t *testing.T) {
	t.Parallel()
	y := newSky(t)
	rec := y.cloudBackup(backup.Order{})
	o := backupjob.CloudRestore{InstanceID: demo.Instance, SetID: rec.Cloud.ID, TargetID: demo.Second, Databases: map[string]string{"crm": "crm_before"}, Typed: "Hangzhou reports"}
	for what, change := range map[string]func(*backupjob.CloudRestore){
		"into itself":      func(o *backupjob.CloudRestore) { o.TargetID, o.Typed = demo.Instance, "Hangzhou demo" },
		"not typed":        func(o *backupjob.CloudRestore) { o.Typed = "hangzhou" },
		"set and moment":   func(o *backupjob.CloudRestore) { o.At = time.Now().Add(-time.Minute) },
		"system":           func(o *backupjob.CloudRestore) { o.Databases = map[string]string{"crm": "msdb"} },
		"nothing":          func(o *backupjob.CloudRestore) { o.Databases = nil },
		"not of the cloud": func(o *backupjob.CloudRestore) { o.TargetID = demo.Server },
	} {
		bad := o
		change(&bad)
		if _, err := backupjob.RestoreCloud(t.Context(), &y.app.Kit, bad, y.by()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, lost := range []bool{false, true} {
		if lost {
			o.Databases = map[string]string{"crm": "crm_again"}
			if _, err := y.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CopyDatabaseBetweenInstances", Status: 502, Acted: true, Body: "<html/>", ContentType: "text/html"}); err != nil {
				t.Fatal(err)
			}
		}
		id, err := backupjob.RestoreCloud(t.Context(), &y.app.Kit, o, y.by())
		if err != nil {
			t.Fatal(err)
		}
		y.ends(id, run.Succeeded)
		in, _ := y.cloud.RDS.Instance(emulators.Instance)
		target, _ := y.cloud.RDS.Instance(emulators.Second)
		if d := target.Databases[o.Databases["crm"]]; d == nil || string(d.Contents) != string(in.Databases["crm"].Contents) {
			t.Errorf("restored %+v", d)
		}
	}
}
