package sqlserveremu_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-sql/sqlexp"
	mssql "github.com/microsoft/go-mssqldb"
	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func (s *started) change(t testing.TB, n int) {
	t.Helper()
	for range n {
		s.exec(t, "INSERT INTO Shop.dbo.Orders (id, name, amount, changed) VALUES (@p1, N'new', 1.5, GETDATE())", time.Now().UnixNano()%1e9)
		s.exec(t, "UPDATE Shop.sales.Lines SET amount = amount + 1 WHERE id % 3 = 1")
	}
}

func (s *started) now(t testing.TB, name string) sqlserveremu.DatabaseState {
	t.Helper()
	d, ok := s.DatabaseNow(name)
	if !ok {
		t.Fatalf("there is no database %s", name)
	}
	return d
}

func read(t rapid.TB, path string) *bakfile.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	file, err := bakfile.Read(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// target shares the folder of the source.
func target(t testing.TB, s *started) *started {
	return start(t, func(c *sqlserveremu.Config) {
		c.Name, c.BackupFolder, c.Databases = `SQL02\PROD`, s.folder, nil
	})
}

func TestChainRestoresToEqualContents(t *testing.T) {
	s := start(t, nil)
	s.change(t, 3)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = @p1 WITH CHECKSUM, NAME = N'full', STATS = 10", s.file("full.bak"))
	s.change(t, 3)
	s.exec(t, "BACKUP LOG Shop TO DISK = @p1 WITH CHECKSUM", s.file("log1.trn"))
	s.change(t, 3)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = @p1, DISK = @p2 WITH DIFFERENTIAL, COMPRESSION", s.file("diff-1.bak"), s.file("diff-2.bak"))
	s.change(t, 3)
	s.exec(t, "BACKUP LOG Shop TO DISK = @p1 WITH NOINIT", s.file("log2.trn"))
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = @p1 WITH NORECOVERY, DESCRIPTION = N'tail'", s.file("tail.trn"))
	source := s.now(t, "Shop")
	if source.State != "RESTORING" || source.Writable {
		t.Fatalf("after the tail the source is %s", source.State)
	}
	s.refused(t, "INSERT INTO Shop.dbo.Orders (id) VALUES (1)", 927)
	s.refused(t, "BACKUP LOG Shop TO DISK = 'x.trn'", 927, 3013)

	// The files say what a planner needs.
	var files []backup.ReadFile
	for _, name := range []string{"full.bak", "log1.trn", "diff-1.bak", "diff-2.bak", "log2.trn", "tail.trn"} {
		files = append(files, backup.ReadFile{Name: name, File: read(t, s.file(name))})
	}
	plans := backup.Plans(backup.FromFiles(files), backup.Options{})
	if len(plans) != 1 || len(plans[0].Steps) == 0 {
		t.Fatalf("plans %+v", plans)
	}
	plan := plans[0]
	var kinds []string
	for _, step := range plan.Steps {
		kinds = append(kinds, string(step.Set.Kind))
	}
	if fmt.Sprint(kinds) != "[full differential log log]" {
		t.Errorf("plan %v, missing %+v", kinds, plan.Missing)
	}
	if last := plan.Steps[len(plan.Steps)-1].Set; last.Last != source.RedoLSN || !last.TailLog {
		t.Errorf("the tail ends at %s, the source stands at %s", last.Last, source.RedoLSN)
	}

	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Copy FROM DISK = @p1 WITH NORECOVERY, REPLACE, MOVE N'Shop' TO N'/var/opt/mssql/data/Copy.mdf', MOVE N'Shop_log' TO N'/var/opt/mssql/data/Copy_log.ldf'", s.file("full.bak"))
	to.refused(t, "RESTORE LOG Copy FROM DISK = '"+s.file("log2.trn")+"' WITH NORECOVERY", 4305, 3013)
	to.exec(t, "RESTORE DATABASE Copy FROM DISK = @p1, DISK = @p2 WITH NORECOVERY", s.file("diff-2.bak"), s.file("diff-1.bak"))
	to.refused(t, "RESTORE LOG Copy FROM DISK = '"+s.file("tail.trn")+"' WITH NORECOVERY", 4305, 3013)
	to.refused(t, "RESTORE LOG Copy FROM DISK = '"+s.file("log1.trn")+"' WITH NORECOVERY", 4326, 3013)
	to.exec(t, "RESTORE LOG Copy FROM DISK = @p1 WITH NORECOVERY", s.file("log2.trn"))
	to.refused(t, "RESTORE DATABASE Copy FROM DISK = '"+s.file("diff-1.bak")+"', DISK = '"+s.file("diff-2.bak")+"' WITH NORECOVERY", 3136, 3013)
	to.exec(t, "RESTORE LOG Copy FROM DISK = @p1 WITH NORECOVERY", s.file("tail.trn"))
	copied := to.now(t, "Copy")
	if copied.RedoLSN != source.RedoLSN {
		t.Errorf("the target stands at %s, the source at %s", copied.RedoLSN, source.RedoLSN)
	}
	to.exec(t, "RESTORE DATABASE Copy WITH RECOVERY")
	copied = to.now(t, "Copy")
	if copied.State != "ONLINE" || copied.Fork == source.Fork || copied.Family != source.Family {
		t.Errorf("%+v", copied)
	}
	if !reflect.DeepEqual(copied.Tables, source.Tables) {
		t.Errorf("contents differ\n%v\n%v", copied.Tables, source.Tables)
	}
	sums := "SELECT COUNT_BIG(*), CHECKSUM_AGG(BINARY_CHECKSUM(*)), CHECKSUM_AGG(CHECKSUM(*)) FROM %s.dbo.Orders"
	s.exec(t, "RESTORE DATABASE Shop WITH RECOVERY")
	if a, b := one(t, s.db, fmt.Sprintf(sums, "Shop")), one(t, to.db, fmt.Sprintf(sums, "Copy")); a != b {
		t.Errorf("checksums %s and %s", a, b)
	}
	if got := one(t, to.db, "SELECT COUNT(*), MAX(restore_type) FROM msdb.dbo.restorehistory WHERE destination_database_name = N'Copy'"); got != "4|L" {
		t.Error(got)
	}
}

func TestAbortedCutoverGoesOnOnANewFork(t *testing.T) {
	s := start(t, nil)
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY")
	s.exec(t, "RESTORE DATABASE [Shop] WITH RECOVERY")
	s.change(t, 1)
	s.exec(t, "BACKUP LOG Shop TO DISK = 'after.trn'")
	tail, after := read(t, s.file("tail.trn")).Sets[0], read(t, s.file("after.trn")).Sets[0]
	if after.FirstLSN != tail.LastLSN || after.FirstRecoveryForkID != tail.RecoveryForkID || after.RecoveryForkID == tail.RecoveryForkID || after.ForkPointLSN != tail.LastLSN {
		t.Errorf("tail ends %s on %s; the next begins %s on %s, ends on %s, fork at %s", tail.LastLSN, tail.RecoveryForkID, after.FirstLSN, after.FirstRecoveryForkID, after.RecoveryForkID, after.ForkPointLSN)
	}
	to := target(t, s)
	to.exec(t, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'tail.trn' WITH NORECOVERY; RESTORE LOG Shop FROM DISK = 'after.trn'")
	if a, b := to.now(t, "Shop").Tables, s.now(t, "Shop").Tables; !reflect.DeepEqual(a, b) {
		t.Errorf("%v\n%v", a, b)
	}
}

func TestBackupsAndRestoresAreRefused(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) {
		c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: "Simple", Recovery: bakfile.RecoverySimple, Tables: tables()},
			sqlserveremu.DatabaseSpec{Name: "Never", Unbacked: true, Tables: tables()})
		c.Logins = []sqlserveremu.Login{{Name: "sa", Password: "Emulated-1", Sysadmin: true},
			{Name: "reader", Password: "x", Roles: map[string][]string{"Shop": {"db_datareader"}}},
			{Name: "operator", Password: "x", Roles: map[string][]string{"Shop": {"db_backupoperator"}}}}
	})
	dir := t.TempDir()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(s.file("text.bak"), []byte("PK\x03\x04 this is no backup"), 0o600))
	s.exec(t, "BACKUP DATABASE Shop TO DISK = 'full.bak'; BACKUP LOG Shop TO DISK = 'log.trn'; BACKUP DATABASE Simple TO DISK = 'simple.bak'; BACKUP DATABASE Shop TO DISK = 's1.bak', DISK = 's2.bak' WITH COPY_ONLY")
	whole, err := os.ReadFile(s.file("full.bak"))
	must(err)
	must(os.WriteFile(s.file("cut.bak"), whole[:len(whole)/2], 0o600))
	for query, want := range map[string][]int{
		"BACKUP DATABASE Nowhere TO DISK = 'x.bak'":                 {911, 3013},
		"BACKUP LOG Simple TO DISK = 'x.trn'":                       {4208, 3013},
		"BACKUP LOG Never TO DISK = 'x.trn'":                        {4214, 3013},
		"BACKUP DATABASE Never TO DISK = 'x.bak' WITH DIFFERENTIAL": {3035, 3013},
		"BACKUP DATABASE Shop TO DISK = '" + dir + "/x.bak'":        {3201, 3013},
		"BACKUP DATABASE Shop TO DISK = '/no/such/folder/x.bak'":    {3201, 3013},
		`BACKUP DATABASE Shop TO DISK = '\\host\share\x.bak'`:       {3201, 3013},
		"BACKUP DATABASE Shop TO DISK = 'text.bak'":                 {3242, 3013},
		"BACKUP DATABASE Shop TO DISK = 'full.bak', DISK = 'y.bak'": {3231, 3013},
		"BACKUP DATABASE Shop TO DISK = 'x.bak' WITH COMPRESION":    {155},
		"BACKUP DATABASE tempdb TO DISK = 'x.bak'":                  {3147, 3013},
		"RESTORE DATABASE New FROM DISK = 'nothing.bak'":            {3201, 3013},
		"RESTORE DATABASE New FROM DISK = 'text.bak'":               {3242, 3013},
		"RESTORE DATABASE New FROM DISK = 'cut.bak'":                {3241, 3013},
		"RESTORE DATABASE New FROM DISK = 's1.bak'":                 {3132, 3013},
		"RESTORE DATABASE New FROM DISK = 'full.bak' WITH FILE = 2": {4038, 3013},
		"RESTORE DATABASE New FROM DISK = 'full.bak'":               {1834, 3156, 1834, 3156, 3119, 3013},
		"RESTORE DATABASE New FROM DISK = 'full.bak' WITH MOVE 'Shop' TO '/x/a.mdf', MOVE 'Shop_log' TO '/var/opt/mssql/data/b.ldf'": {5133, 3156, 3119, 3013},
		"RESTORE DATABASE New FROM DISK = 'full.bak' WITH MOVE 'Other' TO '/x/a.mdf'":                                                {3234, 3013},
		"RESTORE DATABASE Simple FROM DISK = 'full.bak'":                                                                             {3154, 3013},
		"RESTORE DATABASE Shop FROM DISK = 'full.bak'":                                                                               {3159, 3013},
		"RESTORE LOG New FROM DISK = 'log.trn'":                                                                                      {3118, 3013},
		"RESTORE LOG Shop FROM DISK = 'log.trn'":                                                                                     {3117, 3013},
		"RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH CHECKSUM, REPLACE":                                                        {3187, 3013},
		"DROP DATABASE Nowhere": {3701}, "CREATE DATABASE Shop": {1801}, "ALTER DATABASE Nowhere SET RECOVERY FULL": {5011, 5069},
	} {
		s.refused(t, query, want...)
	}
	reader, operator := s.open(t, "reader", "x", "encrypt=disable"), s.open(t, "operator", "x", "encrypt=disable")
	refusedBy(t, reader, "BACKUP DATABASE Shop TO DISK = 'x.bak'", 262, 3013)
	refusedBy(t, reader, "BACKUP DATABASE Simple TO DISK = 'x.bak'", 916, 3013)
	refusedBy(t, reader, "SELECT * FROM msdb.dbo.backupset", 229)
	refusedBy(t, reader, "INSERT INTO Shop.dbo.Orders (id) VALUES (1)", 229)
	refusedBy(t, operator, "RESTORE HEADERONLY FROM DISK = 'full.bak'", 262, 3013)
	refusedBy(t, operator, "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE", 3110, 3013)
	if got := one(t, operator, "SELECT HAS_PERMS_BY_NAME('Shop', 'DATABASE', 'BACKUP DATABASE'), HAS_PERMS_BY_NAME('Simple', 'DATABASE', 'BACKUP LOG'), HAS_PERMS_BY_NAME('msdb.dbo.backupset', 'OBJECT', 'SELECT')"); got != "1|0|0" {
		t.Error(got)
	}
	for _, c := range []struct {
		edition, version, query string
		want                    int
	}{
		{"express", "", "BACKUP DATABASE Shop TO DISK = 'x.bak' WITH COMPRESSION", 1844},
		{"", "15.0.4300.1", "RESTORE DATABASE Shop FROM DISK = 'full.bak' WITH REPLACE", 3169},
	} {
		must(s.SetServer(c.edition, c.version, nil))
		s.refused(t, c.query, c.want, 3013)
	}
	entries, _ := os.ReadDir(s.folder)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "x.") || strings.HasSuffix(e.Name(), ".partial") || e.Name() == "y.bak" {
			t.Errorf("a refused backup left %s", e.Name())
		}
	}
}

