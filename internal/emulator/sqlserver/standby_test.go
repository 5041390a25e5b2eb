package sqlserveremu_test

import (
	"net/http"
	"os"
	"reflect"
	"testing"
	"time"
)

func TestADatabaseInStandbyIsReadBetweenRestores(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'one.trn'")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'two.trn'")

	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY")
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'one.trn' WITH STANDBY = 'undo.dat'")
	const stands = "SELECT state_desc, is_read_only, is_in_standby FROM sys.databases WHERE name = 'Shop'"
	if got := one(t, to.db, stands); got != "ONLINE|true|true" {
		t.Error(got)
	}
	to.exec(t, "SELECT COUNT(*) FROM Shop.dbo.Orders")
	to.refused(t, "INSERT INTO Shop.dbo.Orders (id) VALUES (900)", 3906)
	to.refused(t, "BACKUP DATABASE Shop TO DISK = 'no.bak'", 3036, 3013)
	to.refused(t, "BACKUP LOG Shop TO DISK = 'no.trn'", 3036, 3013)
	to.refused(t, "ALTER DATABASE Shop SET READ_WRITE", 5063, 5069)
	to.refused(t, "ALTER DATABASE Shop SET RECOVERY SIMPLE", 5063, 5069)
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'one.trn' WITH STANDBY = 'undo.dat'", 4326, 3013)

	// Readers are in the way of the next log.
	reader := to.open(t, "sa", "Emulated-1", "encrypt=disable&database=Shop")
	one(t, reader, "SELECT DB_NAME()")
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'two.trn' WITH STANDBY = 'undo.dat'", 3101, 3013)
	to.refused(t, "RESTORE DATABASE Shop WITH RECOVERY", 3101, 3013)
	to.exec(t, "ALTER DATABASE Shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
	if err := os.Rename(s.file("undo.dat"), s.file("away.dat")); err != nil {
		t.Fatal(err)
	}
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'two.trn' WITH NORECOVERY", 3441, 3013)
	if err := os.Rename(s.file("away.dat"), s.file("undo.dat")); err != nil {
		t.Fatal(err)
	}
	to.exec(t, "RESTORE LOG Shop FROM DISK = 'two.trn' WITH NORECOVERY")
	if got := one(t, to.db, stands); got != "RESTORING|false|false" {
		t.Error(got)
	}
	if _, err := os.Stat(s.file("undo.dat")); !os.IsNotExist(err) {
		t.Errorf("the undo file stayed: %v", err)
	}
	to.exec(t, "RESTORE DATABASE Shop WITH STANDBY = 'undo.dat'")
	to.exec(t, "RESTORE DATABASE Shop WITH RECOVERY")
	if got := one(t, to.db, stands); got != "ONLINE|false|false" || !reflect.DeepEqual(to.now(t, "Shop").Tables, s.now(t, "Shop").Tables) {
		t.Errorf("%s, or other contents", got)
	}
	to.refused(t, "RESTORE DATABASE Shop WITH RECOVERY", 3153, 3013)
	to.refused(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE, STANDBY = '/nowhere/undo.dat'", 3201, 3013)
	to.refused(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE, NORECOVERY, STANDBY = 'undo.dat'", 3031)

}

func TestALogBehindTheMomentIsPassed(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.change(t, 1)
	time.Sleep(5 * time.Millisecond) // moments must differ
	at := one(t, s.db, "SELECT CONVERT(nvarchar(23), SYSDATETIME(), 126)")
	time.Sleep(5 * time.Millisecond)
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'one.trn'")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'two.trn'")
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'one.trn' WITH STOPAT = '"+at+"', NORECOVERY")
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'two.trn' WITH STOPAT = '"+at+"', NORECOVERY", 4335, 3013)
	to.refused(t, "RESTORE LOG Shop FROM DISK = 'two.trn' WITH NORECOVERY", 4305, 3013)
}

func TestSnapshotsOfDisksStandInMsdb(t *testing.T) {
	s := start(t, nil)
	s.remote(t, http.MethodPost, "/databases/Shop/snapshot", map[string]any{"copy_only": true}, nil)
	const base = "SELECT differential_base_guid FROM sys.master_files WHERE database_id = DB_ID('Shop') AND type = 0"
	before := one(t, s.db, base)
	s.remote(t, http.MethodPost, "/databases/Shop/snapshot", map[string]any{}, nil)
	after := one(t, s.db, base)
	if before == after || after != one(t, s.db, "SELECT TOP (1) backup_set_uuid FROM msdb.dbo.backupset ORDER BY backup_set_id DESC") {
		t.Errorf("differentials build on %s before and %s after", before, after)
	}
	if got := rows(t, s.db, "SELECT type, is_snapshot, is_copy_only FROM msdb.dbo.backupset ORDER BY backup_set_id"); !reflect.DeepEqual(got, []string{"D|true|true", "D|true|false"}) {
		t.Error(got)
	}
	if got := rows(t, s.db, "SELECT DISTINCT device_type FROM msdb.dbo.backupmediafamily"); !reflect.DeepEqual(got, []string{"7"}) {
		t.Error(got)
	}
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'diff.bak' WITH DIFFERENTIAL")
	if got := one(t, s.db, "SELECT TOP (1) differential_base_guid FROM msdb.dbo.backupset ORDER BY backup_set_id DESC"); got != after {
		t.Errorf("the differential builds on %s, want %s", got, after)
	}
}

func TestARenamedHostKeepsItsOldNameInServername(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'one.bak'")
	s.remote(t, http.MethodPatch, "/server", map[string]any{"name": "SQL99"}, nil)
	if got := one(t, s.db, "SELECT @@SERVERNAME, SERVERPROPERTY('ServerName'), SERVERPROPERTY('MachineName')"); got != "SQL01|SQL99|SQL99" {
		t.Error(got)
	}
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'two.bak'")
	if got := rows(t, s.db, "SELECT server_name FROM msdb.dbo.backupset ORDER BY backup_set_id"); !reflect.DeepEqual(got, []string{"SQL01", "SQL99"}) {
		t.Error(got)
	}
}

func TestMultiUserMayBeADeadlocksVictim(t *testing.T) {
	s := start(t, nil)
	s.remote(t, http.MethodPatch, "/databases/Shop", map[string]any{"deadlocks": 2}, nil)
	s.exec(t, "ALTER DATABASE Shop SET SINGLE_USER")
	for range 2 {
		s.refused(t, "ALTER DATABASE Shop SET MULTI_USER; BACKUP DATABASE Shop TO DISK = 'no.bak'", 1205)
	}
	if _, err := os.Stat(s.file("no.bak")); !os.IsNotExist(err) {
		t.Errorf("a batch went on behind 1205: %v", err)
	}
	s.exec(t, "ALTER DATABASE Shop SET MULTI_USER")
	if got := s.now(t, "Shop").Access; got != "MULTI_USER" {
		t.Error(got)
	}
}
