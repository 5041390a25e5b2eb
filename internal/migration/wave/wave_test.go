package wave

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/migration"
)

// TestAnOrderKeepsWhatHasBegun: whatever a person types, those that have begun
// keep their places, the others share the places they had among themselves.
func TestAnOrderKeepsWhatHasBegun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []migration.Summary
		wanted, free := map[string]int{}, map[int]bool{}
		for i := range rapid.IntRange(1, 30).Draw(t, "databases") {
			m := migration.Summary{ID: fmt.Sprint(i), Rank: i + 1, Begun: rapid.Bool().Draw(t, "begun")}
			if !m.Begun {
				free[m.Rank] = true
				if rapid.Bool().Draw(t, "named") {
					wanted[m.ID] = rapid.IntRange(1, 9).Draw(t, "place")
				}
			}
			all = append(all, m)
		}
		ranks, err := Arrange(all, wanted)
		if (err != nil) != (len(free) == 0) {
			t.Fatalf("%d can move: %v", len(free), err)
		}
		if err != nil {
			return
		}
		for id, rank := range ranks {
			if !free[rank] {
				t.Fatalf("%s got place %d", id, rank)
			}
			delete(free, rank)
		}
		if len(free) > 0 {
			t.Fatalf("places left over: %v", free)
		}
		for a, pa := range wanted {
			for b, pb := range wanted {
				if pa < pb && ranks[a] > ranks[b] {
					t.Fatalf("%s (%d) comes after %s (%d)", a, pa, b, pb)
				}
			}
		}
		for _, m := range all {
			if m.Begun {
				if _, err := Arrange(all, map[string]int{m.ID: 1}); err == nil {
					t.Fatal("what has begun was moved")
				}
			}
		}
	})
}

// TestTheRestOfACutover: what stands still goes on, what was not ordered is
// ordered, what cannot says why.
func TestTheRestOfACutover(t *testing.T) {
	at := time.Unix(1, 0)
	full := []migration.File{{Kind: "full", State: migration.FileApplied}}
	for _, tc := range []struct {
		name    string
		m       migration.Migration
		ok      bool
		cutover bool
	}{
		{"can", migration.Migration{Files: full, LiveSource: &migration.LiveSource{}}, true, true},
		{"stands still in its cutover", migration.Migration{Files: full, LiveSource: &migration.LiveSource{CutoverAsked: at}, Problem: &migration.Problem{}}, true, false},
		{"is on its way", migration.Migration{Files: full, LiveSource: &migration.LiveSource{CutoverAsked: at}}, false, false},
		{"has no full backup applied", migration.Migration{LiveSource: &migration.LiveSource{}}, false, false},
		{"was aborted", migration.Migration{Files: full, LiveSource: &migration.LiveSource{CutoverAsked: at, AbortAsked: at}, Problem: &migration.Problem{}}, false, false},
		{"is open", migration.Migration{Files: full, LiveSource: &migration.LiveSource{CutoverAsked: at}, Opened: at, Stage: migration.StageOpened}, false, false},
	} {
		if d, err := Resume(tc.m); (err == nil) != tc.ok || d.Cutover != tc.cutover {
			t.Errorf("%s: %+v, %v", tc.name, d, err)
		}
	}
	if CutoverBegan([]migration.Migration{{LiveSource: &migration.LiveSource{}}, {}}) || !CutoverBegan([]migration.Migration{{LiveSource: &migration.LiveSource{}}, {LiveSource: &migration.LiveSource{CutoverAsked: at}}}) {
		t.Error("whether the cutover began")
	}
}

// of is a migration of a wave that follows its source, under an id.
func of(id string, edit func(*migration.Migration)) migration.Migration {
	m := migration.Migration{ID: id, Database: id, Mode: migration.Pending, Checked: t0, Files: []migration.File{{Ord: 1, Kind: "full", State: migration.FileApplied}}, LiveSource: &migration.LiveSource{ServerID: "s", Freeze: migration.FreezeTail}}
	if edit != nil {
		edit(&m)
	}
	return m
}

