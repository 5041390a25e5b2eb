package sqlserveremu_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func (s *started) remote(t testing.TB, method, path string, in, out any) {
	t.Helper()
	if err := (control.Remote{URL: s.ControlURL}).Call(context.Background(), method, path, in, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// until waits for a state.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never %s", what)
}

func TestLoadWritesUntilTheDatabaseStops(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	load := func() (l sqlserveremu.LoadState) {
		var all []sqlserveremu.LoadState
		s.remote(t, http.MethodGet, "/loads", nil, &all)
		if len(all) != 1 {
			t.Fatalf("%d loads", len(all))
		}
		return all[0]
	}
	s.remote(t, http.MethodPost, "/databases/Shop/load", map[string]any{"rate": 2000}, nil)
	until(t, "written", func() bool { return load().Written > 50 })
	if s.now(t, "Shop").LogBytes == 0 {
		t.Error("the log did not grow")
	}
	s.refused(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY", 3101, 3013)
	s.exec(t, "ALTER DATABASE Shop SET RESTRICTED_USER WITH ROLLBACK IMMEDIATE")
	s.exec(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY")
	frozen := s.now(t, "Shop")
	refused := load().Refused
	until(t, "refused", func() bool { return load().Refused > refused })
	if l := load(); l.LastCode != 927 {
		t.Errorf("the load meets %d %s", l.LastCode, l.LastError)
	}
	if again := s.now(t, "Shop"); again.NextLSN != frozen.NextLSN || !reflect.DeepEqual(again.Tables, frozen.Tables) {
		t.Error("the database changed while RESTORING")
	}
	s.exec(t, "RESTORE DATABASE Shop WITH RECOVERY; ALTER DATABASE Shop SET MULTI_USER")
	written := load().Written
	until(t, "written again", func() bool { return load().Written > written })
	s.exec(t, "ALTER DATABASE Shop SET READ_ONLY WITH ROLLBACK IMMEDIATE")
	until(t, "read-only for the load", func() bool { return load().LastCode == 3906 })
	var end sqlserveremu.LoadState
	s.remote(t, http.MethodDelete, "/databases/Shop/load", nil, &end)
	if end.Written <= written || end.Refused == 0 {
		t.Errorf("%+v", end)
	}
}

func TestForeignBackupsShowAndGetLost(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.change(t, 1)
	s.remote(t, http.MethodPost, "/databases/Shop/foreign", map[string]any{"login": "night", "path": "night.trn", "lose": true}, nil)
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'mine.trn'")
	got := rows(t, s.db, "SELECT b.user_name, b.type, f.physical_device_name FROM msdb.dbo.backupset b JOIN msdb.dbo.backupmediafamily f ON f.media_set_id = b.media_set_id ORDER BY b.backup_set_id")
	want := []string{"sa|D|" + s.file("full.bak"), "night|L|" + s.file("night.trn"), "sa|L|" + s.file("mine.trn")}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if _, err := os.Stat(s.file("night.trn")); err == nil {
		t.Error("the lost file is there")
	}
	joined := one(t, s.db, "SELECT COUNT(*) FROM msdb.dbo.backupset a JOIN msdb.dbo.backupset b ON b.first_lsn = a.last_lsn WHERE a.user_name = 'night' AND b.user_name = 'sa'")
	if joined != "1" {
		t.Error("the logs do not join")
	}
}

func TestDiskBites(t *testing.T) {
	s := start(t, nil)
	s.remote(t, http.MethodPut, "/disk", map[string]any{"fail_after": 1000}, nil)
	s.refused(t, "BACKUP DATABASE Shop TO DISK = 'x.bak'", 3202, 3013)
	s.remote(t, http.MethodPut, "/disk", map[string]any{"denied": true}, nil)
	_, err := s.db.Exec("BACKUP DATABASE Shop TO DISK = 'x.bak'")
	var e mssql.Error
	if !errors.As(err, &e) || !strings.Contains(e.All[0].Message, "Operating system error 5(Access is denied.)") {
		t.Error(err)
	}
	s.remote(t, http.MethodPut, "/disk", map[string]any{"rate": 1 << 20}, nil)
	begun := time.Now()
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'x.bak'")
	if d := time.Since(begun); d < 200*time.Millisecond {
		t.Errorf("a quarter of a MiB at one MiB per second took %s", d)
	}
	if entries, _ := os.ReadDir(s.folder); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
}

func TestDoorRefusesHoldsAndCutsStatements(t *testing.T) {
	s := start(t, nil)
	r := control.Remote{URL: s.ControlURL}
	ctx := context.Background()
	add := func(rule control.Rule) {
		if _, err := r.Add(ctx, rule); err != nil {
			t.Fatal(err)
		}
	}
	add(control.Rule{Operation: "BACKUP LOG", Status: 500, Code: "1222", Message: "Lock request time out period exceeded."})
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.refused(t, "BACKUP LOG Shop TO DISK = 'a.trn'", 1222)
	zero := int64(0)
	add(control.Rule{Operation: "BACKUP LOG", Match: "/Shop$", CutAnswer: &zero})
	if _, err := s.db.Exec("BACKUP LOG Shop TO DISK = 'b.trn'"); err == nil || numbers(err) != nil {
		t.Errorf("a cut connection gives %v", err)
	}
	if got := one(t, s.db, "SELECT COUNT(*) FROM msdb.dbo.backupset WHERE type = 'L'"); got != "1" {
		t.Errorf("%s log backups, want the one whose answer was lost", got)
	}
	add(control.Rule{Operation: "BACKUP LOG", Hold: "after"})
	done := make(chan error, 1)
	go func() { _, err := s.db.Exec("BACKUP LOG Shop TO DISK = 'c.trn'"); done <- err }()
	if held, err := r.Held(ctx, 10*time.Second); err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	select {
	case err := <-done:
		t.Errorf("a held statement ended: %v", err)
	default:
	}
	if err := r.Release(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.remote(t, http.MethodPost, "/cut", map[string]string{"login": "sa"}, nil)
	if _, err := conn.ExecContext(ctx, "SELECT 1"); err == nil {
		t.Error("a cut session answers")
	}
	if err := s.db.Ping(); err != nil {
		t.Errorf("no new session: %v", err)
	}
	var heard []sqlserveremu.Heard
	s.remote(t, http.MethodGet, "/statements", nil, &heard)
	if !slices.ContainsFunc(heard, func(h sqlserveremu.Heard) bool {
		return h.Text == "BACKUP LOG Shop TO DISK = 'a.trn'" && h.Error == 1222
	}) {
		t.Error("the refused statement was not heard")
	}
}

func TestKillAndCorruption(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) { c.Rate = 10 << 10 })
	done := make(chan error, 1)
	go func() { _, err := s.db.Exec("BACKUP DATABASE Shop TO DISK = 'x.bak'"); done <- err }()
	var id string
	until(t, "running", func() bool {
		r := rows(t, s.db, "SELECT r.session_id FROM sys.dm_exec_requests r WHERE r.command = N'BACKUP DATABASE'")
		if len(r) == 1 {
			id = r[0]
		}
		return len(r) == 1
	})
	s.exec(t, "KILL "+id)
	if err := <-done; err == nil {
		t.Error("a killed backup succeeded")
	}
	until(t, "cleaned up", func() bool { e, _ := os.ReadDir(s.folder); return len(e) == 0 })
	s.exec(t, "DBCC CHECKDB (N'Shop') WITH NO_INFOMSGS")
	if got := one(t, s.db, "SELECT DATEDIFF(hour, DATABASEPROPERTYEX('Shop', 'LastGoodCheckDbTime'), GETDATE())"); got != "0" {
		t.Errorf("checked %s hours ago", got)
	}
	s.remote(t, http.MethodPatch, "/databases/Shop", map[string]int{"corrupted": 2}, nil)
	s.refused(t, "DBCC CHECKDB (Shop) WITH NO_INFOMSGS", 8928, 8928)
	if got := rows(t, s.db, "DBCC CHECKDB (Shop) WITH NO_INFOMSGS, TABLERESULTS"); len(got) != 3 || !strings.Contains(got[2], "2 consistency errors") {
		t.Errorf("%v", got)
	}
	s.refused(t, "BACKUP DATABASE Shop TO DISK = 'y.bak' WITH CHECKSUM", 3043, 3013)
}
