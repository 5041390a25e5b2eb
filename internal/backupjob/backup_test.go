package backupjob

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
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
	for want, rows := range map[string][]backup.HistoryRow{"was found in the server's history": history(1, false), "was found by its file": nil} {
		w := newWorld(t)
		w.box.named = rows
		w.shelves["folder"].files["shop.bak"] = bak(1)
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
		w.shelves["folder"].files["shop.bak"] = bak(1)
		o := shopOrder()
		if err := w.job().take(t.Context(), shopPlan, &o); err != nil {
			t.Fatal(err)
		}
		r := w.library.put[0]
		if (r.State == backup.Broken) != damaged || len(r.Copies) != 1 || r.Copies[0].Size != bakSize || r.Copies[0].BucketID != "folder" || r.Origin != backup.ByUs || r.PolicyID != "p" {
			t.Errorf("damaged %v: %+v", damaged, r)
		}
	}
	w := newWorld(t)
	w.box.after = history(1, false)
	o := shopOrder()
	o.Keys = []string{"shop.bak", "shop2.bak"}
	w.shelves["folder"].files["shop.bak"] = bak(1)
	if err := w.job().take(t.Context(), shopPlan, &o); err != nil || o.Seen || len(w.library.put[0].Copies) != 0 {
		t.Errorf("one of two files is seen: %v %+v", err, o)
	}
}

func TestWhatVerifyingMakesOfASet(t *testing.T) {
	for _, c := range []struct {
		what    string
		err     error
		reads   []byte             // GUIDs of the sets that the server reads there
		state   backup.RecordState // as the catalogue has it; empty = not written
		verdict Verdict
		kind    fault.Kind
	}{
		{"it is sound", nil, []byte{1}, backup.Complete, Accepted, fault.Unknown},
		{"another stands behind it", nil, []byte{1, 2}, backup.Complete, Accepted, fault.Unknown},
		{"it is damaged", errRefused, []byte{1}, backup.Broken, Refused, fault.Invalid},
		{"the server went away", errAway, []byte{1}, "", Accepted, fault.Unavailable},
		{"a sound set of another server lies there", nil, []byte{2}, backup.Complete, Refused, fault.Conflict},
		{"a damaged set of another server lies there", errRefused, []byte{2}, backup.Complete, Refused, fault.Conflict},
		{"nothing lies there", nil, nil, backup.Complete, Refused, fault.Conflict},
	} {
		w := newWorld(t)
		w.box.named, w.box.testing = history(1, false), c.err
		for i, id := range c.reads {
			w.box.headers = append(w.box.headers, backup.Set{ID: guid(id), Kind: backup.Full, Database: "shop", Complete: true, Files: []backup.SetFile{{Position: i + 1}}})
		}
		o := shopOrder()
		o.Verdict, o.Intended, o.SetID, o.Seen = Accepted, noon, guid(1), true
		w.library.records = []backup.Record{{ID: "set", InstanceID: "i", Database: "shop", Set: backup.Set{ID: guid(1)}}}
		err := w.job().verify(t.Context(), shopPlan, &o)
		var state backup.RecordState
		if len(w.library.put) > 0 {
			state = w.library.put[0].State
		}
		sound := c.kind == fault.Unknown
		if fault.Of(err) != c.kind || state != c.state || o.Verdict != c.verdict || o.Verified.Equal(noon) != sound {
			t.Errorf("%s: %v, %q, %+v", c.what, err, state, o)
		}
		if sound && !w.library.put[0].Verified.Equal(noon) {
			t.Error("the catalogue does not know that it is verified")
		}
		if strayed := c.kind == fault.Conflict; strayed != (len(w.library.dropped) == 1) || strayed && (o.Seen || !w.library.put[0].Verified.IsZero()) {
			t.Errorf("%s: the catalogue lets go of %v, %+v", c.what, w.library.dropped, o)
		}
	}
}

// TestASetThatWasOverwrittenAtOnceIsNoBackup: the server's history tells of it,
// and its file holds another server's.
func TestASetThatWasOverwrittenAtOnceIsNoBackup(t *testing.T) {
	w := newWorld(t)
	w.box.after = history(1, false)
	w.box.during = func() { w.shelves["folder"].files["shop.bak"] = bak(2) }
	w.library.records = []backup.Record{{ID: "set", InstanceID: "i", Database: "shop", Set: backup.Set{ID: guid(1)}}}
	o := shopOrder()
	err := w.job().take(t.Context(), shopPlan, &o)
	if !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != identity.CodeOtherSet || o.Verdict != Refused || o.Seen || len(w.library.dropped) != 1 {
		t.Errorf("%v, %+v, dropped %v", err, o, w.library.dropped)
	}
}

// TestNobodysBackupIsWrittenOver but a broken one of the order itself.
func TestNobodysBackupIsWrittenOver(t *testing.T) {
	for _, c := range []struct {
		what  string
		file  []byte
		name  string // of the order
		taken bool
	}{
		{"nothing is there", nil, "bakplane policy p", true},
		{"what the order itself left", bak(3)[:bakSize-4096], "bakplane policy p", true},
		{"a whole one of its name", bak(3), "bakplane policy p", true},
		{"a whole one of another name", bak(3), "bakplane policy q", false},
		{"no backup", []byte("x"), "bakplane policy q", true},
	} {
		w := newWorld(t)
		w.box.after = history(1, false)
		w.box.during = func() { w.shelves["folder"].files["shop.bak"] = bak(1) }
		if c.file != nil {
			w.shelves["folder"].files["shop.bak"] = c.file
		}
		o := shopOrder()
		o.Name = c.name
		err := w.job().take(t.Context(), shopPlan, &o)
		if (err == nil) != c.taken || w.box.did("backup") != c.taken || !c.taken && fault.CodeOf(err) != identity.CodeOtherSet {
			t.Errorf("%s: %v", c.what, err)
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

// TestOnlyTheSetItselfIsCopied to a bucket.
func TestOnlyTheSetItselfIsCopied(t *testing.T) {
	for what, file := range map[string][]byte{"another": bak(2), "cut": bak(1)[:bakSize-4096]} {
		w := newWorld(t)
		w.shelves["b"] = &shelf{}
		w.shelves["folder"].files["shop.bak"] = file
		s, o := shopPlan, shopOrder()
		s.BucketID, o.SetID, o.Seen = "b", guid(1), true
		if err := w.job().copyOn(t.Context(), s, &o); !fault.Is(err, fault.Conflict) || !o.Copied.IsZero() || len(w.library.put) > 0 {
			t.Errorf("%s: %v %+v", what, err, o)
		}
	}
}