// TestAWaveIsOrderedTogether: the cutover of all or of none, the rest and the
// abort of those that can.
func TestAWaveIsOrderedTogether(t *testing.T) {
	ready := of("ready", nil)
	early := of("early", func(m *migration.Migration) { m.Files[0].State = migration.FileSent })
	ordered := of("ordered", func(m *migration.Migration) { m.LiveSource.CutoverAsked = t0 })
	stuck := of("stuck", func(m *migration.Migration) {
		m.LiveSource.CutoverAsked, m.Problem = t0, &migration.Problem{}
	})
	opening := of("opening", func(m *migration.Migration) {
		m.LiveSource.CutoverAsked = t0
		m.Calls = []migration.Call{{Verb: migration.VerbOpen, Verdict: migration.Accepted}}
	})
	ended := of("ended", func(m *migration.Migration) { m.Stage, m.LiveSource.CutoverAsked = migration.StageOpened, t0 })
	aborted := of("aborted", func(m *migration.Migration) { m.LiveSource.AbortAsked = t0 })
	for _, tc := range []struct {
		name                 string
		all                  []migration.Migration
		cutover, rest, abort []string // who takes the order; nil = the order is refused
	}{
		{"all can", []migration.Migration{ready, of("two", nil)}, []string{"ready", "two"}, nil, []string{"ready", "two"}},
		{"one cannot yet", []migration.Migration{ready, early}, nil, nil, []string{"ready", "early"}},
		{"one has ended", []migration.Migration{ended, ready}, []string{"ready"}, []string{"ready"}, []string{"ready"}},
		{"all have ended", []migration.Migration{ended}, nil, nil, nil},
		{"one is ordered", []migration.Migration{ordered, ready}, nil, []string{"ready"}, []string{"ordered", "ready"}},
		{"one stands still", []migration.Migration{stuck, ready, early}, nil, []string{"stuck", "ready"}, []string{"stuck", "ready", "early"}},
		{"nothing is left that can", []migration.Migration{ordered, early}, nil, nil, []string{"ordered", "early"}},
		{"one is opening", []migration.Migration{opening, ready}, nil, []string{"ready"}, []string{"ready"}},
		{"all are opening", []migration.Migration{opening}, nil, nil, nil},
		{"one was aborted", []migration.Migration{aborted, ready}, nil, nil, []string{"ready"}},
		{"all were aborted", []migration.Migration{aborted}, nil, nil, nil},
	} {
		for what, order := range map[string]func(*fleet) ([]Result, error){
			"cutover": func(d *fleet) ([]Result, error) {
				return OrderCutover(t.Context(), d, "w", nil, migration.By{At: t0})
			},
			"rest": func(d *fleet) ([]Result, error) {
				return OrderRest(t.Context(), d, "w", nil, migration.By{At: t0})
			},
			"abort": func(d *fleet) ([]Result, error) {
				return OrderAbort(t.Context(), d, "w", "spring", "", migration.By{At: t0})
			},
		} {
			want := map[string][]string{"cutover": tc.cutover, "rest": tc.rest, "abort": tc.abort}[what]
			d := &fleet{others: tc.all}
			_, err := order(d)
			var asked []string
			for _, id := range want {
				asked = append(asked, "asked "+id)
			}
			if !slices.Equal(d.log, asked) || (err == nil) != (want != nil) {
				t.Errorf("%s, %s: %v, %v; want %v", tc.name, what, d.log, err, want)
			}
			for _, c := range d.decided {
				if c.Abort != (what == "abort") {
					t.Errorf("%s, %s: %+v", tc.name, what, c)
				}
			}
		}
	}
}

func TestStartWave(t *testing.T) {
	item := func(name string, fs ...migration.Finding) Item {
		return Item{Migration: migration.Migration{Database: name, LiveSource: &migration.LiveSource{}}, Findings: fs}
	}
	many := func(n int) (out []Item) {
		for i := range n {
			out = append(out, item(fmt.Sprint(i)))
		}
		return out
	}
	for _, tc := range []struct {
		name, wave string
		items      []Item
		whole      []migration.Finding
		created    int // -1 = no wave
	}{
		{"two", "spring", []Item{item("a"), item("b")}, nil, 2},
		{"one of them is barred", "spring", []Item{item("a", migration.Finding{Level: migration.Barred}), item("b")}, nil, 1},
		{"the wave is barred", "spring", []Item{item("a")}, []migration.Finding{{Level: migration.Barred}}, -1},
		{"the wave is warned of", "spring", []Item{item("a")}, []migration.Finding{{Level: migration.Warned}}, 1},
		{"no name", "", []Item{item("a")}, nil, -1},
		{"none", "spring", nil, nil, -1},
		{"as many as may be", "spring", many(Most), nil, Most},
		{"one too many", "spring", many(Most + 1), nil, -1},
	} {
		d := &fleet{}
		_, got, err := Start(t.Context(), d, tc.wave, tc.items, tc.whole, func() string { return "id" }, migration.By{At: t0})
		if (err == nil) != (tc.created >= 0) || len(d.log) != tc.created+1 || tc.created >= 0 && (d.log[0] != "wave" || len(got) != len(tc.items)) {
			t.Errorf("%s: %d created, %v", tc.name, len(d.log)-1, err)
		}
		if tc.created > 0 && (d.m.Rank != len(tc.items) || d.m.WaveID != "id") {
			t.Errorf("%s: the last begins at place %d of %q", tc.name, d.m.Rank, d.m.WaveID)
		}
	}
}

// TestTheAbortOfAWaveIsTyped to the letter.
func TestTheAbortOfAWaveIsTyped(t *testing.T) {
	for typed, ok := range map[string]bool{"spring": true, "Spring": false, "": false} {
		d := &fleet{others: []migration.Migration{of("ready", nil)}}
		if _, err := OrderAbort(t.Context(), d, "w", typed, "", migration.By{At: time.Unix(1, 0)}); (err == nil) != ok || (len(d.decided) == 1) != ok {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
