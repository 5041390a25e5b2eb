package sqlserver

import (
	"crypto/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// chain takes a full, a differential and two logs, the last one as tail, with
// changes between, and returns their keys.
func (l live) chain(name string) (keys []string) {
	l.t.Helper()
	for i, c := range []backup.BackupCall{{Kind: backup.Full}, {Kind: backup.Differential}, {Kind: backup.Log}, {Kind: backup.Log, Tail: true}} {
		key, file := l.file(".bak")
		c.Database, c.Name, c.Files = name, string(c.Kind), []string{file}
		l.add(name, 1000*(i+1), 1000*(i+1)+4)
		if err := l.Backup(bg, c, nil); err != nil {
			l.t.Fatalf("%s: %v", c.Kind, err)
		}
		keys = append(keys, key)
	}
	return keys
}

// await asks for the task until it has one of the states.
func await(t *testing.T, target *Target, id string, states ...migration.TaskStatus) migration.Task {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		task, err := target.Task(bg, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			if task.Status == s {
				return task
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the task is still %+v", task)
		}
	}
}

func call(database, key string) migration.RestoreCall {
	return migration.RestoreCall{Database: database, Key: key, Mode: migration.Pending}
}

func TestChainIsRestoredBesideItsSource(t *testing.T) {
	l := connect(t, nil)
	source := l.database("source")
	want, err := l.Contents(bg, source, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := l.chain(source)
	target := l.Target()
	name := "bp ]' 🚚 target " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	before := time.Now()

	id, err := target.Restore(bg, call(name, keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	task := await(t, target, id, migration.TaskWaiting, migration.TaskFailed)
	if task.Status != migration.TaskWaiting || task.Database != name || task.Created.Before(before.Add(-time.Hour)) || !task.Ended.IsZero() {
		t.Fatalf("%+v", task)
	}
	if _, err := target.Restore(bg, call(name, keys[0])); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "already exist") {
		t.Errorf("a second restore under the name: %v", err)
	}
	if err := target.Import(bg, id, call(name, keys[3])); !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != "gap" {
		t.Errorf("the tail before the logs: %v", err)
	}
	for _, key := range keys[1:] {
		if err := target.Import(bg, id, call(name, key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := target.Import(bg, id, call(name, keys[2])); err == nil || fault.CodeOf(err) != "covered" {
		t.Errorf("a log once more: %v", err)
	}
	files, err := target.TaskFiles(bg, id)
	if err != nil || len(files) != 4 {
		t.Fatalf("%+v, %v", files, err)
	}
	for i, f := range files {
		if f.Name != keys[i] || !f.Restored() || f.Created.Before(before.Add(-time.Hour)) || !f.Ended.IsZero() {
			t.Errorf("file %d: %+v, want %s", i, f, keys[i])
		}
	}
	// Another process knows all of it from the server alone.
	other := opened(t, l.config).Target()
	tasks, err := other.Tasks(bg, before.Add(-time.Minute))
	if err != nil || len(tasks) == 0 || tasks[len(tasks)-1].ID != id || tasks[len(tasks)-1].Status != migration.TaskWaiting {
		t.Errorf("%+v, %v; want %s", tasks, err, id)
	}
	if again, err := other.TaskFiles(bg, id); err != nil || !reflect.DeepEqual(again, files) {
		t.Errorf("%+v, %v", again, err)
	}
	if tasks, err := other.Tasks(bg, time.Now().Add(time.Hour)); err != nil || len(tasks) != 0 {
		t.Errorf("tasks of the future: %+v, %v", tasks, err)
	}
	for range 2 {
		if err := target.Open(bg, id, name, migration.CheckAsync, "key"); err != nil {
			t.Fatal(err)
		}
	}
	await(t, target, id, migration.TaskSuccess)
	got, err := l.Contents(bg, name, nil)
	if err != nil || len(got) != len(want) || sumOf(got, "dbo.Orders").Rows != 40 {
		t.Errorf("the target holds %+v, %v", got, err)
	}
	if err := l.Recover(bg, source); err != nil {
		t.Fatal(err)
	}
	if now, err := l.Contents(bg, source, nil); err != nil || !reflect.DeepEqual(now, got) {
		t.Errorf("source %+v\ntarget %+v\n%v", now, got, err)
	}
	if err := target.Terminate(bg, id); !fault.Is(err, fault.Conflict) {
		t.Errorf("an open database is dropped: %v", err)
	}
	if names, err := target.Databases(bg); err != nil || !strings.Contains(strings.Join(names, "\n"), name) {
		t.Errorf("%v, %v", names, err)
	}
	l.settled()
}

// settled waits for what works in the background.
func (l live) settled() { l.works.running.Wait() }

func TestOpeningAfterACheck(t *testing.T) {
	l := connect(t, nil)
	source := l.database("check")
	keys := l.chain(source)
	target := l.Target()
	name := "bp checked " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	id, err := target.Restore(bg, call(name, keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	if err := target.Open(bg, id, name, migration.CheckSync, "key"); err != nil {
		t.Fatal(err)
	}
	task := await(t, target, id, migration.TaskSuccess)
	if !strings.Contains(task.Description, "Success") || !strings.Contains(task.Description, "CHECKDB") {
		t.Errorf("%+v", task)
	}
	if d, err := l.Database(bg, name); err != nil || d.State != "ONLINE" || d.UserAccess != "MULTI_USER" {
		t.Errorf("%+v, %v", d, err)
	}
	// A process that did not see the check learns of it from the server.
	if task, err := opened(t, l.config).Target().Task(bg, id); err != nil || task.Status != migration.TaskSuccess {
		t.Errorf("%+v, %v", task, err)
	}
}

func TestRestoreAtOnce(t *testing.T) {
	l := connect(t, nil)
	keys := l.chain(l.database("immediate"))
	target := l.Target()
	name := "bp immediate " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	id, err := target.Restore(bg, migration.RestoreCall{Database: name, Key: keys[0], Mode: migration.Immediate, Check: migration.CheckAsync})
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskSuccess)
	l.settled()
	if task, err := target.Task(bg, id); err != nil || !strings.Contains(task.Description, "Success. Asynchronously DBCC CHECKDB") {
		t.Errorf("%+v, %v", task, err)
	}
}

func TestWrongFilesAreRefusedBeforeAnythingHappens(t *testing.T) {
	l := connect(t, nil)
	source := l.database("wrong")
	keys := l.chain(source)
	target := l.Target()
	name := "bp wrong " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	for key, kind := range map[string]fault.Kind{keys[1]: fault.Invalid, keys[2]: fault.Invalid, "nothing.bak": fault.NotFound, "../x.bak": fault.Invalid, "": fault.Invalid} {
		if id, err := target.Restore(bg, call(name, key)); !fault.Is(err, kind) {
			t.Errorf("restore of %q: %s, %v; want %s", key, id, err, kind)
		}
	}
	if _, err := target.Restore(bg, call(source, keys[0])); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a database that waits for its cutover: %v", err)
	}
	if _, err := target.Task(bg, name+"@00000000-0000-0000-0000-000000000001"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a task that does not exist: %v", err)
	}
	id, err := target.Restore(bg, call(name, keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	if err := target.Import(bg, id, call(name, keys[0])); !fault.Is(err, fault.Invalid) {
		t.Errorf("a full as increment: %v", err)
	}
	if err := target.Import(bg, name+"@00000000-0000-0000-0000-000000000001", call(name, keys[1])); !fault.Is(err, fault.NotFound) {
		t.Errorf("an increment of another task: %v", err)
	}
	if err := target.Terminate(bg, id); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Database(bg, name); !fault.Is(err, fault.NotFound) {
		t.Errorf("after terminating: %v", err)
	}
	if err := target.Terminate(bg, id); err != nil {
		t.Errorf("terminating twice: %v", err)
	}
}

// A source whose tail was taken is RESTORING too, and must never be dropped.
func TestFrozenSourceIsNeverDropped(t *testing.T) {
	l := connect(t, nil)
	source := l.database("frozen")
	keys := l.chain(source)
	sets, err := l.Headers(bg, []string{within(l.folder, keys[0])})
	if err != nil {
		t.Fatal(err)
	}
	target := l.Target()
	if err := target.Terminate(bg, taskID(source, sets[0].ID)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a frozen source: %v", err)
	}
	// The same after it had been the target of a restore.
	name := "bp failback " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	id, err := target.Restore(bg, call(name, keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	if err := target.Open(bg, id, name, migration.CheckAsync, ""); err != nil {
		t.Fatal(err)
	}
	l.settled()
	l.add(name, 9000, 9001)
	if err := l.take(name, backup.Full, "full"); err != nil {
		t.Fatal(err)
	}
	_, file := l.file(".trn")
	if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: backup.Log, Tail: true, Name: "tail", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := target.Terminate(bg, id); !fault.Is(err, fault.Conflict) {
		t.Errorf("a target that became a frozen source: %v", err)
	}
	for _, n := range []string{source, name} {
		if d, err := l.Database(bg, n); err != nil || d.State != "RESTORING" {
			t.Errorf("%s: %+v, %v", n, d, err)
		}
	}
}

func TestSourceAndTargetOfOneName(t *testing.T) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Tables: []sqlserveremu.TableSpec{{Name: "Orders", Columns: []sqlserveremu.ColumnSpec{{Name: "id", Type: "int"}, {Name: "amount", Type: "decimal(19,4)"}, {Name: "note", Type: "nvarchar(200)"}}}}}}
	})
	twin := emulated(t, func(c *sqlserveremu.Config) { c.Folders = []string{l.folder} })
	config := twin.config
	config.Folder = l.folder
	there := opened(t, config)
	target := there.Target()
	keys := l.chain("Sales")
	id, err := target.Restore(bg, call("Sales", keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	for _, key := range keys[1:] {
		if err := target.Import(bg, id, call("Sales", key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := target.Open(bg, id, "Sales", migration.CheckAsync, ""); err != nil {
		t.Fatal(err)
	}
	there.works.running.Wait()
	if err := l.Recover(bg, "Sales"); err != nil {
		t.Fatal(err)
	}
	want, err := l.Contents(bg, "Sales", nil)
	got, err2 := there.Contents(bg, "Sales", nil)
	if err != nil || err2 != nil || !reflect.DeepEqual(got, want) || len(got) != 1 || got[0].Rows != 20 {
		t.Errorf("target %+v, %v\nsource %+v, %v", got, err2, want, err)
	}
}
