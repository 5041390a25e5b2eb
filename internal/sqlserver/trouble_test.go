package sqlserver

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestTailOfABusyDatabase(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 50}}}}
	})
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if err := l.run.Load("Sales", 500); err != nil {
		t.Fatal(err)
	}
	_, file := l.file(".trn")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.State != "RESTORING" {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := l.Recover(bg, "Sales"); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
		t.Errorf("given back as %+v, %v", d, err)
	}
	l.run.StopLoad("Sales")
}

// An application that comes back at once takes the only place of SINGLE_USER
// wherever it is free. Whatever becomes of the tail, nobody is kept out.
func TestNobodyTakesTheOnlyPlaceDuringTheTail(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 50}}}}
	})
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := l.run.Load("Sales", 2000); err != nil {
			t.Fatal(err)
		}
		_, file := l.file(".trn")
		if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}, nil); err != nil {
			t.Fatalf("tail %d: %v", i, err)
		}
		if d, err := l.Database(bg, "Sales"); err != nil || d.State != "RESTORING" {
			t.Fatalf("tail %d: %+v, %v", i, d, err)
		}
		if err := l.Recover(bg, "Sales"); err != nil {
			t.Fatal(err)
		}
		if d, err := l.Database(bg, "Sales"); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
			t.Fatalf("given back as %+v, %v", d, err)
		}
		l.run.StopLoad("Sales")
	}
}

// A connection that was cut may leave SINGLE_USER behind, and an application in
// its place: a person is told what to type, and once the place is free
// everybody is let in.
func TestWhoIsShutOutIsLetInOrToldWhatToType(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 50}}}}
	})
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if err := l.run.Load("Sales", 2000); err != nil {
		t.Fatal(err)
	}
	if err := l.Server.run(bg, "ALTER DATABASE Sales SET SINGLE_USER WITH ROLLBACK IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	for !saidNumber(l.Server.run(bg, "ALTER DATABASE Sales SET READ_WRITE", nil), 5064) {
		time.Sleep(time.Millisecond) // until the application has the place
	}
	l.letInFor = 200 * time.Millisecond
	_, file := l.file(".trn")
	tail := backup.BackupCall{Database: "Sales", Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}
	err := l.Backup(bg, tail, nil)
	if _, fix := fault.Words(err); fault.CodeOf(err) != "single-user" || !strings.Contains(fix, "DB_ID(N'Sales')") || !strings.Contains(fix, "ALTER DATABASE [Sales] SET MULTI_USER") {
		t.Fatalf("%v; %s", err, fix)
	}
	l.run.StopLoad("Sales")
	if err := l.Backup(bg, tail, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Recover(bg, "Sales"); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.UserAccess != "MULTI_USER" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTailThatFailsLetsEverybodyInAgain(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 50}}}}
	})
	if err := l.take("Sales", backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	if err := l.run.Load("Sales", 500); err != nil {
		t.Fatal(err)
	}
	var limit int64 = 10
	l.run.SetDisk(sqlserveremu.Disk{FailAfter: &limit})
	_, file := l.file(".trn")
	err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}, nil)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is full") {
		t.Errorf("a tail that cannot be written: %v", err)
	}
	if d, err := l.Database(bg, "Sales"); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
		t.Errorf("after a tail in vain: %+v, %v", d, err)
	}
	l.run.StopLoad("Sales")
}

func TestDiskTroubleIsExplained(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Size: 4 << 20}}
		c.Edition = "express"
	})
	l.run.SetDisk(sqlserveremu.Disk{Denied: true})
	if err := l.take("Sales", backup.Full, "n"); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "service account") {
		t.Errorf("denied: %v", err)
	}
	var limit int64 = 1 << 20
	l.run.SetDisk(sqlserveremu.Disk{FailAfter: &limit})
	if err := l.take("Sales", backup.Full, "n"); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is full") {
		t.Errorf("full: %v", err)
	}
	l.run.SetDisk(sqlserveremu.Disk{})
	_, file := l.file(".bak")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Full, Name: "n", Files: []string{file}, Compress: true}, nil); !saidNumber(err, 1844) || !fault.Is(err, fault.Invalid) {
		t.Errorf("compression on Express: %v", err)
	}
	if err := os.WriteFile(file, []byte("PK\x03\x04 this is no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Headers(bg, []string{file}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a file that is no backup: %v", err)
	}
}

func TestRunningAndCanceled(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Size: 8 << 20}, {Name: "Other"}}
		c.Rate = 2 << 20
	})
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	done := make(chan error, 1)
	began := make(chan struct{}, 200)
	_, file := l.file(".bak")
	go func() {
		done <- l.Backup(ctx, backup.BackupCall{Database: "Sales", Kind: backup.Full, Name: "slow", Files: []string{file}}, func(float64) { began <- struct{}{} })
	}()
	<-began
	<-began
	running, err := l.Running(bg, "Sales")
	if err != nil || len(running) != 1 || running[0].Command != "BACKUP DATABASE" || running[0].Percent <= 0 || running[0].Session == 0 || time.Since(running[0].Started) > time.Hour {
		t.Errorf("%+v, %v", running, err)
	}
	if other, err := l.Running(bg, "Other"); err != nil || len(other) != 0 {
		t.Errorf("%+v, %v", other, err)
	}
	if err := l.take("Sales", backup.Full, "second"); !saidNumber(err, 3023) || !fault.Is(err, fault.Unavailable) || !errors.Is(err, migration.ErrUndone) {
		t.Errorf("a second one beside it: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; {
		running, err := l.Running(bg, "Sales")
		if err == nil && len(running) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %+v, %v", running, err)
		}
	}
	if rows, err := l.History(bg, "Sales", 0, 10); err != nil || len(rows) != 0 {
		t.Errorf("history after a canceled backup: %+v, %v", rows, err)
	}
}

