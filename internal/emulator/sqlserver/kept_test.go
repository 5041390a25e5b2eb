package sqlserveremu_test

import (
	"fmt"
	"testing"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

// What a database is elsewhere: change data capture goes with recovery unless
// it is kept, change tracking comes along, and who restored it owns it.
func TestWhatIsKeptByARestore(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) {
		c.Logins = []sqlserveremu.Login{{Name: "sa", Password: "Emulated-1", Sysadmin: true}, {Name: "clerk", Password: "Emulated-1"}}
	})
	on := true
	s.PatchDatabase("Shop", sqlserveremu.DatabasePatch{CDC: &on, Tracking: &on})
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'; BACKUP LOG Shop TO DISK = 'log.trn'")
	captured := func(name, want string) {
		t.Helper()
		if got := s.one(t, "SELECT is_cdc_enabled FROM sys.databases WHERE name = '"+name+"'"); got != want {
			t.Errorf("%s: captured %s, want %s", name, got, want)
		}
	}
	to := "RESTORE DATABASE Copy FROM DISK = 'full.bak' WITH REPLACE, MOVE 'Shop' TO '/var/opt/mssql/data/c.mdf', MOVE 'Shop_log' TO '/var/opt/mssql/data/c.ldf', "
	s.refused(t, to+"NORECOVERY, KEEP_CDC", 3031)
	for statement, want := range map[string]string{"RESTORE DATABASE Copy WITH RECOVERY": "0", "RESTORE DATABASE Copy WITH RECOVERY, KEEP_CDC": "1"} {
		s.exec(t, to+"NORECOVERY; RESTORE LOG Copy FROM DISK = 'log.trn' WITH NORECOVERY; "+statement)
		captured("Copy", want)
	}
	s.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE")
	captured("Shop", "1")
	s.exec(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY; RESTORE DATABASE Shop WITH RECOVERY")
	captured("Shop", "1")
	if n := s.one(t, "SELECT COUNT(*) FROM sys.change_tracking_databases WHERE database_id = DB_ID('Copy')"); n != "1" {
		t.Errorf("change tracking of the copy: %s", n)
	}

	owner := func() string {
		return s.one(t, "SELECT SUSER_SNAME(owner_sid) FROM sys.databases WHERE name = 'Copy'")
	}
	if got := owner(); got != "sa" {
		t.Errorf("the owner is %s", got)
	}
	s.refused(t, "ALTER AUTHORIZATION ON DATABASE::Copy TO [nobody]", 15151)
	s.exec(t, "ALTER AUTHORIZATION ON DATABASE::[Copy] TO [CLERK]")
	if got := owner(); got != "clerk" {
		t.Errorf("the owner is %s", got)
	}
}

// one is the one value that a query gives.
func (s *started) one(t testing.TB, query string) (text string) {
	t.Helper()
	var v any
	if err := s.db.QueryRow(query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if b, ok := v.(bool); ok {
		return map[bool]string{false: "0", true: "1"}[b]
	}
	return fmt.Sprint(v)
}
