package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

func oneRunHasOneOwner(t *testing.T, open Open) {
	d := open(t)
	migrating(t, d, "1")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		wg.Go(func() {
			if _, _, err := d.Claim(context.Background(), string(rune('a'+i)), noon, time.Minute, 0); err == nil {
				mu.Lock()
				won++
				mu.Unlock()
			} else if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Fatalf("%d claims won, want 1", won)
	}
}

func aLostClaimWritesNothing(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, old := claim(t, d, "old", noon)
	_, newer := claim(t, d, "new", noon.Add(2*time.Minute)) // the lease ran out
	conflict := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s with a lost claim: %v", what, err)
		}
	}
	conflict("renew", d.Renew(ctx, old, noon.Add(time.Hour)))
	_, err := d.Request(ctx, old)
	conflict("wish", err)
	conflict("note", d.Note(ctx, old, run.Note{Events: []run.Event{{At: noon, Text: words.Say("late")}}}))
	conflict("progress", d.Progress(ctx, old, "upload/1", 1, 2, 3))
	conflict("settle", d.RecordOutcome(ctx, old, run.Outcome{State: run.Succeeded}, noon))
	now := noon
	conflict("migration note", d.Migrations().Note(ctx, old, m.ID, migration.Change{Opened: &now}))
	conflict("ledger", d.Migrations().Ledger(old, m.ID, 1).Begun(ctx, objectstore.Begun{ID: "u"}))
	if err := d.RecordOutcome(ctx, newer, run.Outcome{State: run.Succeeded}, noon); err != nil {
		t.Fatal(err)
	}
	if events, _ := d.Events(ctx, m.RunID, 0, 10); len(events) != 0 {
		t.Errorf("a lost claim wrote %+v", events)
	}
}

func runsOfADeadLifeGoOnAtOnce(t *testing.T, open Open) {
	d := open(t)
	migrating(t, d, "1")
	claim(t, d, "dead", noon)
	if _, _, err := d.Claim(context.Background(), "alive", noon, time.Minute, 0); !fault.Is(err, fault.NotFound) {
		t.Fatalf("claimed under a living lease: %v", err)
	}
	if n, err := d.ReleaseOthers(context.Background(), "alive"); err != nil || n != 1 {
		t.Fatalf("released %d, %v", n, err)
	}
	if r, _ := claim(t, d, "alive", noon); r.Fence != 2 {
		t.Fatalf("fence %d, want 2", r.Fence)
	}
}