// talk runs a statement and collects its messages with their time.
func talk(ctx context.Context, db *sql.DB, query string) (notices []mssql.Error, at []time.Duration, err error) {
	begun := time.Now()
	var m sqlexp.ReturnMessage
	r, err := db.QueryContext(ctx, query, &m)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for active := true; active; {
		switch x := m.Message(ctx).(type) {
		case sqlexp.MsgNotice:
			if e, ok := x.Message.(mssql.Error); ok {
				notices, at = append(notices, e), append(at, time.Since(begun))
			}
		case sqlexp.MsgError:
			err = x.Error
		case sqlexp.MsgNext:
			for r.Next() {
			}
		case sqlexp.MsgNextResultSet:
			active = r.NextResultSet()
		}
	}
	return notices, at, errors.Join(err, r.Err())
}

func TestProgressIsSeenLive(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) { c.Rate = 512 << 10 })
	done := make(chan struct{})
	ctx, ended := context.WithCancel(context.Background())
	var seen []string
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			r := rowsOf(s.db, "SELECT command, percent_complete FROM sys.dm_exec_requests WHERE command LIKE 'BACKUP%'")
			if len(r) > 0 {
				seen = r
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	notices, at, err := talk(context.Background(), s.db, "BACKUP DATABASE Shop TO DISK = 'x.bak' WITH STATS = 20")
	ended()
	if err != nil {
		t.Fatal(err)
	}
	<-done
	if len(seen) != 1 || !strings.HasPrefix(seen[0], "BACKUP DATABASE") {
		t.Errorf("another session saw %v", seen)
	}
	var got []int32
	for _, n := range notices {
		got = append(got, n.Number)
	}
	if fmt.Sprint(got) != "[3211 3211 3211 3211 3211 4035 4035 3014]" {
		t.Errorf("messages %v", got)
	}
	if len(at) > 4 && at[4] == at[0] {
		t.Errorf("messages came together, at %v", at)
	}
}

