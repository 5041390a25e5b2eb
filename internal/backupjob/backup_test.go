package backupjob

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
)

// shopOrder is an order for shop that is written down.
func shopOrder() Order {
	return Order{ID: "o1", Ord: 1, Database: "shop", Kind: backup.Full, Name: "bakplane policy p", Paths: []string{"/bak/shop.bak"}, Keys: []string{"shop.bak"}, State: OrderOpen}
}

func history(id byte, damaged bool) []backup.HistoryRow {
	return []backup.HistoryRow{{Set: backup.Set{ID: guid(id), Kind: backup.Full, Finished: onClock(noon, 0), Damaged: damaged}}}
}

var shopPlan = Plan{Job: policy.BackupJob{PolicyID: "p", ServerID: "i", Kind: backup.Full}, Server: "SQL1", Attempt: 1}

func TestWhatBecomesOfABackup(t *testing.T) {
	for _, c := range []struct {
		what     string
		server   func(*box)
		sent     bool // the statement
		verdict  Verdict
		attempts int
		kind     fault.Kind // of the error; Unknown = none
		sets     int        // sets written
	}{
		{what: "it is taken", sent: true, verdict: Accepted, attempts: 1, sets: 1, server: func(b *box) { b.after = history(1, false) }},
		{what: "it was taken before", verdict: Adopted, sets: 1, server: func(b *box) { b.named = history(1, false) }},
		{what: "another backup of it runs", kind: fault.Unavailable, server: func(b *box) { b.running = []backup.RunningStatement{{Command: "BACKUP DATABASE"}} }},
		{what: "a restore of it runs", kind: fault.Unavailable, server: func(b *box) { b.running = []backup.RunningStatement{{Command: "RESTORE HEADERONLY"}} }},
		{what: "one of several is a backup", kind: fault.Unavailable, server: func(b *box) { b.running = []backup.RunningStatement{{Command: "DBCC"}, {Command: "BACKUP LOG"}} }},
		{what: "a check of it runs", sent: true, verdict: Accepted, attempts: 1, sets: 1, server: func(b *box) {
			b.running, b.after = []backup.RunningStatement{{Command: "DBCC CHECKDB"}}, history(1, false)
		}},
		{what: "the server cannot be asked", kind: fault.Unavailable, server: func(b *box) { b.away = errAway }},
		{what: "it is refused", sent: true, verdict: Refused, attempts: 1, kind: fault.Invalid, server: func(b *box) { b.taking = errRefused }},
		{what: "its answer is lost", sent: true, verdict: NoVerdict, attempts: 1, server: func(b *box) { b.taking = errAway }},
		{what: "it was never sent", sent: true, verdict: Void, attempts: 0, kind: fault.Unavailable, server: func(b *box) { b.taking = errors.Join(migration.ErrUndone, errAway) }},
		{what: "neither history nor folder show it", sent: true, verdict: NoVerdict, attempts: 1, kind: fault.Conflict, server: func(*box) {}},
	} {
		w := newWorld(t)
		c.server(w.box)
		w.box.during = func() { // the intent is on paper before the statement is
			if o := w.paper.orders[1]; !o.Intended.Equal(noon) || o.Attempts != 1 || o.Verdict != NoVerdict {
				t.Errorf("%s: sent before it was noted: %+v", c.what, o)
			}
		}
		j, o := w.job(), shopOrder()
		err := j.take(t.Context(), shopPlan, &o)
		if fault.Of(err) != c.kind || (err == nil) != (c.kind == fault.Unknown) || w.box.did("backup") != c.sent || o.Verdict != c.verdict || o.Attempts != c.attempts || len(w.library.put) != c.sets {
			t.Errorf("%s: %v, %v, %+v, %d sets", c.what, err, w.box.calls, o, len(w.library.put))
		}
		if c.verdict == NoVerdict && c.sent && !o.Unanswered() {
			t.Errorf("%s: nobody looks for it: %+v", c.what, o)
		}
		if written := w.paper.orders[1]; c.sets == 1 && (written.SetID != guid(1) || written.Verdict != c.verdict) {
			t.Errorf("%s: on paper %+v", c.what, written)
		}
	}
}

func TestOneDatabaseHasOneBackupAtATime(t *testing.T) {
	w := newWorld(t)
	w.box.after = history(1, false)
	leave, err := backup.Enter(t.Context(), w.kit.Limits, "i", "SHOP", 2)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	o := shopOrder()
	if err := w.job().take(gone, shopPlan, &o); err == nil || len(w.box.calls) > 0 {
		t.Errorf("beside another: %v, %v", err, w.box.calls)
	}
	leave()
	if err := w.job().take(t.Context(), shopPlan, &o); err != nil || o.Verdict != Accepted {
		t.Errorf("behind it: %v, %+v", err, o)
	}
}

