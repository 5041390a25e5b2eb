package sqlserveremu_test

import (
	"context"
	"net/http"
	"testing"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func TestOptionsOfSystemDatabasesAreFixed(t *testing.T) {
	s := start(t, nil)
	for _, option := range []string{"master SET READ_ONLY", "master SET SINGLE_USER", "master SET RESTRICTED_USER WITH ROLLBACK IMMEDIATE", "master SET OFFLINE",
		"tempdb SET RECOVERY FULL", "tempdb SET READ_ONLY", "model SET OFFLINE", "msdb SET EMERGENCY"} {
		s.refused(t, "ALTER DATABASE "+option, 5058)
	}
	for _, option := range []string{"master SET RECOVERY FULL", "model SET RECOVERY SIMPLE", "tempdb SET PAGE_VERIFY CHECKSUM", "msdb SET RECOVERY FULL"} {
		s.exec(t, "ALTER DATABASE "+option)
	}
}

func TestNumbersOfBackupOptionsHaveRanges(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'a.bak' WITH STATS = 100, BUFFERCOUNT = 1")
	for options, number := range map[string]int{"STATS = 101": 3250, "STATS = 0": 3250, "BLOCKSIZE = 131072": 3250, "BLOCKSIZE = 3000": 3253,
		"MAXTRANSFERSIZE = 100000": 3250, "MAXTRANSFERSIZE = 8388608": 3250, "BUFFERCOUNT = 0": 3250, "STATS = N'many'": 3217} {
		s.refused(t, "BACKUP DATABASE Shop TO DISK = 'b.bak' WITH "+options, number)
	}
	for _, options := range []string{"STATS = 101", "STATS = 0", "FILE = 0"} {
		s.refused(t, "RESTORE DATABASE Copy FROM DISK = 'a.bak' WITH "+options, 3250)
	}
}

// A server whose collation tells A from a does so in names of databases,
// objects, columns and variables as in values.
func TestCollationTellsCaseApart(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) {
		c.Collation = "Latin1_General_CS_AS"
		c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: "SHOP", Tables: tables()[:1]})
	})
	s.refused(t, "BACKUP DATABASE shop TO DISK = 'a.bak'", 911, 3013)
	s.refused(t, "SELECT * FROM Shop.dbo.orders", 208)
	s.refused(t, "SELECT Name FROM sys.databases", 207)
	s.refused(t, "SELECT name FROM sys.Databases", 208)
	s.refused(t, "SELECT type FROM msdb.dbo.Backupset", 208)
	s.refused(t, "DECLARE @name int; SELECT @Name", 137)
	s.exec(t, "BACKUP DATABASE SHOP TO DISK = 'a.bak'")
	for query, want := range map[string]string{
		"SELECT COUNT(*) FROM sys.databases WHERE name = N'Shop'":                           "1",
		"SELECT COUNT(*) FROM sys.databases WHERE name LIKE N'sh%'":                         "0",
		"SELECT COUNT(*) FROM sys.databases WHERE name IN (N'Shop', N'SHOP', N'shop')":      "2",
		"SELECT COUNT(*) FROM msdb.dbo.backupset WHERE database_name = N'Shop'":             "0",
		"SELECT collation_name FROM msdb.dbo.backupset":                                     "Latin1_General_CS_AS",
		"SELECT SERVERPROPERTY('collation'), DB_ID(N'shop')":                                "Latin1_General_CS_AS|NULL",
		"SELECT COUNT(*) FROM (VALUES (N'a'), (N'A')) AS v (x) WHERE x = N'a'":              "1",
		"SELECT COUNT(DISTINCT x) FROM (VALUES (N'a'), (N'A')) AS v (x)":                    "2",
		"SELECT TABLE_NAME FROM Shop.INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = N'Lines'": "Lines",
	} {
		if got := one(t, s.db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestMediaWantTheirPassword(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'old.bak'")
	s.remote(t, http.MethodPost, "/files/protect", map[string]string{"path": "old.bak", "password": "opensesame"}, nil)
	if !read(t, s.file("old.bak")).Media.HasPassword {
		t.Error("the file does not say so")
	}
	for _, look := range []string{"HEADERONLY", "FILELISTONLY", "LABELONLY", "VERIFYONLY"} {
		s.refused(t, "RESTORE "+look+" FROM DISK = 'old.bak'", 3279, 3013)
		s.exec(t, "RESTORE "+look+" FROM DISK = 'old.bak' WITH MEDIAPASSWORD = N'opensesame'")
	}
	s.refused(t, "RESTORE DATABASE Shop FROM DISK = 'old.bak' WITH REPLACE, MEDIAPASSWORD = N'wrong'", 3279, 3013)
	s.refused(t, "BACKUP LOG Shop TO DISK = 'old.bak'", 3279, 3013)
	s.exec(t, "RESTORE DATABASE Shop FROM DISK = 'old.bak' WITH REPLACE, MEDIAPASSWORD = N'opensesame'")
}

// The one place in a database of SINGLE_USER belongs to whoever is in it.
func TestAnApplicationTakesTheFreePlaceOfOneUser(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.remote(t, http.MethodPost, "/databases/Shop/load", map[string]any{"rate": 2000}, nil)
	ctx := context.Background()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := func(query string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}

	in("USE Shop; ALTER DATABASE Shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
	s.refused(t, "USE Shop", 924)
	s.refused(t, "SELECT * FROM Shop.dbo.Orders", 924)
	s.refused(t, "BACKUP DATABASE Shop TO DISK = 'other.bak'", 924, 3013)
	s.refused(t, "ALTER DATABASE Shop SET MULTI_USER", 5064, 5069)
	until(t, "kept out", func() bool { return s.Loads()[0].LastCode == 924 })
	in("ALTER DATABASE Shop SET MULTI_USER; USE master")

	in("ALTER DATABASE Shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
	written := s.Loads()[0].Written
	until(t, "written by the one user", func() bool { return s.Loads()[0].Written > written+10 })
	for _, option := range []string{"MULTI_USER", "MULTI_USER WITH ROLLBACK IMMEDIATE", "RESTRICTED_USER WITH ROLLBACK IMMEDIATE", "READ_ONLY"} {
		s.refused(t, "ALTER DATABASE Shop SET "+option, 5064, 5069)
	}
	s.refused(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY", 3101, 3013)
	s.refused(t, "USE Shop", 924)
	s.StopLoad("Shop")
	in("ALTER DATABASE Shop SET MULTI_USER")

	// RESTRICTED_USER keeps applications out and counts nobody.
	s.remote(t, http.MethodPost, "/databases/Shop/load", map[string]any{"rate": 2000}, nil)
	in("ALTER DATABASE Shop SET RESTRICTED_USER WITH ROLLBACK IMMEDIATE; USE Shop")
	s.exec(t, "SELECT COUNT(*) FROM Shop.dbo.Orders")
	until(t, "kept out by their rights", func() bool { return s.Loads()[0].LastCode == 916 })
	in("ALTER DATABASE Shop SET MULTI_USER")
}

// ALTER DATABASE waits for what holds the database, a rename as an option.
func TestARenameWaitsForABackup(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) { c.Rate = 1 << 20 })
	done := make(chan error, 1)
	go func() {
		_, err := s.db.Exec("BACKUP DATABASE Shop TO DISK = 'slow.bak'")
		done <- err
	}()
	until(t, "begun", func() bool {
		return one(t, s.db, "SELECT COUNT(*) FROM sys.dm_exec_requests WHERE command = N'BACKUP DATABASE'") == "1"
	})
	s.exec(t, "ALTER DATABASE Shop MODIFY NAME = [Shop old]")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := one(t, s.db, "SELECT COUNT(*) FROM sys.databases WHERE name = N'Shop old'"); got != "1" {
		t.Error("it has the old name")
	}
}

// Who may use a database stands in the database: a restored one has it too,
// and RESTRICTED_USER may be asked for.
func TestAccessTravelsInBackups(t *testing.T) {
	s := start(t, nil)
	access := func(on *started) string {
		return one(t, on.db, "SELECT user_access_desc FROM sys.databases WHERE name = N'Shop'")
	}
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'open.bak'; ALTER DATABASE Shop SET RESTRICTED_USER; BACKUP LOG Shop TO DISK = 'closed.trn' WITH NORECOVERY")
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'open.bak' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'closed.trn' WITH RECOVERY")
	if got := access(to); got != "RESTRICTED_USER" {
		t.Errorf("after the tail it is %s", got)
	}
	for _, how := range []string{"FROM DISK = 'open.bak' WITH REPLACE, RESTRICTED_USER", "FROM DISK = 'open.bak' WITH REPLACE, NORECOVERY; RESTORE DATABASE Shop WITH RECOVERY, RESTRICTED_USER"} {
		to.exec(t, "RESTORE DATABASE Shop "+how)
		if got := access(to); got != "RESTRICTED_USER" {
			t.Errorf("%s leaves %s", how, got)
		}
	}
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'open.bak' WITH REPLACE")
	if got := access(to); got != "MULTI_USER" {
		t.Errorf("the full backup leaves %s", got)
	}
}
