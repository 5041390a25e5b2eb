package rds_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
)

const key = "arn:aws:kms:eu-central-1:000000000000:key/one"

type instance struct {
	*rds.Service
	t      *testing.T
	engine *sqlserveremu.Running
	db     *sql.DB
	shelf  *rds.Shelf
}

func start(t *testing.T, change func(*rds.Config)) *instance {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sqlserveremu.Start(sqlserveremu.Config{Name: "EC2AMAZ-TEST", BackupFolder: folder,
		Logins:    []sqlserveremu.Login{{Name: rds.Engine, Password: "Inside-1", Sysadmin: true}, {Name: "admin", Password: "Master-1", Roles: map[string][]string{"*": {"db_owner"}, "msdb": {"db_datareader"}}, Server: []string{"dbcreator", "VIEW SERVER STATE"}}, {Name: "other", Password: "Other-1"}},
		Databases: []sqlserveremu.DatabaseSpec{{Name: "rdsadmin"}, {Name: "Shop", Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "Orders", Rows: 30}}}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	s := &rds.Shelf{Regions: map[string]string{"ours": "eu-central-1", "far": "us-east-1"}}
	c := rds.Config{Region: "eu-central-1", Master: "admin", Store: s, Retention: 7, Keys: []string{key}, Dir: folder}
	if change != nil {
		change(&c)
	}
	in := &instance{Service: rds.Serve(engine.Server, c), t: t, engine: engine, shelf: s, db: open(t, engine, "admin", "Master-1")}
	t.Cleanup(func() {
		in.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

func open(t *testing.T, engine *sqlserveremu.Running, login, password string) *sql.DB {
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(login, password), Host: engine.Address, RawQuery: "encrypt=disable"}
	db, err := sql.Open("sqlserver", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// submit runs a procedure and gives the id in the first column of its row.
func (in *instance) submit(statement string) (id int) {
	in.t.Helper()
	rows, err := in.db.QueryContext(in.t.Context(), statement)
	if err != nil {
		in.t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	if !rows.Next() {
		in.t.Fatalf("%s: no row: %v", statement, rows.Err())
	}
	columns, _ := rows.Columns()
	into := make([]any, len(columns))
	into[0] = &id
	for i := range into[1:] {
		into[i+1] = new(any)
	}
	if err := rows.Scan(into...); err != nil {
		in.t.Fatal(err)
	}
	return id
}

// over waits for a task to end.
func (in *instance) over(id int) rds.Task {
	in.t.Helper()
	for range 6000 {
		if k, ok := in.Task(id); ok && (k.Lifecycle == rds.Success || k.Lifecycle == rds.Failed || k.Lifecycle == rds.Cancelled) {
			return k
		}
		time.Sleep(10 * time.Millisecond)
	}
	k, _ := in.Task(id)
	in.t.Fatalf("task %d does not end: %+v", id, k)
	return k
}

func (in *instance) does(statement string) rds.Task {
	in.t.Helper()
	k := in.over(in.submit(statement))
	if k.Lifecycle != rds.Success {
		in.t.Fatalf("%s: %s: %s", statement, k.Lifecycle, k.Info)
	}
	return k
}

func (in *instance) fails(statement, want string) {
	in.t.Helper()
	if k := in.over(in.submit(statement)); k.Lifecycle != rds.Failed || !strings.Contains(k.Info, want) {
		in.t.Errorf("%s: %s: %s\nwant %q", statement, k.Lifecycle, k.Info, want)
	}
}

func (in *instance) refuses(statement, want string) {
	in.t.Helper()
	if _, err := in.db.ExecContext(in.t.Context(), statement); err == nil || !strings.Contains(err.Error(), want) {
		in.t.Errorf("%s: %v, want %q", statement, err, want)
	}
}

func (in *instance) do(statement string) {
	in.t.Helper()
	if _, err := in.db.ExecContext(in.t.Context(), statement); err != nil {
		in.t.Fatalf("%s: %v", statement, err)
	}
}

func (in *instance) add(id int) {
	in.t.Helper()
	in.do(fmt.Sprintf(`INSERT INTO Shop.dbo.Orders (id, Name) VALUES (%d, N'later')`, id))
}

// TestAChainThroughTheBucket: full in three files, differential and a log copy,
// restored step by step under another name.
func TestAChainThroughTheBucket(t *testing.T) {
	in := start(t, nil)
	in.does(`EXEC msdb.dbo.rds_backup_database @source_db_name='Shop', @s3_arn_to_backup_to='arn:aws:s3:::ours/a/full*.bak', @number_of_files=3, @type='FULL'`)
	if got, _ := in.shelf.List(t.Context(), "ours", "a/", 10); fmt.Sprint(got) != "[a/full1-of-3.bak a/full2-of-3.bak a/full3-of-3.bak]" {
		t.Fatal(got)
	}
	in.add(1001)
	in.does(`exec msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/a.diff', @type='differential'`)
	in.BackLogsUp()
	in.add(1002)
	in.BackLogsUp()
	in.do(`EXEC msdb.dbo.rds_tlog_copy_setup @target_s3_arn='arn:aws:s3:::ours/logs/'`)
	in.does(`EXEC msdb.dbo.rds_tlog_backup_copy_to_S3 @db_name='Shop', @rds_backup_starting_seq_id=1, @rds_backup_ending_seq_id=2`)
	logs, _ := in.shelf.List(t.Context(), "ours", "logs/", 10)
	if len(logs) != 2 || strings.ToLower(logs[0]) != logs[0] {
		t.Fatal(logs)
	}
	in.does(`EXEC msdb.dbo.rds_restore_database @restore_db_name='Copy', @s3_arn_to_restore_from='arn:aws:s3:::ours/a/full*', @with_norecovery=1`)
	in.does(`EXEC msdb.dbo.rds_restore_database @restore_db_name='Copy', @s3_arn_to_restore_from='arn:aws:s3:::ours/a.diff', @with_norecovery=1, @type='DIFFERENTIAL'`)
	for _, l := range logs {
		in.does(`EXEC msdb.dbo.rds_restore_log @restore_db_name='Copy', @s3_arn_to_restore_from='arn:aws:s3:::ours/` + l + `'`)
	}
	in.does(`EXEC msdb.dbo.rds_finish_restore @db_name='Copy'`)
	shop, _ := in.engine.DatabaseNow("Shop")
	if copied, ok := in.engine.DatabaseNow("Copy"); !ok || copied.State != "ONLINE" || fmt.Sprint(copied.Tables) != fmt.Sprint(shop.Tables) {
		t.Errorf("%+v\n%+v", copied, shop)
	}
}

// TestWhatTheServiceRefuses: by its own sentences, at once or in task_info.
func TestWhatTheServiceRefuses(t *testing.T) {
	in := start(t, nil)
	in.refuses(`BACKUP DATABASE Shop TO DISK='x.bak'`, "BACKUP DATABASE permission denied in database 'Shop'")
	in.refuses(`RESTORE DATABASE New FROM DISK='x.bak'`, "does not have permission to RESTORE database 'New'")
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x', @backup_compression=1`, "@backup_compression is not a parameter for procedure rds_backup_database")
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop'`, "expects parameter '@s3_arn_to_backup_to'")
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x', @type='LOG'`, "The type LOG is not valid")
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x', @number_of_files=3`, "exactly one asterisk")
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x', @block_size=1000`, "block size")
	in.refuses(`EXEC msdb.dbo.rds_restore_database 'sHOP', 'arn:aws:s3:::ours/x'`, "Two databases that differ only by case or accent are not allowed")
	in.refuses(`EXEC msdb.dbo.rds_restore_database 'New', ''`, "S3 ARN prefix cannot be empty")
	in.refuses(`EXEC msdb.dbo.rds_restore_log 'Shop', 'arn:aws:s3:::ours/x'`, "RESTORING state")
	in.refuses(`BEGIN TRAN; EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x'`, "transaction")
	in.refuses(`EXEC rds_tlog_backup_copy_to_S3 'Shop', @rds_backup_starting_seq_id=1`, "You must run the rds_tlog_copy_setup")
	in.refuses(`EXEC rds_tlog_copy_setup 's3://ours/'`, "must begin with arn:aws")

	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'x.bak'`, "Access Denied")
	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::nowhere/x.bak'`, "The specified bucket does not exist")
	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::far/x.bak'`, "in the same region as RDS instance")
	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x.bak', @kms_master_key_arn='arn:aws:kms:eu-central-1:000000000000:key/two'`, "does not exist")
	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x.bak', @kms_master_key_arn='arn:aws:kms:eu-central-1:000000000000:key/denied'`, "is not authorized to perform: kms:")
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x.bak'`)
	in.fails(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x.bak'`, "Please reissue task with correct type and overwrite property")
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/x.bak', @overwrite_s3_backup_file=1`)
	in.fails(`EXEC msdb.dbo.rds_restore_database 'New', 'arn:aws:s3:::ours/gone.bak'`, "Access Denied")
	for i := range 11 {
		_ = in.shelf.Put(t.Context(), "ours", fmt.Sprintf("many/%d.bak", i), bytes.NewReader([]byte("x")), 1, "")
	}
	in.fails(`EXEC msdb.dbo.rds_restore_database 'New', 'arn:aws:s3:::ours/many/*'`, "unable to restore from more than 10 backup file(s)")
	in.fails(`EXEC msdb.dbo.rds_restore_database 'New', 'arn:aws:s3:::ours/many/1.bak'`, "Please reissue task with correct type and overwrite property")
	if _, ok := in.engine.DatabaseNow("New"); ok {
		t.Error("a restore that failed before the engine left a database")
	}

	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/k.bak', @kms_master_key_arn='` + key + `'`)
	in.fails(`EXEC msdb.dbo.rds_restore_database 'New', 'arn:aws:s3:::ours/k.bak'`, "incorrectly formed")
	in.does(`EXEC msdb.dbo.rds_restore_database 'New', 'arn:aws:s3:::ours/k.bak', @with_norecovery=1, @kms_master_key_arn='` + key + `'`)
	in.do(`EXEC msdb.dbo.rds_drop_database N'New'`)
	if _, ok := in.engine.DatabaseNow("New"); ok {
		t.Error("rds_drop_database left it")
	}

	other := open(t, in.engine, "other", "Other-1")
	if _, err := other.Exec(`EXEC msdb.dbo.rds_task_status`); err == nil || !strings.Contains(err.Error(), "EXECUTE permission was denied on the object 'rds_task_status'") {
		t.Error(err)
	}
	in.Change(func(c *rds.Config) { c.NoOption = true })
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/y.bak'`, "option is not enabled yet")
}

// TestTheQueue: two at one time, one of a database, CREATED for as long as it
// takes; a full restore that waits takes differentials behind it.
func TestTheQueue(t *testing.T) {
	in := start(t, func(c *rds.Config) { c.Wait = 200 * time.Millisecond; c.Pause = 200 * time.Millisecond })
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/f.bak'`)
	in.add(1003)
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/d.bak', @type='DIFFERENTIAL'`)
	full := in.submit(`EXEC msdb.dbo.rds_restore_database 'C', 'arn:aws:s3:::ours/f.bak', @with_norecovery=1`)
	diff := in.submit(`EXEC msdb.dbo.rds_restore_database 'C', 'arn:aws:s3:::ours/d.bak', @with_norecovery=0, @type='DIFFERENTIAL'`)
	in.refuses(`EXEC msdb.dbo.rds_restore_log 'C', 'arn:aws:s3:::ours/x.trn'`, "already pending")
	in.refuses(`EXEC msdb.dbo.rds_restore_database 'C', 'arn:aws:s3:::ours/f.bak'`, "already exists")
	in.refuses(`EXEC msdb.dbo.rds_cancel_task 999`, "does not exist")
	if k, _ := in.Task(diff); k.Lifecycle != rds.Created {
		t.Errorf("the differential is %s before the full", k.Lifecycle)
	}
	if k := in.over(diff); k.Lifecycle != rds.Success {
		t.Errorf("%+v", k)
	}
	if f, d := in.over(full), in.over(diff); d.Started.Before(f.Updated) {
		t.Errorf("full until %s, differential from %s", f.Updated, d.Started)
	}
	c := in.submit(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/cancelled.bak'`)
	in.do(fmt.Sprintf(`EXEC msdb.dbo.rds_cancel_task @task_id=%d`, c))
	if k := in.over(c); k.Lifecycle != rds.Cancelled {
		t.Errorf("%+v", k)
	}
	rows, err := in.db.Query(`SELECT task_id, lifecycle, task_metadata FROM msdb.dbo.rds_fn_task_status('Shop', 0) WHERE lifecycle = 'SUCCESS' ORDER BY task_id DESC`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n != 2 {
		t.Errorf("%d finished tasks of Shop", n)
	}
}

// TestASnapshotIsABase: the next differential builds on what nobody has.
func TestASnapshotIsABase(t *testing.T) {
	in := start(t, nil)
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/f.bak'`)
	in.OpenWindow()
	in.refuses(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/w.bak'`, "preferred backup window")
	if err := in.CloseWindow(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := in.db.QueryRow(`SELECT COUNT(*) FROM msdb.dbo.backupset WHERE database_name='Shop' AND type='D'`).Scan(&n); err != nil || n != 2 {
		t.Errorf("%d rows of type D, %v", n, err)
	}
	in.does(`EXEC msdb.dbo.rds_backup_database 'Shop', 'arn:aws:s3:::ours/d.bak', @type='DIFFERENTIAL'`)
	in.does(`EXEC msdb.dbo.rds_restore_database 'C', 'arn:aws:s3:::ours/f.bak', @with_norecovery=1`)
	in.fails(`EXEC msdb.dbo.rds_restore_database 'C', 'arn:aws:s3:::ours/d.bak', @with_norecovery=1, @type='DIFFERENTIAL'`, "cannot be restored")
}