func rowsOf(db *sql.DB, query string) (out []string) {
	r, err := db.Query(query)
	if err != nil {
		return nil
	}
	defer r.Close()
	for r.Next() {
		var name string
		var percent float64
		if r.Scan(&name, &percent) == nil {
			out = append(out, fmt.Sprint(name, " ", percent))
		}
	}
	return out
}

func TestAttentionCancelsABackup(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) { c.Rate = 256 })
	conn, err := s.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, query := range []string{"WAITFOR DELAY '00:20:00'", "BACKUP DATABASE Shop TO DISK = 'x.bak'", "BACKUP LOG Shop TO DISK = 'x.trn' WITH NORECOVERY", "WAITFOR DELAY '01:00:00'"} {
		// The driver gives a connection up after a deadline, not after a cancel.
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(150*time.Millisecond, cancel)
		_, err = conn.ExecContext(ctx, query) // each would last a quarter of an hour
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", query, err)
		}
		var n int
		if err := conn.QueryRowContext(context.Background(), "SELECT 7").Scan(&n); err != nil || n != 7 {
			t.Fatalf("the connection is not usable after %s: %v", query, err)
		}
	}
	if entries, _ := os.ReadDir(s.folder); len(entries) > 0 {
		t.Errorf("left %s", entries[0].Name())
	}
	if d := s.now(t, "Shop"); !d.Writable {
		t.Errorf("after the cancelled tail the database is %s", d.State)
	}
}
