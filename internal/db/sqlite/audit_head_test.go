package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
)

// TestADeathBetweenTheTwoNotesIsNoLoss: the newest entry is noted in a file and
// in the database. Whichever of the two was the last that a life came to, the
// next goes on; only a file that was there and is gone is told.
func TestADeathBetweenTheTwoNotesIsNoLoss(t *testing.T) {
	folder := t.TempDir()
	d, err := openAt(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	entry := func() {
		t.Helper()
		if err := d.Record(t.Context(), audit.New(audit.Engine, time.Now(), "x.y", "x/1", "Something.")); err != nil {
			t.Fatal(err)
		}
	}
	entry()
	// The file cannot be written: nothing is noted, and nothing is missed.
	blocked := filepath.Join(folder, headFile+".new")
	if err := os.Mkdir(blocked, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.NoteHead(t.Context()); err == nil {
		t.Fatal("noted into a folder")
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	h, fresh, err := d.NoteHead(t.Context())
	if err != nil || !fresh || h.Seq == 0 {
		t.Fatalf("after the first note failed: %+v, %v, %v", h, fresh, err)
	}
	// The file was written, the database was not.
	if _, err := d.write.ExecContext(t.Context(), `UPDATE house SET head = ''`); err != nil {
		t.Fatal(err)
	}
	entry()
	if h, fresh, err = d.NoteHead(t.Context()); err != nil || !fresh || h.Seq != 2 {
		t.Errorf("with the file alone: %+v, %v, %v", h, fresh, err)
	}
	if err := os.Remove(filepath.Join(folder, headFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.NoteHead(t.Context()); err == nil {
		t.Error("a file that is gone is not told")
	}
}
