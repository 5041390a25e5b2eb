package sqlserver

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func only(t *testing.T, l live, name string) backup.Database {
	t.Helper()
	d, err := l.Database(bg, name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// listed is a database as the list of all has it, with its newest backups.
func listed(t *testing.T, l live, name string) backup.Database {
	t.Helper()
	list, err := l.Databases(bg)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(d backup.Database) bool { return d.Name == name })
	if i < 0 {
		t.Fatalf("no %s in %+v", name, list)
	}
	return list[i]
}

// Files of memory-optimised tables have the type of FILESTREAM.
func TestMemoryOptimisedIsNotFilestream(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Filestream = true
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Plain"}, {Name: "Fast", Containers: []sqlserveremu.Container{{Name: "xtp", Kind: "FX"}}},
			{Name: "Papers", Containers: []sqlserveremu.Container{{Name: "blobs", Kind: "FD"}}}, {Name: "Both", Containers: []sqlserveremu.Container{{Name: "x", Kind: "FX"}, {Name: "b", Kind: "FD"}}}}
	})
	for name, want := range map[string][2]bool{"Plain": {}, "Fast": {false, true}, "Papers": {true, false}, "Both": {true, true}} {
		if d := only(t, l, name); d.Filestream != want[0] || d.MemoryOptimised != want[1] {
			t.Errorf("%s: FILESTREAM %v, memory-optimised %v", name, d.Filestream, d.MemoryOptimised)
		}
	}
}

// A copy of another server's database, restored under its name or beside it,
// changes nothing about which backups are the newest; neither does a copy-only
// full, and the engine knows its base when msdb has forgotten.
func TestTheNewestBackupsAreThoseOfTheLineage(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 5}}}, {Name: "Other", Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 5}}}}
	})
	if d := only(t, l, "Sales"); !d.LastFull.IsZero() || !d.BaseGUID.IsZero() {
		t.Fatalf("before any backup: %+v", d)
	}
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if err := l.take("Sales", backup.Log, "log"); err != nil {
		t.Fatal(err)
	}
	was := listed(t, l, "Sales")
	if alone := only(t, l, "Sales"); !alone.LastFull.Equal(was.LastFull) || alone.BaseGUID != was.BaseGUID {
		t.Errorf("alone: full %s of %s, in the list %s of %s", alone.LastFull, alone.BaseGUID, was.LastFull, was.BaseGUID)
	}
	rows, err := l.Recent(bg, "Sales", 10)
	if err != nil || len(rows) != 2 || rows[0].Set.Kind != backup.Log || rows[1].Set.Kind != backup.Full || was.BaseGUID != rows[1].Set.ID || was.LastFull.IsZero() || was.LastLog.IsZero() {
		t.Fatalf("%+v, %+v, %v", was, rows, err)
	}

	// The other database becomes Sales on another server, and its backup is
	// looked through and restored here.
	time.Sleep(1100 * time.Millisecond) // msdb has seconds
	_, file := l.file(".bak")
	l.do("ALTER DATABASE Other MODIFY NAME = Sales2; ALTER DATABASE Sales MODIFY NAME = Mine; ALTER DATABASE Sales2 MODIFY NAME = Sales; BACKUP DATABASE Sales TO DISK = N'%s'; BACKUP LOG Sales TO DISK = N'%s.trn'; ALTER DATABASE Sales MODIFY NAME = Other; ALTER DATABASE Mine MODIFY NAME = Sales", file, file)
	l.do("RESTORE VERIFYONLY FROM DISK = N'%s' WITH LOADHISTORY", file)
	l.do("BACKUP DATABASE Sales TO DISK = N'%s.copy' WITH COPY_ONLY", file)
	is := listed(t, l, "Sales")
	if !is.LastFull.Equal(was.LastFull) || !is.LastLog.Equal(was.LastLog) || is.BaseGUID != was.BaseGUID {
		t.Errorf("another's backups count: full %s and %s, log %s and %s", was.LastFull, is.LastFull, was.LastLog, is.LastLog)
	}
	if rows, err = l.Recent(bg, "Sales", 10); err != nil || len(rows) != 3 || !rows[0].Set.CopyOnly || rows[1].Set.Kind != backup.Log {
		t.Errorf("recent: %+v, %v", rows, err)
	}

	// A copy restored beside its source names the same base, and it was not
	// backed up itself.
	_, sales := l.file(".own.bak")
	l.do("BACKUP DATABASE Sales TO DISK = N'%s'; RESTORE DATABASE Copy FROM DISK = N'%s' WITH MOVE 'Sales' TO '/var/opt/mssql/data/copy.mdf', MOVE 'Sales_log' TO '/var/opt/mssql/data/copy.ldf'", sales, sales)
	was = listed(t, l, "Sales")
	if c, alone := listed(t, l, "Copy"), only(t, l, "Sales"); c.BaseGUID != was.BaseGUID || !c.LastFull.IsZero() || alone.LastFull.IsZero() {
		t.Errorf("the copy: base %s of %s, full %s; the source's full %s", c.BaseGUID, was.BaseGUID, c.LastFull, alone.LastFull)
	}

	l.do("EXEC msdb.dbo.sp_delete_backuphistory '2100-01-01'")
	if is = listed(t, l, "Sales"); is.BaseGUID != was.BaseGUID || is.BaseAt.Sub(was.LastFull).Abs() > time.Minute || !is.LastFull.IsZero() {
		t.Errorf("with msdb purged: base %s of %s, full %s", is.BaseGUID, was.BaseGUID, is.LastFull)
	}
}

