package app_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestTheImportsOfADayAreUsedUp: nothing stands still for a person; the page
// says until when no log follows, and that the cutover is still possible.
func TestTheImportsOfADayAreUsedUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	id := h.followFast("shop", 10*time.Millisecond)
	h.until(id, "the day's imports", func(m migration.Migration) bool {
		return following(m) && len(m.Chain()) >= aliyun.Traits().Calls.Database-3
	})
	h.reader().sees("/migrations/"+id, "Today's imports are used up", "of the 20 imports", "kept for the cutover", "No log backup is taken until", "It goes on by itself", "Cut over…")
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestMoreLogsOfOthersThanImports: somebody takes more log backups than the day
// has imports left. One differential takes their place, and the cutover still
// has its own.
func TestMoreLogsOfOthersThanImports(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	if err := h.cloud.SQL.Load("shop", 200); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog)
	used := aliyun.Traits().Calls.Database - 6
	h.until(id, "most of the day's imports", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= used })
	theirs := func(f migration.File) bool { return strings.Contains(f.Source, "theirs-") }
	h.paused(id, func() {
		for i := range 8 {
			if err := h.cloud.SQL.Backup(t.Context(), emulators.Login, "shop", fmt.Sprintf("%s/theirs-%d.trn", filepath.ToSlash(h.cloud.Backups), i), true); err != nil {
				t.Fatal(err)
			}
		}
	})
	m := h.until(id, "the differential applied", func(m migration.Migration) bool {
		return slices.ContainsFunc(m.Chain()[3:], func(f migration.File) bool { return f.Kind == "differential" && f.State == migration.FileApplied })
	})
	known, sent := 0, 0
	for _, f := range m.Files {
		if theirs(f) {
			known++
		}
	}
	for _, f := range m.Chain() {
		if theirs(f) {
			sent++
		}
	}
	if known != 8 || sent > 2 {
		t.Errorf("%d of %d log backups of others were imported one by one, want a differential instead of them", sent, known)
	}
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestTheTargetRunsOutOfSpace while it follows: retrying goes on when there is
// room, and an abort is offered, not a termination.
func TestTheTargetRunsOutOfSpace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "the differential applied", follows)
	h.patch(`{"storage_gb":1,"used_bytes":1073741824}`)
	h.problemHas(id, "space", migration.ButtonRetry, migration.ButtonAbort)
	h.reader().sees("/migrations/"+id, "no space", "too little free storage", "Enlarge the instance's storage", "Retry from here", "Abort…")
	h.patch(`{"storage_gb":500}`)
	have := h.migration(id).AppliedTo()
	h.retry(id)
	h.until(id, "it goes on", func(m migration.Migration) bool { return m.AppliedTo().Compare(have) > 0 })
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}
