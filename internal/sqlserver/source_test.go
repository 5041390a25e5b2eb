package sqlserver

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

var bg = context.Background()

func TestDescribe(t *testing.T) {
	l := connect(t, nil)
	in, err := l.Describe(bg)
	if err != nil {
		t.Fatal(err)
	}
	if in.Name == "" || in.VersionMajor < 9 || in.VersionMajor > 17 || !strings.HasPrefix(in.Version, "1") && !strings.HasPrefix(in.Version, "9") ||
		in.Edition == "" || in.EngineEdition == 0 || in.Login == "" || in.BackupPath == "" || in.DataPath == "" || in.LogPath == "" {
		t.Errorf("%+v", in)
	}
	if d := time.Since(in.Now); d > time.Hour || d < -time.Hour {
		t.Errorf("the server's clock is %s away", d)
	}
}

func TestDatabasesAndTheirBackups(t *testing.T) {
	l := connect(t, nil)
	name := l.database("catalog")
	d, err := l.Database(bg, name)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != name || d.State != "ONLINE" || d.RecoveryModel != "FULL" || d.ReadOnly || d.UserAccess != "MULTI_USER" || d.PageVerify != "CHECKSUM" ||
		d.DataBytes <= 0 || d.LogBytes <= 0 || d.Family.IsZero() || d.Fork.IsZero() || !d.PreferredReplica || d.InAvailabilityGroup {
		t.Errorf("%+v", d)
	}
	if d := listed(t, l, name); !d.LastLogBackupLSN.IsZero() || !d.LastFull.IsZero() || !d.LastLog.IsZero() {
		t.Errorf("backed up before its first backup: %+v", d)
	}
	if err := l.take(name, backup.Log, "log"); !fault.Is(err, fault.Conflict) || !saidNumber(err, 4214) {
		t.Errorf("log without a full: %v", err)
	}
	began := time.Now().Add(-time.Minute)
	for _, kind := range []backup.Kind{backup.Full, backup.Differential, backup.Log} {
		l.add(name, 100*len(kind), 100*len(kind)+3)
		if err := l.take(name, kind, string(kind)+" 🚚 'one'"); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	if d, err = l.Database(bg, name); err != nil {
		t.Fatal(err)
	}
	if in := listed(t, l, name); d.LastLogBackupLSN.IsZero() || d.LastFull.Before(began) || in.LastFull.Before(began) || in.LastDiff.Before(began) || in.LastLog.Before(began) || d.LogBytesSinceBackup < 0 || d.FreeBackupBytes == 0 {
		t.Errorf("after backups: %+v, in the list %+v", d, in)
	}
	list, err := l.Databases(bg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := named(list, name); err != nil {
		t.Error(err)
	}
	for _, d := range list {
		if d.Name == "tempdb" {
			t.Error("tempdb is listed")
		}
	}
	if _, err := l.Database(bg, name+"x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a database that does not exist: %v", err)
	}
}

func (l live) take(database string, kind backup.Kind, name string) error {
	_, file := l.file(".bak")
	return l.Backup(bg, backup.BackupCall{Database: database, Kind: kind, Name: name, Files: []string{file}}, nil)
}

func TestHistoryTellsTheChain(t *testing.T) {
	l := connect(t, nil)
	name := l.database("history")
	_, one := l.file(".bak")
	_, two := l.file(".bak")
	var percents []float64
	if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Full, Name: "striped full", Files: []string{one, two}}, func(p float64) { percents = append(percents, p) }); err != nil {
		t.Fatal(err)
	}
	if len(percents) == 0 || percents[len(percents)-1] != 100 {
		t.Errorf("progress %v", percents)
	}
	if err := l.Verify(bg, []string{one, two}); err != nil {
		t.Errorf("verify: %v", err)
	}
	for i := range 3 {
		l.add(name, 1000+10*i, 1000+10*i+5)
		if err := l.take(name, backup.Log, "log"); err != nil {
			t.Fatal(err)
		}
	}
	_, file := l.file(".bak")
	if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Full, CopyOnly: true, Name: "copy", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	rows, err := l.History(bg, name, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 {
		t.Fatalf("%d sets", len(rows))
	}
	full := rows[0]
	if s := full.Set; s.Kind != backup.Full || s.Name != "striped full" || s.Database != name || s.ID.IsZero() || s.Family.IsZero() || s.Last.IsZero() || s.CopyOnly || !s.Checksums ||
		len(full.Files) != 2 || full.Files[0] != one || full.Files[1] != two || s.FamilyCount != 2 || len(s.MissingStripes()) != 0 || !full.Disk || full.User == "" ||
		s.Started.UTC == nil || time.Since(*s.Finished.UTC) > time.Hour || time.Since(*s.Finished.UTC) < -time.Hour || s.Size <= 0 {
		t.Errorf("full: %+v", full)
	}
	if found, err := l.Named(bg, name, "striped full", time.Time{}); err != nil || len(found) != 1 || found[0].Set.ID != full.Set.ID || len(found[0].Files) != 2 {
		t.Errorf("by name: %+v, %v", found, err)
	}
	if found, err := l.Named(bg, name, "Striped Full", time.Time{}); err != nil || len(found) != 0 {
		t.Errorf("by a name in other case: %+v, %v", found, err)
	}
	if !rows[4].Set.CopyOnly {
		t.Errorf("copy: %+v", rows[4].Set)
	}
	if rows[1].Set.First.Compare(full.Set.Last) > 0 {
		t.Errorf("the first log begins at %s, the full ends at %s", rows[1].Set.First, full.Set.Last)
	}
	for i := 2; i <= 3; i++ {
		if rows[i].Set.First != rows[i-1].Set.Last || rows[i].ID <= rows[i-1].ID {
			t.Errorf("log %d begins at %s, the one before ends at %s", i, rows[i].Set.First, rows[i-1].Set.Last)
		}
	}
	page, err := l.History(bg, name, rows[1].ID, 2)
	if err != nil || len(page) != 2 || page[0].ID != rows[2].ID {
		t.Errorf("a page: %+v, %v", page, err)
	}
	// What the header says is what msdb says.
	sets, err := l.Headers(bg, rows[1].Files)
	if err != nil || len(sets) != 1 {
		t.Fatalf("%d headers, %v", len(sets), err)
	}
	if h, m := sets[0], rows[1].Set; h.ID != m.ID || h.First != m.First || h.Last != m.Last || h.Fork != m.Fork || h.Family != m.Family || h.Kind != m.Kind || h.Name != m.Name {
		t.Errorf("header %+v\nmsdb %+v", h, m)
	}
	media, err := l.Label(bg, two)
	if err != nil || media.FamilyCount != 2 || media.FamilySequence != 2 || media.SetGUID.IsZero() {
		t.Errorf("label %+v, %v", media, err)
	}
	session, err := l.session(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer session.close()
	files, err := session.fileList(bg, full.Files, 1)
	if err != nil || len(files) < 2 || files[0].LogicalName == "" || files[0].Size <= 0 {
		t.Errorf("files %+v, %v", files, err)
	}
	if plans := backup.Plans([]backup.Set{rows[0].Set, rows[1].Set, rows[2].Set, rows[3].Set}, backup.Options{}); len(plans) != 1 || len(plans[0].Steps) != 4 || len(plans[0].Missing) != 0 {
		t.Errorf("no plan is made of the history: %+v", plans)
	}
}

func TestFreezeAndGiveBack(t *testing.T) {
	l := connect(t, nil)
	name := l.database("freeze")
	if err := l.take(name, backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	before, err := l.Contents(bg, name, nil)
	if err != nil || len(before) != 2 {
		t.Fatalf("%+v, %v", before, err)
	}
	_, file := l.file(".trn")
	if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, name); err != nil || d.State != "RESTORING" {
		t.Errorf("after the tail: %+v, %v", d, err)
	}
	if rows, err := l.History(bg, name, 0, 10); err != nil || len(rows) != 2 || !rows[1].Set.TailLog {
		t.Errorf("history: %+v, %v", rows, err)
	}
	if _, err := l.Contents(bg, name, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("contents of a restoring database: %v", err)
	}
	if err := l.take(name, backup.Log, "another"); err == nil {
		t.Error("a restoring database is backed up")
	}
	for range 2 {
		if err := l.Recover(bg, name); err != nil {
			t.Fatal(err)
		}
	}
	after, err := l.Contents(bg, name, nil)
	if err != nil || len(after) != len(before) || !reflect.DeepEqual(after, before) || sumOf(after, "dbo.Orders").Rows != 20 || sumOf(after, "dbo.odd ]'name").Table == "" {
		t.Errorf("contents %+v, before %+v, %v", after, before, err)
	}
	l.add(name, 500, 501)
	if again, err := l.Contents(bg, name, nil); err != nil || sumOf(again, "dbo.Orders").Rows != sumOf(before, "dbo.Orders").Rows+2 || sumOf(again, "dbo.Orders").Sum == sumOf(before, "dbo.Orders").Sum {
		t.Errorf("after two more rows: %+v, %v", again, err)
	}
}

func sumOf(sums []backup.TableSum, table string) backup.TableSum {
	for _, s := range sums {
		if s.Table == table {
			return s
		}
	}
	return backup.TableSum{}
}

func TestStatesAreChangedAndRepeated(t *testing.T) {
	l := connect(t, nil)
	name := l.database("states")
	q, _ := tsql.Name(name)
	for range 2 {
		if err := l.SetReadOnly(bg, name, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Server.run(bg, "INSERT INTO "+q+".dbo.Orders (id) VALUES (77)", nil); !saidNumber(err, 3906) {
		t.Errorf("a write to a read-only database: %v", err)
	}
	for range 2 {
		if err := l.SetReadOnly(bg, name, false); err != nil {
			t.Fatal(err)
		}
	}
	l.add(name, 300, 300)
	for range 2 {
		if err := l.SetRecoveryModel(bg, name, "SIMPLE"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.take(name, backup.Log, "x"); !saidNumber(err, 4208) || !fault.Is(err, fault.Conflict) {
		t.Errorf("log backup in SIMPLE: %v", err)
	}
	if err := l.SetRecoveryModel(bg, name, "HALF"); !fault.Is(err, fault.Invalid) {
		t.Errorf("model HALF: %v", err)
	}
	for _, err := range []error{l.SetReadOnly(bg, name+"x", true), l.SetRecoveryModel(bg, name+"x", "FULL"), l.Recover(bg, name+"x"), l.take(name+"x", backup.Full, "x")} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a database that does not exist: %v", err)
		}
	}
	if found, err := l.CheckDB(bg, name, true); err != nil || len(found) != 0 {
		t.Errorf("check: %v, %v", found, err)
	}
	if _, err := l.CheckDB(bg, name+"x", false); !fault.Is(err, fault.NotFound) {
		t.Errorf("check of nothing: %v", err)
	}
}

func TestFolders(t *testing.T) {
	l := connect(t, nil)
	folder := within(l.folder, "bp-new/deeper")
	for range 2 {
		if err := l.MakeFolder(bg, folder); err != nil {
			t.Fatal(err)
		}
	}
	name := l.database("folder")
	if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Full, Name: "n", Files: []string{within(folder, "it's.bak")}}, nil); err != nil {
		t.Fatal(err)
	}
	list, err := l.Folder(bg, folder)
	if err != nil || len(list) != 1 || list[0].Name != "it's.bak" || list[0].Folder || list[0].Size == 0 {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = l.Folder(bg, within(l.folder, "bp-new"))
	if err != nil || len(list) != 1 || list[0].Name != "deeper" || !list[0].Folder {
		t.Errorf("%+v, %v", list, err)
	}
	if err := l.Verify(bg, []string{within(folder, "nothing.bak")}); !fault.Is(err, fault.NotFound) {
		t.Errorf("verify a file that is not there: %v", err)
	}
	_, file := l.file(".bak")
	err = l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Full, Name: "n", Files: []string{within(l.folder, "no-such-folder/x.bak")}}, nil)
	if !fault.Is(err, fault.NotFound) || !saidNumber(err, 3201) {
		t.Errorf("a backup into a folder that is not there: %v, %s", err, file)
	}
}
