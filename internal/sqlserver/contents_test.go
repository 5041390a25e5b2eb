package sqlserver

import (
	"reflect"
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

// Equal tables have equal sums, whenever and in whichever database they are
// read; hidden columns are compared, computed ones are named.
func TestComputedColumnsAreNamedAndHiddenOnesCompared(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 5, Columns: []sqlserveremu.ColumnSpec{
			{Name: "id", Type: "int"}, {Name: "name", Type: "nvarchar(50)", Null: true}, {Name: "valid from", Type: "nvarchar(50)", Null: true, Hidden: true},
			{Name: "read at", Type: "nvarchar(50)", Null: true, Computed: "GETDATE()"}, {Name: "where", Type: "nvarchar(50)", Null: true, Computed: "DB_NAME()"}}}}}}
	})
	_, file := l.file(".bak")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Full, Name: "n", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	l.do("RESTORE DATABASE Copy FROM DISK = N'%s' WITH MOVE 'Sales' TO '/var/opt/mssql/data/copy.mdf', MOVE 'Sales_log' TO '/var/opt/mssql/data/copy.ldf'", file)
	was, err := l.Contents(bg, "Sales", nil)
	if err != nil || len(was) != 1 || was[0].Rows != 5 || was[0].Sum == 0 || !slices.Equal(was[0].NotCompared, []string{"read at (computed)", "where (computed)"}) {
		t.Fatalf("%+v, %v", was, err)
	}
	is, err := l.Contents(bg, "Copy", nil)
	if err != nil || !reflect.DeepEqual(is, was) {
		t.Errorf("the copy has %+v, its source %+v, %v", is, was, err)
	}
	l.do("UPDATE Copy.dbo.T SET [valid from] = N'never' WHERE id = 3")
	if is, err = l.Contents(bg, "Copy", nil); err != nil || is[0].Sum == was[0].Sum {
		t.Errorf("a change of a hidden column is not noticed: %+v, %v", is, err)
	}
}

// What CHECKDB finds in master may stand in the second of its results.
func TestCheckReadsEveryResult(t *testing.T) {
	l := emulated(t, nil)
	damaged := 2
	if !l.run.PatchDatabase("master", sqlserveremu.DatabasePatch{Corrupted: &damaged}) {
		t.Fatal("no master")
	}
	if found, err := l.CheckDB(bg, "master", false); err != nil || len(found) != 2 {
		t.Errorf("%q, %v", found, err)
	}
}