func aDecisionIsNotSleptOver(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	err := d.Migrations().Ask(ctx, m.ID, func(migration.Migration) (migration.Decision, audit.Entry, error) {
		return migration.Decision{Open: true}, entry("migration.open"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RecordOutcome(ctx, g, run.Outcome{State: run.Waiting, WakeAt: noon.Add(time.Hour)}, noon); err != nil {
		t.Fatal(err)
	}
	if r, _ := d.Run(ctx, m.RunID); r.State != run.Queued {
		t.Fatalf("the run is %s, want queued", r.State)
	}
}

// aRequestIsNotLost: a run is paused or canceled although its worker was just
// leaving it, or died before it heard.
func aRequestIsNotLost(t *testing.T, open Open) {
	ctx := context.Background()
	for to, left := range map[run.State]map[run.State]run.State{
		run.Paused:   {run.Waiting: run.Paused, run.Queued: run.Paused, run.Succeeded: run.Succeeded, run.Failed: run.Failed},
		run.Canceled: {run.Waiting: run.Canceled, run.Failed: run.Canceled, run.Succeeded: run.Succeeded},
	} {
		for outcome, want := range left {
			d := open(t)
			m := migrating(t, d, "1")
			_, g := claim(t, d, "me", noon)
			if err := d.Move(ctx, m.RunID, to, entry("run.move")); err != nil {
				t.Fatal(err)
			}
			if err := d.RecordOutcome(ctx, g, run.Outcome{State: outcome, WakeAt: noon.Add(time.Hour)}, noon); err != nil {
				t.Fatal(err)
			}
			if r, err := d.Run(ctx, m.RunID); err != nil || r.State != want {
				t.Errorf("asked to be %s, left %s: it is %s, want %s, %v", to, outcome, r.State, want, err)
			}
		}
		d := open(t)
		m := migrating(t, d, "1")
		claim(t, d, "dead", noon)
		if err := d.Move(ctx, m.RunID, to, entry("run.move")); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ReleaseOthers(ctx, "alive"); err != nil {
			t.Fatal(err)
		}
		_, g := claim(t, d, "alive", noon)
		if got, err := d.Request(ctx, g); err != nil || got == run.NoRequest {
			t.Errorf("asked to be %s before its worker died: the next one hears %q, %v", to, got, err)
		}
	}
}

func aDecisionOvertakesTheEngine(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	err := d.Migrations().Ask(ctx, m.ID, func(m migration.Migration) (migration.Decision, audit.Entry, error) {
		f := m.Files[1]
		f.State = migration.FileDropped
		return migration.Decision{Files: []migration.File{f}}, entry("migration.add-files"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The engine still holds what it read before.
	stale := m.Files[1]
	stale.State = migration.FileUploading
	if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Files: []migration.File{stale}}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Migrations().Migration(ctx, m.ID)
	if err != nil || got.Files[1].State != migration.FileDropped {
		t.Fatalf("file is %s, %v", got.Files[1].State, err)
	}
	c := migration.Call{ID: "c", Verb: migration.VerbImport, File: 2, Intended: noon}
	if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Call: &c}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a call with a dropped file was written down: %v", err)
	}
}

func aFileIsNotTakenBackFromTheTarget(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	f := m.Files[0]
	for _, state := range []migration.FileState{migration.FileStaged, migration.FileSent, migration.FileStaged} {
		f.State = state
		if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Files: []migration.File{f}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Migrations().Migration(ctx, m.ID); err != nil || got.Files[0].State != migration.FileSent {
		t.Fatalf("file is %s, %v", got.Files[0].State, err)
	}
}

func aRefusedDecisionLeavesNoTrace(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	before, err := d.VerifyAudit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	no := fault.New(fault.Conflict, "No.", "")
	err = d.Migrations().Ask(ctx, m.ID, func(migration.Migration) (migration.Decision, audit.Entry, error) {
		return migration.Decision{Terminate: true}, entry("migration.terminate"), no
	})
	if !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	after, err := d.VerifyAudit(ctx)
	if err != nil || after.Seq != before.Seq {
		t.Fatalf("audit grew from %d to %d, %v", before.Seq, after.Seq, err)
	}
	if got, _ := d.Migrations().Migration(ctx, m.ID); !got.TerminateAsked.IsZero() {
		t.Fatal("the decision was written")
	}
}

func ledgerSurvives(t *testing.T, open Open) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	l := d.Migrations().Ledger(g, m.ID, 1)
	crc, other := uint64(0xfedcba9876543210), uint64(7)
	steps := []error{
		l.Begun(ctx, objectstore.Begun{ID: "u1", Size: 100, PartSize: 60, Parts: 2, Fingerprint: "x y"}),
		l.PartDone(ctx, objectstore.Part{Number: 2, Size: 40, ETag: "E", CRC64: &crc}),
		l.PartDone(ctx, objectstore.Part{Number: 2, Size: 40, ETag: "E", CRC64: &crc, Source: &other}),
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.Load(ctx)
	if err != nil || s.ID != "u1" || s.Parts != 2 || len(s.Done) != 1 || *s.Done[0].CRC64 != crc || s.Done[0].Source == nil || *s.Done[0].Source != other {
		t.Fatalf("loaded %+v, %v", s, err)
	}
	if err := l.Completed(ctx, objectstore.Object{Key: "full.bak", Size: 100, CRC64: &crc}); err != nil {
		t.Fatal(err)
	}
	if s, err = l.Load(ctx); err != nil || s.Object == nil || *s.Object.CRC64 != crc || len(s.Done) != 1 {
		t.Fatalf("loaded %+v, %v", s, err)
	}
	if err := l.Begun(ctx, objectstore.Begun{ID: "u2"}); err != nil {
		t.Fatal(err)
	}
	if s, _ = l.Load(ctx); s.ID != "u2" || len(s.Done) != 0 || s.Object != nil {
		t.Fatalf("a new upload kept %+v", s)
	}
}

// handsAreSharedByPlace: a place that holds many hands gets no more of them than
// stay free, and the runs of others come first.
func handsAreSharedByPlace(t *testing.T, open Open) {
	d, ctx := open(t), context.Background()
	looked(t, d)
	for i, place := range []string{"hung", "hung", "hung", "hung", "well", "hung", "well"} {
		id := fmt.Sprint("r", i)
		w := policy.BackupJob{ID: id, RunID: id, ServerID: place, Kind: backup.Full}
		if err := d.Policies().Order(ctx, w, run.Run{ID: id, Kind: policy.RunKind, Subject: id, Place: place, Title: words.Say("t"), Created: noon}, entry("order")); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for idle := 5; idle > 0; idle-- { // of five hands
		r, _, err := d.Claim(ctx, "me", noon, time.Minute, idle)
		if err != nil {
			got += "- "
			break
		}
		got += r.ID + " "
	}
	if got != "r0 r4 r1 r6 - " {
		t.Errorf("began %s", got)
	}
	// Without regard to idle hands, those go on that are due.
	if r, _, err := d.Claim(ctx, "me", noon, time.Minute, 0); err != nil || r.ID != "r2" {
		t.Errorf("%s %v", r.ID, err)
	}
}
