package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
)

// cutBelow cuts with a limit and tells what was exported.
func cutBelow(t *testing.T, d *DB, most int) (out []audit.Entry) {
	t.Helper()
	_, err := d.CutAudit(t.Context(), time.Time{}, most, time.Now(), func(all []audit.Entry) (string, error) {
		out = all
		return "file", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestATrailWhoseBeginningWasExportedIsWhole, also for walks that ended before
// the cut, in the next life, and with another key; and what was exported
// is whole up to where the rest begins.
func TestATrailWhoseBeginningWasExportedIsWhole(t *testing.T) {
	folder, ctx := t.TempDir(), t.Context()
	d := must[*DB](t)(living(t, folder))
	said(t, d, "1", "2", "3", "4", "5", "6")
	early := audit.Walk{}
	if err := d.walk(ctx, &early); err != nil || early.Seq != 6 {
		t.Fatalf("%+v, %v", early, err)
	}
	if got := cutBelow(t, d, 2); got != nil {
		t.Errorf("cut %d entries that nobody noted", len(got))
	}
	must[audit.Head](t)(noted(d.NoteHead(ctx)))
	gone := cutBelow(t, d, 2)
	if len(gone) != 4 {
		t.Fatalf("exported %d, want 4", len(gone))
	}
	if got := cutBelow(t, d, 4); got != nil {
		t.Errorf("cut %d more", len(got))
	}
	exported := audit.Walk{Chain: d.chain}
	for _, e := range gone {
		if err := exported.Step(e); err != nil {
			t.Fatal(err)
		}
	}
	whole := func(what string, from audit.Walk, seq int64) {
		t.Helper()
		if w, err := d.VerifyAuditFrom(ctx, from); err != nil || w.Seq != seq {
			t.Errorf("%s: up to %d, %v, want %d", what, w.Seq, err, seq)
		}
	}
	whole("from its first", audit.Walk{}, 7) // the entry that says so is the seventh
	whole("from before the cut", audit.Walk{Seq: 2, Head: gone[1].Hash}, 7)
	whole("from the cut", exported, 7)
	whole("from behind it", early, 7)
	if from := must[int64](t)(d.AuditBegins(ctx)); from != 4 {
		t.Errorf("begins behind %d", from)
	}
	ended(t, d)
	d = must[*DB](t)(living(t, folder))
	whole("in the next life", audit.Walk{}, 7)
	if err := d.Rotate(ctx, folder, entry("key.rotate")); err != nil {
		t.Fatal(err)
	}
	whole("with another key", audit.Walk{}, 8)
	must[audit.Head](t)(noted(d.NoteHead(ctx)))
}

// TestABeginningThatNobodyExportedIsMissing, whatever is done to the note of
// where the trail begins.
func TestABeginningThatNobodyExportedIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil string
		seq   int64
	}{
		"no note":              {`UPDATE house SET audit_cut = ''`, 1},
		"the newest's instead": {`UPDATE house SET audit_cut = head`, 1},
		"more was removed":     {`DELETE FROM audit WHERE seq <= 5`, 5},
		"all was removed":      {`DELETE FROM audit`, 5},
	} {
		t.Run(name, func(t *testing.T) {
			folder, ctx := t.TempDir(), t.Context()
			d := must[*DB](t)(living(t, folder))
			said(t, d, "1", "2", "3", "4", "5", "6")
			must[audit.Head](t)(noted(d.NoteHead(ctx)))
			cutBelow(t, d, 2)
			ended(t, d)
			exec(t, filepath.Join(folder, "bakplane.db"), c.spoil)
			d = must[*DB](t)(living(t, folder))
			var b *audit.Broken
			if _, err := d.VerifyAudit(ctx); !errors.As(err, &b) || b.Seq != c.seq {
				t.Errorf("%v, want one broken at %d", err, c.seq)
			}
			if n, err := d.CutAudit(ctx, time.Now(), 0, time.Now(), func([]audit.Entry) (string, error) { return "", nil }); n > 0 {
				t.Errorf("cut %d of a broken trail: %v", n, err)
			}
		})
	}
}

// TestNothingIsCutThatCouldNotBeExported.
func TestNothingIsCutThatCouldNotBeExported(t *testing.T) {
	d := open(t)
	said(t, d, "1", "2", "3")
	must[audit.Head](t)(noted(d.NoteHead(t.Context())))
	full := errors.New("the disk is full")
	if n, err := d.CutAudit(context.Background(), time.Time{}, 1, time.Now(), func([]audit.Entry) (string, error) { return "", full }); n > 0 || !errors.Is(err, full) {
		t.Errorf("%d, %v", n, err)
	}
	if all := must[[]audit.Entry](t)(d.AuditEntries(t.Context(), "", 0, 10)); len(all) != 3 {
		t.Errorf("%d entries are left", len(all))
	}
}
