package sqlserver

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// secondEnded waits for the clock to be past a whole second and gives that second.
func secondEnded() time.Time {
	at := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	for !time.Now().After(at.Add(10 * time.Millisecond)) {
		time.Sleep(5 * time.Millisecond)
	}
	return at
}

// stopping are a full backup and two logs, the first of which holds the moment;
// five rows were added before it, ten after.
func (l live) stopping(name string) (keys, files []string, at time.Time) {
	l.t.Helper()
	for i, kind := range []backup.Kind{backup.Full, backup.Log, backup.Log} {
		key, file := l.file(".bak")
		if err := l.Backup(bg, backup.BackupCall{Database: name, Kind: kind, Name: string(kind), Files: []string{file}}, nil); err != nil {
			l.t.Fatal(err)
		}
		keys, files = append(keys, key), append(files, file)
		switch i {
		case 0:
			l.add(name, 1000, 1004)
			at = secondEnded()
			l.add(name, 2000, 2004)
		case 1:
			l.add(name, 3000, 3004)
		}
	}
	return keys, files, at
}

// TestAMigrationStopsAtTheMoment: which of two logs holds it is not known, so
// both are restored WITH STOPAT. That nothing of the second is wanted is said in
// the answer, and again when it is asked again, for no look will show it.
func TestAMigrationStopsAtTheMoment(t *testing.T) {
	l := emulated(t, nil)
	source := l.database("stopped")
	keys, _, at := l.stopping(source)
	target := l.Target()
	id, err := target.Restore(bg, call("migrated", keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	for i, key := range keys[1:] {
		in := call("migrated", key)
		in.StopAt, in.Stopped = at, i > 0
		if err := target.Import(bg, id, in); errors.Is(err, migration.ErrPassed) != (i > 0) || err != nil && i == 0 {
			t.Fatalf("log %d: %v", i+1, err)
		}
		if files, err := target.TaskFiles(bg, id); err != nil || len(files) != 2 || files[1].Name != keys[1] || !files[1].Restored() {
			t.Errorf("files after log %d: %+v, %v", i+1, files, err)
		}
	}
	if err := target.Open(bg, id, "migrated", migration.CheckAsync, "key"); err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskSuccess)
	l.holds("migrated", 25)
}

func TestARestoreStopsAtTheMoment(t *testing.T) {
	l := emulated(t, nil)
	_, files, at := l.stopping(l.database("stopped"))
	for i, file := range files {
		c := backup.ApplyCall{Database: "restored", Kind: backup.Log, Files: []string{file}, StopAt: at, Stopped: i > 1}
		if i == 0 {
			c.Kind, c.StopAt = backup.Full, time.Time{}
		}
		if err := l.Apply(bg, c, nil); err != nil {
			t.Fatalf("set %d: %v", i+1, err)
		}
	}
	if err := l.Recover(bg, "restored"); err != nil {
		t.Fatal(err)
	}
	l.holds("restored", 25)
}

// TestALogThatDoesNotJoinIsAnErrorStill: without a log before it that stopped,
// a gap is one.
func TestALogThatDoesNotJoinIsAnErrorStill(t *testing.T) {
	l := emulated(t, nil)
	keys, files, at := l.stopping(l.database("stopped"))
	target := l.Target()
	id, err := target.Restore(bg, call("migrated", keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	in := call("migrated", keys[2])
	in.StopAt = at
	if err := target.Import(bg, id, in); fault.CodeOf(err) != "gap" {
		t.Errorf("a gap: %v", err)
	}
	if err := l.Apply(bg, backup.ApplyCall{Database: "migrated", Kind: backup.Log, Files: files[2:], StopAt: at}, nil); fault.CodeOf(err) != "gap" {
		t.Errorf("a gap: %v", err)
	}
}

func TestStopAtIsShownBeforehand(t *testing.T) {
	at := time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC)
	m := migration.Migration{Database: "shop", Files: []migration.File{{Key: "a.trn", Kind: "log"}}}
	in := migration.RestoreCall{Database: "shop", Key: "a.trn", StopAt: at}
	if text := (wording{}).Request(m, migration.VerbImport, in); !strings.Contains(text, "STOPAT = N'2026-11-20T13:30:00'") {
		t.Error(text)
	}
	in.StopAt = time.Time{}
	if text := (wording{}).Request(m, migration.VerbImport, in); strings.Contains(text, "STOPAT") {
		t.Error(text)
	}
}

func (l live) holds(database string, rows int64) {
	l.t.Helper()
	got, err := l.Contents(bg, database, nil)
	if err != nil || sumOf(got, "dbo.Orders").Rows != rows {
		l.t.Errorf("%s holds %+v, %v; want %d rows", database, got, err, rows)
	}
}
