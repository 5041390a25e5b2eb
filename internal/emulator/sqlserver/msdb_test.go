package sqlserveremu_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func moment(t testing.TB, s *started, query string) (at time.Time) {
	t.Helper()
	if err := s.db.QueryRowContext(context.Background(), query).Scan(&at); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return at
}

// restore_date is when a restore began, and a long one ends hours later.
func TestRestoreDateIsItsStart(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	to := target(t, s)
	to.remote(t, http.MethodPost, "/rules", control.Rule{Operation: "RESTORE DATABASE", Effects: map[string]string{"takes": "3h"}}, nil)
	before := moment(t, to, "SELECT GETDATE()")
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak'")
	began := moment(t, to, "SELECT restore_date FROM msdb.dbo.restorehistory")
	made := moment(t, to, "SELECT create_date FROM sys.databases WHERE name = N'Shop'")
	if began.Before(before.Add(-time.Second)) || began.After(before.Add(time.Minute)) {
		t.Errorf("it began at %v, stamped is %v", before, began)
	}
	if d := made.Sub(began); d < 3*time.Hour-time.Second || d > 3*time.Hour+time.Minute {
		t.Errorf("the database was made %v after the beginning", d)
	}
	if now := moment(t, to, "SELECT GETDATE()"); now.Before(made.Add(-time.Second)) {
		t.Errorf("now is %v, before the database was made", now)
	}
}

// msdb of the server that restores knows the sets of the other one, as they
// are, and VERIFYONLY tells it on request.
func TestRestoringTeachesMsdb(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'; BACKUP DATABASE Shop TO DISK = 'copy.bak' WITH COPY_ONLY; BACKUP LOG Shop TO DISK = 'full.bak' WITH NAME = N'second'")
	to := target(t, s)
	const learned = "SELECT backup_set_uuid, server_name, database_name, type, is_copy_only, position, family_guid, database_guid, first_recovery_fork_guid, last_recovery_fork_guid, first_lsn, last_lsn, backup_size FROM msdb.dbo.backupset ORDER BY first_lsn, type"
	to.exec(t, "RESTORE HEADERONLY FROM DISK = 'full.bak'; RESTORE VERIFYONLY FROM DISK = 'copy.bak'")
	if got := rows(t, to.db, learned); len(got) != 0 {
		t.Fatalf("looking alone wrote %v", got)
	}
	to.exec(t, "RESTORE VERIFYONLY FROM DISK = 'copy.bak' WITH LOADHISTORY")
	to.exec(t, "RESTORE DATABASE Mine FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE LOG Mine FROM DISK = 'full.bak' WITH FILE = 2")
	want, got := rows(t, s.db, learned), rows(t, to.db, learned)
	if len(want) != 3 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("learned\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := one(t, to.db, "SELECT COUNT(DISTINCT media_set_id) FROM msdb.dbo.backupset"); got != "2" {
		t.Errorf("%s media sets for two files", got)
	}
	to.exec(t, "RESTORE DATABASE Again FROM DISK = 'full.bak' WITH MOVE 'Shop' TO '/var/opt/mssql/data/a.mdf', MOVE 'Shop_log' TO '/var/opt/mssql/data/a.ldf'")
	if got := one(t, to.db, "SELECT COUNT(*) FROM msdb.dbo.backupset"); got != "3" {
		t.Errorf("restoring again makes %s rows", got)
	}
}

// 3009 is an error of msdb alone: the backup counts, for the chain as on disk.
func TestABackupMayMissItsRow(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	base := one(t, s.db, "SELECT last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID(N'Shop')")
	s.remote(t, http.MethodPost, "/rules", control.Rule{Operation: "BACKUP LOG", Effects: map[string]string{"msdb": "full"}}, nil)
	notices, _, err := talk(context.Background(), s.db, "BACKUP LOG Shop TO DISK = 'log.trn'")
	var e mssql.Error
	if !errors.As(err, &e) || e.Number != 3009 {
		t.Errorf("the error is %v", err)
	}
	done := false
	for _, n := range notices {
		done = done || n.Number == 3014
	}
	if !done {
		t.Error("it does not say that it was processed")
	}
	if got := one(t, s.db, "SELECT COUNT(*) FROM msdb.dbo.backupset"); got != "1" {
		t.Errorf("%s rows in msdb", got)
	}
	if after := one(t, s.db, "SELECT last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID(N'Shop')"); after == base {
		t.Error("the chain stands still")
	}
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'log.trn'")
}

