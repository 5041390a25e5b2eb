package awsrds

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
)

// TestAChain restores a striped full, a differential and two logs, opens the
// database and hears the check; the contents are those of the source.
func TestAChain(t *testing.T) {
	l := emulated(t, nil)
	ctx := t.Context()
	id, err := l.Restore(ctx, l.backed("set/full", "full", 3))
	if err != nil {
		t.Fatal(err)
	}
	l.until(id, migration.TaskWaiting)
	for i, kind := range []string{"differential", "log", "log"} {
		l.add(1000 + i)
		if err := l.Import(ctx, id, l.backed(fmt.Sprintf("more/%d", i), kind, 1)); err != nil {
			t.Fatal(err)
		}
		l.until(id, migration.TaskWaiting)
	}
	files, err := l.TaskFiles(ctx, id)
	if err != nil || len(files) != 4 {
		t.Fatalf("%+v, %v", files, err)
	}
	for i, want := range []string{"set/full-*", "more/0", "more/1", "more/2"} {
		if files[i].Name != want || !files[i].Restored() || files[i].Ended.IsZero() {
			t.Errorf("file %d: %+v", i, files[i])
		}
	}
	m := migration.Migration{Traits: Traits(), Files: []migration.File{{Ord: 1, Key: "set/full-1"}, {Ord: 2, Key: "set/full-2"}}}
	if rows := migration.RowsOf(files, m.Files[1]); len(rows) != 1 {
		t.Errorf("rows of a stripe: %+v", rows)
	}
	if err := l.Open(ctx, id, "Shop", migration.CheckAsync, "key"); err != nil {
		t.Fatal(err)
	}
	l.until(id, migration.TaskSuccess)
	if err := l.Open(ctx, id, "Shop", migration.CheckAsync, "key"); err != nil {
		t.Errorf("opened twice: %v", err)
	}
	for range 1000 {
		task := l.until(id, migration.TaskSuccess)
		if task.Check == migration.CheckPassed {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	from, _ := l.source.DatabaseNow("Shop")
	to, _ := l.engine.DatabaseNow("Shop")
	if fmt.Sprint(from.Tables) != fmt.Sprint(to.Tables) {
		t.Errorf("%v\n%v", from.Tables, to.Tables)
	}
	if task := l.until(id, migration.TaskSuccess); task.Check != migration.CheckPassed {
		t.Errorf("%+v", task)
	}
	tasks, err := l.Tasks(ctx, time.Now().Add(-time.Hour))
	if err != nil || len(tasks) != 1 || tasks[0].ID != id || time.Since(tasks[0].Created) > 10*time.Minute {
		t.Errorf("%+v, %v", tasks, err)
	}
}

// TestTheFreezeTravels: a database that was READ_ONLY at its source is opened
// and then set READ_WRITE by the same order given twice.
func TestTheFreezeTravels(t *testing.T) {
	l := emulated(t, nil)
	ctx := t.Context()
	id, err := l.Restore(ctx, l.backed("f", "full", 1))
	if err != nil {
		t.Fatal(err)
	}
	l.until(id, migration.TaskWaiting)
	if err := l.source.Execute(ctx, "sa", "ALTER DATABASE Shop SET READ_ONLY WITH ROLLBACK IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Import(ctx, id, l.backed("l", "log", 1)); err != nil {
		t.Fatal(err)
	}
	l.until(id, migration.TaskWaiting)
	for range 2 {
		if err := l.OpenWritable(ctx, id, "Shop", migration.CheckAsync, ""); err != nil {
			t.Fatal(err)
		}
		if task := l.until(id, migration.TaskSuccess); task.ReadOnly {
			t.Errorf("%+v", task)
		}
	}
	// One that only the first half was done of, as a death leaves it.
	if err := l.engine.Execute(ctx, "admin", "ALTER DATABASE Shop SET READ_ONLY WITH ROLLBACK IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	if task := l.until(id, migration.TaskSuccess); !task.ReadOnly {
		t.Errorf("%+v", task)
	}
	if err := l.OpenWritable(ctx, id, "Shop", migration.CheckAsync, ""); err != nil {
		t.Fatal(err)
	}
	if task := l.until(id, migration.TaskSuccess); task.ReadOnly {
		t.Errorf("%+v", task)
	}
}

// TestWhatFails: each row leads to a code by the most specific sentence, and a
// restore can be ended.
func TestWhatFails(t *testing.T) {
	l := emulated(t, nil)
	ctx := t.Context()
	full := l.backed("f", "full", 1)
	for _, tc := range []struct {
		name string
		edit func(*migration.RestoreCall)
		code fault.Code
	}{
		{"another region", func(c *migration.RestoreCall) { c.Bucket = "far" }, "same-region"},
		{"no bucket", func(c *migration.RestoreCall) { c.Bucket = "nowhere" }, "bucket-gone"},
		{"no object", func(c *migration.RestoreCall) { c.Key = "gone" }, "s3-denied"},
		{"not a full backup", func(c *migration.RestoreCall) { c.Kind = "full"; c.Key = l.backed("d", "differential", 1).Key }, "object-exists"},
	} {
		in := full
		in.Database = strings.ReplaceAll(tc.name, " ", "")
		tc.edit(&in)
		id, err := l.Restore(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if task := l.until(id, migration.TaskFailed); task.Code != tc.code || task.Description == "" {
			t.Errorf("%s: %s: %s", tc.name, task.Code, task.Description)
		}
		if files, _ := l.TaskFiles(ctx, id); len(files) != 1 || !files[0].Failed() || files[0].Code != tc.code {
			t.Errorf("%s: %+v", tc.name, files)
		}
		if err := l.Terminate(ctx, id); err != nil {
			t.Errorf("%s: terminate: %v", tc.name, err)
		}
	}
	id, err := l.Restore(ctx, full)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Restore(ctx, migration.RestoreCall{Database: "SHOP", Bucket: "ours", Key: "f", Kind: "full"}); fault.CodeOf(err) != "name-exists" {
		t.Errorf("the same name in another case: %v", err)
	}
	l.until(id, migration.TaskWaiting)
	late := l.backed("late", "log", 1)
	l.add(2000)
	early := l.backed("later", "log", 1)
	if err := l.Import(ctx, id, early); err != nil {
		t.Fatal(err)
	}
	if task := l.until(id, migration.TaskWaiting); task.Code != "gap" {
		t.Errorf("a log too late: %+v", task)
	}
	if err := l.Import(ctx, id, late); err != nil {
		t.Fatal(err)
	}
	l.until(id, migration.TaskWaiting)
	if err := l.Terminate(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.engine.DatabaseNow("Shop"); ok {
		t.Error("what was restored is left")
	}
	if task, err := l.Task(ctx, id); err != nil || task.Status != migration.TaskFailed || task.Code != "gone" {
		t.Errorf("%+v, %v", task, err)
	}
	if _, err := l.Task(ctx, "999"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a task nobody knows: %v", err)
	}
	l.service.Change(func(c *rds.Config) { c.NoOption = true })
	if _, err := l.Restore(ctx, full); fault.CodeOf(err) != "option" {
		t.Errorf("without the option: %v", err)
	}
}

// TestAnEarlierTaskOfTheNameIsHistory: a migration follows its own task, and
// says when another full backup took the name.
func TestAnEarlierTaskOfTheNameIsHistory(t *testing.T) {
	task := func(id int64, kind string, l Lifecycle) Task {
		return Task{ID: id, Type: kind, Database: "Shop", Lifecycle: l}
	}
	all := []Task{task(1, "RESTORE_DB", Success), task(2, "RESTORE_DB_NORECOVERY", Success), task(3, "RESTORE_DB_LOG_NORECOVERY", Success),
		{ID: 4, Type: "RESTORE_DB_NORECOVERY", Database: "Other", Lifecycle: Success}, task(5, "RESTORE_DB_NORECOVERY", Failed), task(6, "BACKUP_DB", Success), task(7, "FINISH_RESTORE", Created),
		task(8, "RESTORE_DB", Created), task(9, "RESTORE_DB_LOG", Created)}
	var ids []int64
	for _, t := range ofRestore(all, 2) {
		ids = append(ids, t.ID)
	}
	if !slices.Equal(ids, []int64{2, 3, 7}) {
		t.Errorf("%v", ids)
	}
}

func TestPreflightOfTheService(t *testing.T) {
	l := emulated(t, nil)
	codes := func(target *Target, f preflight.Facts) map[string]migration.Level {
		out := map[string]migration.Level{}
		findings, err := target.Check(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			out[f.Code] = f.Level
			if f.Level != migration.Passed && f.Fix.IsZero() {
				t.Errorf("no fix: %+v", f)
			}
		}
		return out
	}
	if got := codes(l.Target, preflight.Facts{}); got["rights"] != migration.Passed || len(got) != 1 {
		t.Errorf("the master user: %v", got)
	}
	if got := codes(l.as("nobody", "Nobody-1"), preflight.Facts{}); got["rights"] != migration.Barred {
		t.Errorf("a login without rights: %v", got)
	}
	if got := codes(l.Target, preflight.Facts{Migration: migration.Migration{Check: migration.CheckSync}}); got["open-first"] != migration.Warned {
		t.Errorf("a check before opening: %v", got)
	}
	in, err := l.Instance(t.Context())
	if err != nil || in.Region != region || in.VersionMajor != 16 || in.StorageBytes <= 0 || in.UsedBytes < 0 {
		t.Errorf("%+v, %v", in, err)
	}
}

// TestACertificateIsNotMadeByHandAtRDS: preflight tells what works there.
func TestACertificateIsNotMadeByHandAtRDS(t *testing.T) {
	if c := Traits().Certificate; !strings.Contains(c, "CREATE CERTIFICATE is not allowed") || !strings.Contains(c, "UserTDECertificate_") || strings.Contains(c, "in master") {
		t.Error(c)
	}
}
