package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/migration"
)

// sweptAway holds the upload of the next backup whose name has the word, removes
// its file as a clean-up job does, and lets the upload go on. It returns where
// the file lay and what it held.
func (h *house) sweptAway(id, word string, begin func()) (file string, content []byte) {
	h.t.Helper()
	door := h.cloud.OSS.ControlPort()
	_, err := door.Add(control.Rule{Operation: "PutObject", Match: "shop" + word, Hold: "before"})
	if err != nil {
		h.t.Fatal(err)
	}
	begin()
	m := h.until(id, "the upload held", func(m migration.Migration) bool {
		return held(door) && m.Chain()[len(m.Chain())-1].State == migration.FileUploading
	})
	file = filepath.Join(h.cloud.Backups, m.Chain()[len(m.Chain())-1].Source)
	if content, err = os.ReadFile(file); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		h.t.Fatal(err)
	}
	door.Release("")
	return file, content
}

// TestOurLogIsSweptAway before it was brought away: a differential covers it.
func TestOurLogIsSweptAway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", 2*time.Second)
	h.until(id, "the differential applied", follows)
	h.sweptAway(id, "LOG", func() {})
	m := h.problemHas(id, migration.CodeBackupRemoved, migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
	says(t, m.Problem.Cause.String(), "shopLOG", "gone from the backup folder", "clean-up")
	says(t, m.Problem.Fix.String(), "Put the file back", "differential", "Keep clean-up jobs away")
	h.reader().sees("/migrations/"+id, "backup file is gone", "Take a differential…", "Abort…")
	if err := migration.OrderGapDifferential(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		t.Fatal(err)
	}
	h.until(id, "it follows again", func(m migration.Migration) bool { return m.Problem == nil && following(m) })
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestOurTailIsSweptAway while writes are stopped: put back, it goes on; else an
// abort gives the source back.
func TestOurTailIsSweptAway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for _, lost := range []bool{false, true} {
		h := newHouse(t)
		id := h.follow("shop", nil)
		h.until(id, "the differential applied", follows)
		file, content := h.sweptAway(id, "LOG", func() { h.cutOver(id) })
		m := h.problemHas(id, migration.CodeBackupRemoved, migration.ButtonRetry, migration.ButtonAbort)
		says(t, m.Problem.Fix.String(), "Put the file back", "makes the source writable again")
		if now, _ := h.cloud.SQL.DatabaseNow("shop"); now.Writable {
			t.Error("the source takes writes behind its tail")
		}
		if lost {
			h.gives(id)
			if now, _ := h.cloud.SQL.DatabaseNow("shop"); !now.Writable {
				t.Error("the source was not given back")
			}
			continue
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		h.retry(id)
		h.until(id, "the open database", opened)
		h.sameContents("shop")
	}
}

// TestOurFullBackupIsSweptAway: nothing takes its place.
func TestOurFullBackupIsSweptAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	door := h.cloud.OSS.ControlPort()
	if _, err := door.Add(control.Rule{Match: "shopFULL", Hold: "before"}); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", time.Hour)
	h.until(id, "the upload held", func(migration.Migration) bool { return held(door) })
	m := h.migration(id)
	if err := os.Remove(filepath.Join(h.cloud.Backups, m.Chain()[0].Source)); err != nil {
		t.Fatal(err)
	}
	door.Release("")
	m = h.problemHas(id, migration.CodeBackupRemoved, migration.ButtonRetry, migration.ButtonAbort)
	says(t, m.Problem.Fix.String(), "start again with a new full backup", "never stopped")
	h.gives(id)
}

// TestABackupIsGoneBeforeItIsRead: the server says that it took the backup, and
// its file is not there any more. A log is covered by a differential; a tail is
// put back.
func TestABackupIsGoneBeforeItIsRead(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for _, step := range []string{"log", "tail"} {
		t.Run(step, func(t *testing.T) {
			f := newLiveSource(t, migration.FreezeTail)
			f.follows()
			f.stop()
			f.worker.SourceBackups.Fresh = time.Nanosecond // the cutover takes a log before the tail
			away := filepath.Join(t.TempDir(), "away")
			f.source.swept[step] = away
			f.source.write()
			f.start()
			f.cutover()
			m := f.until(f.id, "a problem", func(m migration.Migration) bool { return m.Problem != nil })
			if m.Problem.Code != migration.CodeBackupRemoved || m.LiveSource.Frozen.IsZero() != (step == "log") {
				t.Fatalf("problem %+v, frozen %v", m.Problem, m.LiveSource.Frozen)
			}
			taken := m.LiveSource.SourceBackups[len(m.LiveSource.SourceBackups)-1]
			says(t, m.Problem.Cause.String(), filepath.Base(taken.Key), "gone from the backup folder")
			if step == "log" {
				if err := migration.OrderGapDifferential(t.Context(), f.app.DB.Migrations(), f.id, f.by()); err != nil {
					t.Fatal(err)
				}
			} else {
				if err := os.Rename(away, filepath.Join(f.files, filepath.Base(taken.Key))); err != nil {
					t.Fatal(err)
				}
				f.retry(f.id)
			}
			f.openedAtTheTail(f.until(f.id, "the open database", opened))
		})
	}
}
