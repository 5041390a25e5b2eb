package policy

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestOneOpenRunForEachServerAndKind: a server at which the run before goes on
// gets no second one; the others do, and the slot says why.
func TestOneOpenRunForEachServerAndKind(t *testing.T) {
	at := time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC)
	p := Policy{ID: "p", Name: "P", Version: 1, Servers: []string{"a", "b"}}
	id := func() string { return "id" }
	of := func(kind backup.Kind) Batch {
		d := Decided{Slot: Slot{PolicyID: "p", Kind: kind, Local: "2026-05-01T02:00", At: at}, Verdict: Fired, Count: 1}
		return Batch{Slots: []Decided{d}, Runs: Queue(p, d, at, id)}
	}
	for _, c := range []struct {
		what    string
		open    []OpenRun
		runs    int
		verdict Verdict
		why     string
	}{
		{"nothing open", nil, 2, Fired, ""},
		{"another kind", []OpenRun{{"p", "a", "A", backup.Full, false}}, 2, Fired, ""},
		{"another policy", []OpenRun{{"q", "a", "A", backup.Log, false}}, 2, Fired, ""},
		{"one server", []OpenRun{{"p", "a", "A", backup.Log, false}}, 1, Fired, "The one before is still at work at A."},
		{"both", []OpenRun{{"p", "b", "B", backup.Log, false}, {"p", "a", "A", backup.Log, true}}, 0, Skipped, "The one before is still at work at A, B."},
		{"paused", []OpenRun{{"p", "b", "B", backup.Log, true}, {"p", "a", "A", backup.Log, true}}, 0, Skipped, "The log backup before it at A, B is paused by a person: resume or cancel it."},
	} {
		got := HoldBack(of(backup.Log), c.open)
		if len(got.Runs) != c.runs || got.Slots[0].Verdict != c.verdict || got.Slots[0].Why != c.why {
			t.Errorf("%s: %d runs, %s, %q", c.what, len(got.Runs), got.Slots[0].Verdict, got.Slots[0].Why)
		}
	}
}