// TestTheLastLogOfAReadOnlyDatabaseIsLookedForFurtherBack: nothing newer comes,
// and years of others' backups lie above it.
func TestTheLastLogOfAReadOnlyDatabaseIsLookedForFurtherBack(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales"}, {Name: "It's"}}
	})
	for _, name := range []string{"Sales", "It's"} {
		for _, kind := range []backup.Kind{backup.Full, backup.Log} {
			if err := l.take(name, kind, string(kind)); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.do("ALTER DATABASE [It's] SET READ_ONLY")
	was, all := listed(t, l, "It's"), listed(t, l, "Sales")
	rows, err := l.Recent(bg, "It's", 10)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	at, err := l.RowIDs(bg, []backup.GUID{rows[1].Set.ID, {9}, rows[0].Set.ID})
	if err != nil || len(at) != 2 || at[rows[0].Set.ID] != rows[0].ID || at[rows[1].Set.ID] != rows[1].ID {
		t.Errorf("rows %v, %v", at, err)
	}
	for range 3 {
		if err := l.take("Sales", backup.Differential, "diff"); err != nil {
			t.Fatal(err)
		}
	}
	l.looked = 2
	is := listed(t, l, "It's")
	if !is.LastLog.Equal(was.LastLog) || is.LastLog.IsZero() || !is.LastFull.Equal(was.LastFull) || is.Exempt().NoLog == "" {
		t.Errorf("last log %s, full %s; they were %s and %s", is.LastLog, is.LastFull, was.LastLog, was.LastFull)
	}
	if is := listed(t, l, "Sales"); !is.LastLog.IsZero() || !is.LastFull.Equal(all.LastFull) {
		t.Errorf("of a database that takes writes: log %s, full %s", is.LastLog, is.LastFull)
	}
}

// 3009: the backup is whole, and msdb alone does not know it.
func TestABackupWithoutItsRowIsTaken(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) { c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales"}} })
	if _, err := l.run.ControlPort().Add(control.Rule{Operation: "BACKUP DATABASE", Effects: map[string]string{"msdb": "full"}}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if rows, err := l.Named(bg, "Sales", "full", began); err != nil || len(rows) != 0 {
		t.Errorf("msdb has %+v, %v", rows, err)
	}
	if err := l.take("Sales", backup.Full, "again"); err != nil {
		t.Fatal(err)
	}
	for since, want := range map[time.Time]int{began: 1, began.AddDate(0, 0, 2): 0} {
		if rows, err := l.Named(bg, "Sales", "again", since); err != nil || len(rows) != want {
			t.Errorf("since %s: %+v, %v", since, rows, err)
		}
	}
}
