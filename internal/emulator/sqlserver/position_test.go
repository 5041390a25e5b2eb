package sqlserveremu_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
)

// A file may hold several sets; each is restored by its position.
func TestSetsAreAppended(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'all.bak' WITH FORMAT, NAME = N'one', BLOCKSIZE = 4096")
	first := s.now(t, "Shop").Tables
	s.change(t, 2)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'all.bak' WITH NOINIT, NAME = N'two', BLOCKSIZE = 4096; BACKUP DATABASE Shop TO DISK = 'all.bak' WITH NAME = N'three'")
	if got := rows(t, s.db, "RESTORE HEADERONLY FROM DISK = 'all.bak'"); len(got) != 3 {
		t.Fatalf("%d sets", len(got))
	}
	if got := fmt.Sprint(rows(t, s.db, "SELECT position, name, type FROM msdb.dbo.backupset ORDER BY backup_set_id")); got != "[1|one|D 2|two|L 3|three|D]" {
		t.Error(got)
	}
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'all.bak' WITH FILE = 1, NORECOVERY")
	if !reflect.DeepEqual(to.now(t, "Shop").Tables, first) {
		t.Error("the first set holds something else")
	}
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'all.bak' WITH FILE = 2, RECOVERY")
	if !reflect.DeepEqual(to.now(t, "Shop").Tables, s.now(t, "Shop").Tables) {
		t.Error("the log was not rolled forward")
	}
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'all.bak' WITH FILE = 3, REPLACE")
	if !reflect.DeepEqual(to.now(t, "Shop").Tables, s.now(t, "Shop").Tables) {
		t.Error("the third set holds something else")
	}
}

func TestRestoreStopsAtAMoment(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.change(t, 1)
	before := s.now(t, "Shop").Tables
	time.Sleep(5 * time.Millisecond) // moments must differ
	var at time.Time
	if err := s.db.QueryRow("SELECT SYSDATETIME()").Scan(&at); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'log.trn'")
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY")
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'log.trn' WITH STOPAT = @p1, RECOVERY", at.Format("2006-01-02T15:04:05.000"))
	if d := to.now(t, "Shop"); d.State != "ONLINE" || !reflect.DeepEqual(d.Tables, before) {
		t.Errorf("%s with other contents than at that moment", d.State)
	}
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE, NORECOVERY")
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'log.trn' WITH STOPAT = '2099-01-01T00:00:00', RECOVERY")
	if d := to.now(t, "Shop"); d.State != "RESTORING" {
		t.Errorf("a moment that was not reached leaves the database %s", d.State)
	}

	// What lies before the end of a backup that was applied whole cannot be
	// stopped at any more.
	time.Sleep(1100 * time.Millisecond) // headers have seconds
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'next.trn'")
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE, NORECOVERY")
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'log.trn' WITH STOPAT = '2020-01-01T00:00:00', NORECOVERY", 4335, 3013)
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'log.trn' WITH NORECOVERY")
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'next.trn' WITH STOPAT = '"+at.Add(-time.Second).Format("2006-01-02T15:04:05.000")+"', RECOVERY", 4335, 3013)
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'next.trn' WITH RECOVERY")
}

// Files of real SQL Servers restore to databases without rows, by the same
// rules of chains.
func TestRealChainsAreJudged(t *testing.T) {
	samples := bakfiletest.Samples(t)
	s := start(t, nil)
	for _, part := range []string{"full.bak", "diff.bak", "log1.trn", "log2.trn"} {
		raw, err := os.ReadFile(filepath.Join(samples, "sql2016-sp2_restoretime_"+part))
		if err != nil {
			t.Skip("the chain is not among the samples")
		}
		if err := os.WriteFile(s.file(part), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	move := ""
	for i, f := range read(t, s.file("full.bak")).Sets[0].Files {
		move += fmt.Sprintf(", MOVE N'%s' TO N'/var/opt/mssql/data/real%d'", f.LogicalName, i)
	}
	s.exec(t, "RESTORE DATABASE Real FROM DISK = 'full.bak' WITH NORECOVERY"+move)
	s.refused(t, "RESTORE LOG Real FROM DISK = 'log2.trn' WITH NORECOVERY", 4305, 3013)
	s.exec(t, "RESTORE LOG Real FROM DISK = 'log1.trn' WITH NORECOVERY; RESTORE LOG Real FROM DISK = 'log2.trn' WITH NORECOVERY")
	s.refused(t, "RESTORE LOG Real FROM DISK = 'log1.trn' WITH NORECOVERY", 4326, 3013)
	if got, want := s.now(t, "Real").RedoLSN, read(t, s.file("log2.trn")).Sets[0].LastLSN; got != want {
		t.Errorf("restored up to %s, want %s", got, want)
	}
	s.exec(t, "RESTORE DATABASE Real FROM DISK = 'diff.bak' WITH NORECOVERY") // newer than the logs, and of the same base
	s.refused(t, "RESTORE DATABASE Real FROM DISK = 'diff.bak' WITH NORECOVERY", 3136, 3013)
	s.exec(t, "RESTORE DATABASE Real FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE DATABASE Real FROM DISK = 'diff.bak' WITH NORECOVERY")
	if got, want := s.now(t, "Real").RedoLSN, read(t, s.file("diff.bak")).Sets[0].LastLSN; got != want {
		t.Errorf("restored up to %s, want %s", got, want)
	}
	s.refused(t, "RESTORE LOG Real FROM DISK = 'log1.trn' WITH NORECOVERY", 4326, 3013)
	s.exec(t, "RESTORE DATABASE Real WITH RECOVERY")
}

func TestSimpleRecoveryBreaksTheLogChain(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'; BACKUP LOG Shop TO DISK = 'a.trn'")
	s.exec(t, "ALTER DATABASE Shop SET RECOVERY SIMPLE")
	s.refused(t, "BACKUP LOG Shop TO DISK = 'x.trn'", 4208, 3013)
	s.change(t, 1)
	s.exec(t, "ALTER DATABASE Shop SET RECOVERY FULL")
	s.refused(t, "BACKUP LOG Shop TO DISK = 'x.trn'", 4214, 3013)
	if got := one(t, s.db, "SELECT last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID('Shop')"); got != "NULL" {
		t.Errorf("a chain is told at %s", got)
	}
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'copy.bak' WITH COPY_ONLY")
	s.refused(t, "BACKUP LOG Shop TO DISK = 'x.trn'", 4214, 3013)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'diff.bak' WITH DIFFERENTIAL")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'b.trn'")
	if a, b := read(t, s.file("a.trn")).Sets[0], read(t, s.file("b.trn")).Sets[0]; !b.BeginsLogChain || b.FirstLSN.Compare(a.LastLSN) <= 0 {
		t.Errorf("the new chain begins at %s, the old one ended at %s", b.FirstLSN, a.LastLSN)
	}
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY")
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'b.trn'", 4305, 3013)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'diff.bak' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'b.trn'")
	if !reflect.DeepEqual(to.now(t, "Shop").Tables, s.now(t, "Shop").Tables) {
		t.Error("contents differ")
	}
}
