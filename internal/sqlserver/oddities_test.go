package sqlserver

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func sales(c *sqlserveremu.Config) {
	c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 50}}}}
}

// Who lets everybody in again may be the victim of a deadlock, while the session
// that took the only place still has it.
func TestADeadlockDoesNotLeaveEverybodyOut(t *testing.T) {
	l := emulated(t, sales)
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if err := l.run.Load("Sales", 500); err != nil {
		t.Fatal(err)
	}
	victims := 3
	l.run.PatchDatabase("Sales", sqlserveremu.DatabasePatch{Deadlocks: &victims})
	_, file := l.file(".trn")
	tail := backup.BackupCall{Database: "Sales", Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}
	if err := l.Backup(bg, tail, nil); !saidNumber(err, 1205) {
		t.Fatalf("a tail whose batch was a victim: %v", err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
		t.Fatalf("left as %+v, %v", d, err)
	}
	if err := l.Backup(bg, tail, nil); err != nil {
		t.Fatal(err)
	}
	victims = 2
	l.run.PatchDatabase("Sales", sqlserveremu.DatabasePatch{Deadlocks: &victims})
	if err := l.Recover(bg, "Sales"); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
		t.Errorf("given back as %+v, %v", d, err)
	}
}

// What was taken before a host was renamed without sp_addserver bears the one
// name, what is taken since perhaps the other.
func TestARenamedHostKnowsItsBackups(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) { sales(c); c.Name = "SQL01" })
	if err := l.take("Sales", backup.Full, "before"); err != nil {
		t.Fatal(err)
	}
	l.run.Rename("SQL99")
	in, err := l.Describe(bg)
	if err != nil || in.Name != "SQL01" || in.Property != "SQL99" {
		t.Fatalf("%+v, %v", in, err)
	}
	if !in.Is("sql01") || !in.Is("SQL99") || in.Is("SQL02") {
		t.Error("the server is not known by both of its names")
	}
	began := time.Now().Add(-time.Second)
	if err := l.take("Sales", backup.Full, "since"); err != nil {
		t.Fatal(err)
	}
	l.looked = 0 // nothing is looked at: the engine names the base
	if d, err := l.Database(bg, "Sales"); err != nil || d.LastFull.Before(began.Truncate(time.Second)) {
		t.Errorf("the base of before the last look: %+v, %v", d.LastFull, err)
	}
}

func TestSnapshotsOfDisksAreNoBackupFiles(t *testing.T) {
	l := emulated(t, sales)
	if err := l.run.Snapshot("sa", "Sales", false); err != nil {
		t.Fatal(err)
	}
	rows, err := l.History(bg, "Sales", 0, 10)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if s := rows[0].Set; !s.Snapshot || s.Kind != backup.Full || rows[0].Disk || len(rows[0].Files) != 1 {
		t.Errorf("%+v", rows[0])
	}
	d, err := l.Database(bg, "Sales")
	if err != nil || d.BaseGUID != rows[0].Set.ID {
		t.Errorf("differentials build on %s, %v", d.BaseGUID, err)
	}
}

// A standby tells that it is one, is no source, and is brought on line by
// Recover.
func TestADatabaseInStandbyIsTold(t *testing.T) {
	l := emulated(t, sales)
	_, file := l.file(".bak")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Full, Name: "full", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	l.do("RESTORE DATABASE Sales FROM DISK = '%s' WITH REPLACE, STANDBY = '%s/undo.dat'", file, l.folder)
	d, err := l.Database(bg, "Sales")
	if err != nil || !d.Standby || d.State != "ONLINE" {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := l.take("Sales", backup.Full, "no"); !saidNumber(err, 3036) || strings.Contains(err.Error(), "finish the restore") {
		t.Errorf("a backup of it: %v", err)
	}
	if err := l.Recover(bg, "Sales"); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.Standby || d.ReadOnly {
		t.Errorf("%+v, %v", d, err)
	}
}