func TestAStatementWithoutAnAnswerIsLookedFor(t *testing.T) {
	for _, c := range []struct {
		what    string
		since   time.Duration // since it was sent; one minute settles it
		server  func(*box)
		verdict Verdict
	}{
		{"it is in the history", 0, func(b *box) { b.named = history(1, false) }, Adopted},
		{"in the history and at work", 0, func(b *box) { b.named, b.running = history(1, false), []backup.RunningStatement{{}} }, Adopted},
		{"at work, long after", time.Hour, func(b *box) { b.running = []backup.RunningStatement{{Command: "BACKUP DATABASE"}} }, NoVerdict},
		{"perhaps on its way", 59 * time.Second, func(*box) {}, NoVerdict},
		{"settled", time.Minute, func(*box) {}, Void},
		{"long settled", time.Hour, func(*box) {}, Void},
	} {
		w := newWorld(t)
		c.server(w.box)
		o := shopOrder()
		o.Intended, o.Attempts = noon.Add(-c.since), 1
		j := w.job()
		ctx, cancel := context.WithCancelCause(t.Context())
		if c.verdict == NoVerdict {
			cancel(errAway) // it would pause now, and look again
		}
		err := j.seek(ctx, shopPlan, &o)
		cancel(nil)
		if (c.verdict == NoVerdict) != errors.Is(err, errAway) || o.Verdict != c.verdict || o.Unanswered() != (c.verdict == NoVerdict) {
			t.Errorf("%s: %v %+v", c.what, err, o)
		}
		if len(w.box.calls) < 2 || w.box.calls[0] != "running" || w.box.calls[1] != "named" {
			t.Errorf("%s: asked in the order %v: what ends between the two is missed", c.what, w.box.calls)
		}
	}
}

// TestASetIsSaidToBeFoundWhereItWasFound: in the history, or by its file alone.
func TestASetIsSaidToBeFoundWhereItWasFound(t *testing.T) {
	o := shopOrder()
	var file bytes.Buffer
	set := bakfile.Set{Type: bakfile.TypeFull, Name: o.Name, Database: "shop", VersionMajor: 13, DatabaseVersion: 852, RecoveryModel: bakfile.RecoveryFull, SetGUID: guid(1),
		Started: bakfile.LocalTime{Time: noon}, Finished: bakfile.LocalTime{Time: noon}, FirstLSN: bakfile.LSN{VLF: 1}, LastLSN: bakfile.LSN{VLF: 2}, CheckpointLSN: bakfile.LSN{VLF: 1},
		Files: []bakfile.DataFile{{FileID: 1, LogicalName: "d", PhysicalName: `C:\d.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 8 << 20, SourceBlockSize: 512}}}
	if err := mtf.Write(&file, mtf.Spec{Sets: []mtf.Set{{Set: set, PayloadSize: 10 << 10}}}); err != nil {
		t.Fatal(err)
	}
	for want, rows := range map[string][]backup.HistoryRow{"was found in the server's history": history(1, false), "was found by its file": nil} {
		w := newWorld(t)
		w.box.named = rows
		w.shelves["folder"].files["shop.bak"], w.shelves["folder"].content = int64(file.Len()), map[string][]byte{"shop.bak": file.Bytes()}
		o := shopOrder()
		o.Intended, o.Attempts = noon.Add(-time.Hour), 1
		if err := w.job().seek(t.Context(), shopPlan, &o); err != nil || o.Verdict != Adopted || o.SetID != guid(1) {
			t.Fatalf("%s: %v, %+v", want, err, o)
		}
		if said := w.paper.changes[len(w.paper.changes)-1].Events[0].Text.String(); !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
}

func TestADamagedSetIsWrittenDownAsBroken(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		w := newWorld(t)
		w.box.after = history(1, damaged)
		w.shelves["folder"].files["shop.bak"] = 7
		o := shopOrder()
		if err := w.job().take(t.Context(), shopPlan, &o); err != nil {
			t.Fatal(err)
		}
		r := w.library.put[0]
		if (r.State == backup.Broken) != damaged || len(r.Copies) != 1 || r.Copies[0].Size != 7 || r.Copies[0].BucketID != "folder" || r.Origin != backup.ByUs || r.PolicyID != "p" {
			t.Errorf("damaged %v: %+v", damaged, r)
		}
	}
	w := newWorld(t)
	w.box.after = history(1, false)
	o := shopOrder()
	o.Keys = []string{"shop.bak", "shop2.bak"}
	w.shelves["folder"].files["shop.bak"] = 7
	if err := w.job().take(t.Context(), shopPlan, &o); err != nil || o.Seen || len(w.library.put[0].Copies) != 0 {
		t.Errorf("one of two files is seen: %v %+v", err, o)
	}
}

func TestWhatVerifyingMakesOfASet(t *testing.T) {
	for _, c := range []struct {
		what    string
		err     error
		state   backup.RecordState // as the catalogue has it; empty = not written
		verdict Verdict
		kind    fault.Kind
	}{
		{"it is sound", nil, backup.Complete, Accepted, fault.Unknown},
		{"it is damaged", errRefused, backup.Broken, Refused, fault.Invalid},
		{"the server went away", errAway, "", Accepted, fault.Unavailable},
	} {
		w := newWorld(t)
		w.box.named, w.box.testing = history(1, false), c.err
		o := shopOrder()
		o.Verdict, o.Intended, o.SetID, o.Seen = Accepted, noon, guid(1), true
		err := w.job().verify(t.Context(), shopPlan, &o)
		var state backup.RecordState
		if len(w.library.put) > 0 {
			state = w.library.put[0].State
		}
		if fault.Of(err) != c.kind || state != c.state || o.Verdict != c.verdict || (o.Verified.Equal(noon)) != (c.err == nil) {
			t.Errorf("%s: %v, %q, %+v", c.what, err, state, o)
		}
		if c.err == nil && !w.library.put[0].Verified.Equal(noon) {
			t.Error("the catalogue does not know that it is verified")
		}
	}
}

func TestFilesThatAreNotSeenAreNotCopied(t *testing.T) {
	w := newWorld(t)
	w.shelves["b"] = &shelf{}
	s, o := shopPlan, shopOrder()
	s.BucketID = "b"
	if err := w.job().copyOn(t.Context(), s, &o); !fault.Is(err, fault.Conflict) || !o.Copied.IsZero() || len(w.library.put) > 0 {
		t.Errorf("%v %+v", err, o)
	}
}
