package sqlserveremu_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
)

// replicas starts a group of two servers that share a backup folder.
func replicas(t *testing.T, change func(*sqlserveremu.GroupConfig, *sqlserveremu.Config)) (one, two *started, g *sqlserveremu.Group) {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := sqlserveremu.GroupConfig{Name: "AG", Databases: []string{"Shop"}, Preference: group.Secondary}
	first := sqlserveremu.Config{Name: "SQL01", BackupFolder: folder, Databases: []sqlserveremu.DatabaseSpec{{Name: "Shop", Size: 256 << 10, Tables: tables()}, {Name: "Local", Tables: tables()}}}
	if change != nil {
		change(&c, &first)
	}
	g, err = sqlserveremu.StartGroup(c, first, sqlserveremu.Config{Name: "SQL02", Version: first.Version, BackupFolder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	var out []*started
	for _, r := range g.Replicas {
		s := &started{Running: r, folder: folder}
		s.db = s.open(t, "sa", "Emulated-1", "encrypt=disable")
		out = append(out, s)
	}
	return out[0], out[1], g
}

func TestSecondariesRefuseWhatTheyCannotBackUp(t *testing.T) {
	one, two, _ := replicas(t, nil)
	one.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	two.refused(t, "BACKUP DATABASE Shop TO DISK = 'no.bak'", 3059, 3013)
	two.refused(t, "BACKUP DATABASE Shop TO DISK = 'no.bak' WITH DIFFERENTIAL", 3059, 3013)
	two.refused(t, "BACKUP DATABASE Shop TO DISK = 'no.bak' WITH DIFFERENTIAL, COPY_ONLY", 3059, 3013)
	two.refused(t, "BACKUP LOG Shop TO DISK = 'no.trn' WITH COPY_ONLY", 3059, 3013)
	one.exec(t, "INSERT INTO Shop.dbo.Orders (id, name) VALUES (101, N'one')")
	two.exec(t, "BACKUP DATABASE Shop TO DISK = 'copy.bak' WITH COPY_ONLY; BACKUP LOG Shop TO DISK = 'two.trn'")
	one.exec(t, "INSERT INTO Shop.dbo.Orders (id, name) VALUES (102, N'two'); BACKUP LOG Shop TO DISK = 'one.trn'; BACKUP DATABASE Shop TO DISK = 'diff.bak' WITH DIFFERENTIAL")

	// Each msdb knows what was taken there; together they are one chain.
	const taken = "SELECT server_name, type, is_copy_only FROM msdb.dbo.backupset ORDER BY backup_set_id"
	if got := strings.Join(rows(t, one.db, taken), " "); got != "SQL01|D|false SQL01|L|false SQL01|I|false" {
		t.Errorf("msdb of the primary: %s", got)
	}
	if got := strings.Join(rows(t, two.db, taken), " "); got != "SQL02|D|true SQL02|L|false" {
		t.Errorf("msdb of the secondary: %s", got)
	}
	for _, from := range []string{"full.bak", "copy.bak"} {
		to := target(t, one)
		to.exec(t, "RESTORE DATABASE Shop FROM DISK = '"+from+"' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'two.trn' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'one.trn'")
		if !reflect.DeepEqual(to.now(t, "Shop").Tables, one.now(t, "Shop").Tables) {
			t.Errorf("the chain on %s ends with other contents", from)
		}
	}
	to := target(t, one)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE DATABASE Shop FROM DISK = 'diff.bak'")

	two.remote(t, http.MethodPatch, "/group", map[string]any{"server": "SQL02", "lost": true}, nil)
	two.refused(t, "BACKUP LOG Shop TO DISK = 'no.trn'", 35250, 3013)

	_, newer, _ := replicas(t, func(_ *sqlserveremu.GroupConfig, c *sqlserveremu.Config) { c.Version = "17.0.1000.7" })
	newer.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'; BACKUP DATABASE Shop TO DISK = 'diff.bak' WITH DIFFERENTIAL")
}

func TestADatabaseJoinsAGroupAndLeavesIt(t *testing.T) {
	one, two, _ := replicas(t, nil)
	one.refused(t, "ALTER AVAILABILITY GROUP AG ADD DATABASE Shop", 41145)
	one.refused(t, "ALTER AVAILABILITY GROUP Other ADD DATABASE Local", 15151)
	two.refused(t, "ALTER AVAILABILITY GROUP AG ADD DATABASE Local", 41190)
	one.exec(t, "ALTER DATABASE Local SET RECOVERY SIMPLE")
	one.refused(t, "ALTER AVAILABILITY GROUP AG ADD DATABASE Local", 1475)
	one.exec(t, "ALTER DATABASE Local SET RECOVERY FULL; BACKUP DATABASE Local TO DISK = 'local.bak'; ALTER AVAILABILITY GROUP [AG] ADD DATABASE [Local]")
	one.refused(t, "BACKUP LOG Local TO DISK = 'tail.trn' WITH NORECOVERY", 1468, 3013)
	two.exec(t, "BACKUP LOG Local TO DISK = 'local.trn'")
	one.exec(t, "ALTER AVAILABILITY GROUP AG REMOVE DATABASE Local; BACKUP LOG Local TO DISK = 'tail.trn' WITH NORECOVERY")
	one.refused(t, "ALTER AVAILABILITY GROUP AG REMOVE DATABASE Local", 35236)
}

func TestMembersOfAGroupRefuse(t *testing.T) {
	one, two, _ := replicas(t, nil)
	one.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	for _, s := range []*started{one, two} {
		s.refused(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY", 1468, 3013)
		s.refused(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE", 3104, 3013)
		s.refused(t, "RESTORE DATABASE Shop WITH RECOVERY", 3104, 3013)
		s.refused(t, "DROP DATABASE Shop", 3752)
		for _, option := range []string{"READ_ONLY", "SINGLE_USER WITH ROLLBACK IMMEDIATE", "OFFLINE", "RECOVERY SIMPLE"} {
			s.refused(t, "ALTER DATABASE Shop SET "+option, 1468, 5069)
		}
	}
	one.exec(t, "ALTER DATABASE Shop SET RECOVERY FULL; ALTER DATABASE Local SET READ_ONLY")

	two.refused(t, "SELECT COUNT(*) FROM Shop.dbo.Orders", 976)
	two.refused(t, "USE Shop", 976)
	two.remote(t, http.MethodPatch, "/group", map[string]any{"server": "SQL02", "readable": true}, nil)
	two.exec(t, "SELECT COUNT(*) FROM Shop.dbo.Orders")
	two.refused(t, "INSERT INTO Shop.dbo.Orders (id) VALUES (1)", 3906)
	one.remote(t, http.MethodPatch, "/group", map[string]any{"resolving": true}, nil)
	for _, s := range []*started{one, two} {
		s.refused(t, "SELECT COUNT(*) FROM Shop.dbo.Orders", 983)
		s.refused(t, "BACKUP LOG Shop TO DISK = 'no.trn'", 983, 3013)
	}
}

func TestAGroupIsSeenAndFailsOver(t *testing.T) {
	first, second, g := replicas(t, nil)
	roles := func(s *started) string {
		return strings.Join(rows(t, s.db, "SELECT r.replica_server_name, s.role_desc, s.is_local FROM sys.dm_hadr_availability_replica_states s JOIN sys.availability_replicas r ON r.replica_id = s.replica_id ORDER BY r.replica_server_name"), " ")
	}
	preferred := func(s *started) string {
		return one(t, s.db, "SELECT sys.fn_hadr_backup_is_preferred_replica(N'Shop'), sys.fn_hadr_is_primary_replica(N'Shop'), sys.fn_hadr_backup_is_preferred_replica(N'master')")
	}
	for s, want := range map[*started][3]string{
		first:  {"SQL01|PRIMARY|true SQL02|SECONDARY|false", "false|true|true", "SQL01|true|SYNCHRONIZED SQL02|false|SYNCHRONIZED"},
		second: {"SQL02|SECONDARY|true", "true|false|true", "SQL02|false|SYNCHRONIZED"},
	} {
		states := strings.Join(rows(t, s.db, "SELECT r.replica_server_name, d.is_primary_replica, d.synchronization_state_desc FROM sys.dm_hadr_database_replica_states d JOIN sys.availability_replicas r ON r.replica_id = d.replica_id WHERE d.database_id = DB_ID(N'Shop') ORDER BY r.replica_server_name"), " ")
		if got := [3]string{roles(s), preferred(s), states}; got != want {
			t.Errorf("%s sees %q, want %q", one(t, s.db, "SELECT @@SERVERNAME"), got, want)
		}
		if got := one(t, s.db, "SELECT g.name, g.automated_backup_preference_desc, l.port FROM sys.availability_groups g JOIN sys.availability_group_listeners l ON l.group_id = g.group_id"); !strings.HasPrefix(got, "AG|SECONDARY|") {
			t.Errorf("the group is %s", got)
		}
		if got := one(t, s.db, "SELECT COUNT(*) FROM sys.databases d JOIN sys.availability_databases_cluster c ON c.group_database_id = d.group_database_id WHERE d.replica_id IS NOT NULL AND c.database_name = N'Shop'"); got != "1" {
			t.Errorf("%s databases are members", got)
		}
	}

	// The listener leads to the primary, before and after.
	listener := func() *sql.DB {
		u := url.URL{Scheme: "sqlserver", User: url.UserPassword("sa", "Emulated-1"), Host: g.Listener.Address, RawQuery: "encrypt=disable"}
		db, err := sql.Open("sqlserver", u.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	inside := listener()
	inside.SetMaxOpenConns(1)
	if _, err := inside.Exec("USE Shop"); err != nil || one(t, inside, "SELECT @@SERVERNAME") != "SQL01" {
		t.Fatalf("the listener leads elsewhere (%v)", err)
	}
	first.remote(t, http.MethodPost, "/databases/Shop/load", map[string]any{"rate": 500}, nil)
	until(t, "written", func() bool { return first.Loads()[0].Written > 5 })
	second.remote(t, http.MethodPatch, "/group", map[string]any{"primary": "SQL02"}, nil)
	until(t, "cut", func() bool {
		return one(t, first.db, "SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE database_id = DB_ID(N'Shop')") == "0"
	})
	if got := one(t, listener(), "SELECT @@SERVERNAME"); got != "SQL02" {
		t.Errorf("the listener leads to %s", got)
	}
	if roles(first) != "SQL01|SECONDARY|true" || preferred(first) != "true|false|true" || preferred(second) != "false|true|true" {
		t.Errorf("after the failover: %s, %s, %s", roles(first), preferred(first), preferred(second))
	}
	first.refused(t, "BACKUP DATABASE Shop TO DISK = 'no.bak'", 3059, 3013)
	second.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	written := second.Loads()[0].Written
	until(t, "written on", func() bool { return second.Loads()[0].Written > written+5 })
	if l := second.StopLoad("Shop"); l.LastCode != 0 {
		t.Errorf("the application met %d %s", l.LastCode, l.LastError)
	}

	// Preferences.
	for _, c := range []struct {
		patch         map[string]any
		first, second string
	}{
		{map[string]any{"preference": 0}, "false", "true"},
		{map[string]any{"preference": 1, "server": "SQL01", "priority": 0}, "false", "false"},
		{map[string]any{"preference": 2}, "false", "true"},
		{map[string]any{"preference": 3, "server": "SQL01", "priority": 60}, "true", "false"},
		{map[string]any{"server": "SQL01", "lost": true}, "false", "true"},
	} {
		first.remote(t, http.MethodPatch, "/group", c.patch, nil)
		if a, b := preferred(first)[:len(c.first)], preferred(second)[:len(c.second)]; a != c.first || b != c.second {
			t.Errorf("%v: %s and %s are preferred, want %s and %s", c.patch, a, b, c.first, c.second)
		}
	}
}