// Containers of memory-optimised tables and of FILESTREAM are files of one
// type in filegroups of two.
func TestContainersHaveTheirKinds(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{
			{Name: "Fast", Tables: tables(), Containers: []sqlserveremu.Container{{Name: "xtp", Kind: "FX"}}},
			{Name: "Papers", Tables: tables(), Containers: []sqlserveremu.Container{{Name: "blobs", Kind: "FD"}}},
			{Name: "Inside", Tables: tables(), Contained: true},
		}
	})
	if got := rows(t, s.db, "SELECT name, type, type_desc FROM Fast.sys.data_spaces ORDER BY data_space_id"); strings.Join(got, " ") != "PRIMARY|FG|ROWS_FILEGROUP xtp|FX|MEMORY_OPTIMIZED_DATA_FILEGROUP" {
		t.Errorf("data spaces of Fast: %v", got)
	}
	if got := one(t, s.db, "SELECT type FROM Papers.sys.filegroups WHERE name = N'blobs'"); got != "FD" {
		t.Errorf("blobs are %s", got)
	}
	if got := rows(t, s.db, "SELECT type, type_desc FROM sys.master_files WHERE name IN (N'xtp', N'blobs')"); strings.Join(got, " ") != "2|FILESTREAM 2|FILESTREAM" {
		t.Errorf("files: %v", got)
	}
	if got := one(t, s.db, "SELECT containment, containment_desc FROM sys.databases WHERE name = N'Inside'"); got != "1|PARTIAL" {
		t.Errorf("containment of Inside: %s", got)
	}
	for _, name := range []string{"Fast", "Papers", "Inside"} {
		s.exec(t, "BACKUP DATABASE "+name+" TO DISK = '"+name+".bak'")
	}
	for _, name := range []string{"Fast", "Papers"} {
		if got := rows(t, s.db, "RESTORE FILELISTONLY FROM DISK = '"+name+".bak'"); len(got) != 3 || strings.Split(got[2], "|")[2] != "S" {
			t.Errorf("files of %s: %v", name, got)
		}
	}
	if got := cell(t, s, "RESTORE HEADERONLY FROM DISK = 'Inside.bak'", "Containment"); got != "1" {
		t.Errorf("the header says containment %s", got)
	}

	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Fast FROM DISK = 'Fast.bak'")
	if got := one(t, to.db, "SELECT type FROM Fast.sys.data_spaces WHERE name = N'xtp'"); got != "FX" {
		t.Errorf("restored, xtp is %s", got)
	}
	to.refused(t, "RESTORE DATABASE Papers FROM DISK = 'Papers.bak'", 5591, 3013)
	to.refused(t, "RESTORE DATABASE Inside FROM DISK = 'Inside.bak'", 12824, 3013)
	open := start(t, func(c *sqlserveremu.Config) {
		c.Name, c.BackupFolder, c.Databases, c.Filestream, c.ContainedAuthentication = "SQL03", s.folder, nil, true, true
	})
	open.exec(t, "RESTORE DATABASE Papers FROM DISK = 'Papers.bak'; RESTORE DATABASE Inside FROM DISK = 'Inside.bak'")
	if got := one(t, open.db, "SELECT containment FROM sys.databases WHERE name = N'Inside'"); got != "1" {
		t.Errorf("restored, containment is %s", got)
	}
}

// cell is one value of the first row.
func cell(t testing.TB, s *started, query, column string) string {
	t.Helper()
	r, err := s.db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil || !r.Next() {
		t.Fatalf("%s gives no row (%v)", query, err)
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = new(any)
	}
	if err := r.Scan(values...); err != nil {
		t.Fatal(err)
	}
	place := slices.Index(names, column)
	if place < 0 {
		t.Fatalf("there is no column %s", column)
	}
	return fmt.Sprint(*values[place].(*any))
}