func TestRightsOfALogin(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sal'es"}, {Name: "Other"}}
		c.Logins = []sqlserveremu.Login{
			{Name: "sa", Password: "Emulated-1", Sysadmin: true},
			{Name: "op", Password: "p", Roles: map[string][]string{"Sal'es": {"db_backupoperator"}}},
			{Name: "owner", Password: "p", Roles: map[string][]string{"Sal'es": {"db_owner"}, "msdb": {"db_datareader"}}, Server: []string{"dbcreator", "VIEW SERVER STATE"}},
			{Name: "nobody", Password: "p"},
			{Name: "gone", Password: "p", Disabled: true},
		}
	})
	as := func(login string) *Server {
		c := configOf(t, l.run)
		c.Login, c.Password, c.Folder = login, "p", l.folder
		return opened(t, c)
	}
	for login, want := range map[string][]string{
		"owner":  nil,
		"op":     {"ALTER ROLE db_owner ADD MEMBER [op]", "GRANT SELECT ON dbo.backupset TO [op]", "GRANT VIEW SERVER STATE TO [op]", "[dbcreator] ADD MEMBER [op]"},
		"nobody": {"USE [Sal'es]; CREATE USER [nobody] FOR LOGIN [nobody]; ALTER ROLE db_backupoperator ADD MEMBER [nobody]", "db_owner", "backupset", "VIEW SERVER STATE", "dbcreator"},
	} {
		missing, err := as(login).MissingRights(bg, "Sal'es")
		if err != nil {
			t.Fatal(err)
		}
		if len(missing) != len(want) {
			t.Errorf("%s: %+v", login, missing)
			continue
		}
		for i, m := range missing {
			if !strings.Contains(m.Grant, want[i]) || m.Right == "" {
				t.Errorf("%s: %+v, want %s", login, m, want[i])
			}
		}
	}
	if missing, err := l.MissingRights(bg, "Sal'es"); err != nil || len(missing) != 0 {
		t.Errorf("sa: %+v, %v", missing, err)
	}
	_, file := l.file(".bak")
	err := as("nobody").Backup(bg, backup.BackupCall{Database: "Sal'es", Kind: backup.Full, Name: "n", Files: []string{file}}, nil)
	if !fault.Is(err, fault.Denied) {
		t.Errorf("a backup without rights: %v", err)
	}
	if _, err := as("gone").Describe(bg); !fault.Is(err, fault.Denied) {
		t.Errorf("a disabled login: %v", err)
	}
	if err := as("op").Backup(bg, backup.BackupCall{Database: "Sal'es", Kind: backup.Full, Name: "n", Files: []string{file}}, nil); err != nil {
		t.Errorf("a backup operator's backup: %v", err)
	}
	if list, err := as("op").Databases(bg); err != nil || len(list) == 0 {
		t.Errorf("databases as a backup operator sees them: %d, %v", len(list), err)
	}
}

func TestOlderVersionsAreUnderstood(t *testing.T) {
	for _, version := range []string{"11.0.7001.0", "12.0.6024.0", "13.0.5026.0", "14.0.3456.2", "15.0.4198.2", "17.0.1000.7"} {
		l := emulated(t, func(c *sqlserveremu.Config) {
			c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Features: []string{"Compression"}}}
			c.Version = version
		})
		in, err := l.Describe(bg)
		if err != nil || in.Version != version || in.BackupPath == "" {
			t.Errorf("%s: %+v, %v", version, in, err)
		}
		if err := l.take("Sales", backup.Full, "n"); err != nil {
			t.Errorf("%s: %v", version, err)
		}
		d, err := l.Database(bg, "Sales")
		if err != nil || d.LastFull.IsZero() || len(d.EditionFeatures) != 1 {
			t.Errorf("%s: %+v, %v", version, d, err)
		}
		if rows, err := l.History(bg, "Sales", 0, 10); err != nil || len(rows) != 1 || rows[0].Set.Fork.IsZero() {
			t.Errorf("%s: %+v, %v", version, rows, err)
		}
		if list, err := l.Folder(bg, l.folder); err != nil || len(list) != 1 {
			t.Errorf("%s: %+v, %v", version, list, err)
		}
	}
}

func TestLocalTimesBecomeUTC(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales"}}
		c.UTCOffset, c.Clock = 5*time.Hour+45*time.Minute, -10*time.Second
	})
	if err := l.take("Sales", backup.Full, "n"); err != nil {
		t.Fatal(err)
	}
	in, err := l.Describe(bg)
	if err != nil || in.UTCOffset != 5*time.Hour+45*time.Minute || time.Since(in.Now) < 9*time.Second || time.Since(in.Now) > time.Hour {
		t.Errorf("%+v, %v", in, err)
	}
	d, err := l.Database(bg, "Sales")
	if err != nil || time.Since(d.LastFull) > time.Hour || time.Since(d.LastFull) < 0 {
		t.Errorf("last full %s, %v", d.LastFull, err)
	}
	rows, err := l.History(bg, "Sales", 0, 1)
	if err != nil || len(rows) != 1 || rows[0].Set.Finished.UTC == nil || time.Since(*rows[0].Set.Finished.UTC) > time.Hour {
		t.Errorf("%+v, %v", rows, err)
	}
}
