package sqlserver

import (
	"crypto/rand"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// TestSetsOfOneFileAreKnownByTheirGUID: a full backup and two logs appended to
// one file are restored each for itself, by a restore and by a migration; a set
// that the file does not hold is refused.
func TestSetsOfOneFileAreKnownByTheirGUID(t *testing.T) {
	l := connect(t, nil)
	source := l.database("source")
	key, file := l.file(".bak")
	for i, kind := range []string{"DATABASE", "LOG", "LOG"} {
		l.add(source, 1000*(i+1), 1000*(i+1)+4)
		if err := l.Server.run(bg, "BACKUP "+kind+" "+tsql.Shown(source)+" TO DISK = "+tsql.ShownText(file), nil); err != nil {
			t.Fatal(err)
		}
	}
	want, err := l.Contents(bg, source, nil)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := l.Headers(bg, []string{file})
	if err != nil || len(sets) != 3 {
		t.Fatalf("%+v %v", sets, err)
	}
	same := func(name string) {
		t.Helper()
		if got, err := l.Contents(bg, name, nil); err != nil || len(got) != len(want) || len(got) == 0 || got[0].Rows != want[0].Rows || got[0].Sum != want[0].Sum {
			t.Errorf("%s: %+v, want %+v, %v", name, got, want, err)
		}
	}

	name := "bp applied " + rand.Text()[:6]
	t.Cleanup(func() { l.drop(name) })
	for _, s := range sets {
		if err := l.Apply(bg, backup.ApplyCall{Database: name, Kind: s.Kind, Files: []string{file}, Set: s.ID}, func(float64) {}); err != nil {
			t.Fatalf("set %d: %v", s.Files[0].Position, err)
		}
	}
	if err := l.Recover(bg, name); err != nil {
		t.Fatal(err)
	}
	same(name)

	moved, target := "bp moved "+rand.Text()[:6], l.Target()
	t.Cleanup(func() { l.drop(moved) })
	wanted := func(i int) migration.RestoreCall {
		c := call(moved, key)
		c.Set, c.Position = sets[i].ID, i+1
		return c
	}
	id, err := target.Restore(bg, wanted(0))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	if err := target.Import(bg, id, wanted(2)); fault.CodeOf(err) != "gap" {
		t.Errorf("the third set before the second: %v", err)
	}
	other := wanted(1)
	other.Set[0]++
	if err := target.Import(bg, id, other); fault.CodeOf(err) != migration.CodeSourceChanged {
		t.Errorf("a set that the file does not hold: %v", err)
	}
	for i := 1; i < 3; i++ {
		if err := target.Import(bg, id, wanted(i)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := target.TaskFiles(bg, id)
	if err != nil || len(rows) != 3 || rows[1].Set != sets[1].ID || rows[2].Set != sets[2].ID {
		t.Errorf("%+v %v", rows, err)
	}
	if err := l.Recover(bg, moved); err != nil {
		t.Fatal(err)
	}
	same(moved)
}
