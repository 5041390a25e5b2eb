package drafting

import (
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestWordsOfARequest(t *testing.T) {
	for _, tc := range []struct {
		name string
		w    Request
		ok   bool
	}{
		{"nothing chosen", Request{Source: "b"}, true},
		{"pending", Request{Mode: "pending"}, true}, {"immediate", Request{Mode: "immediate"}, true}, {"another mode", Request{Mode: "now"}, false},
		{"async", Request{Check: "async"}, true}, {"sync", Request{Check: "sync"}, true}, {"another check", Request{Check: "none"}, false},
		{"keep", Request{Names: "keep"}, true}, {"safe", Request{Names: "safe"}, true}, {"other names", Request{Names: "mine"}, false},
		{"a moment", Request{StopAt: "2026-03-01T12:00:00+08:00"}, true}, {"no moment", Request{StopAt: "noon"}, false},
		{"no lineage", Request{Family: "x"}, false}, {"no full", Request{Base: "x"}, false}, {"no fork", Request{Fork: "x"}, false},
	} {
		m, err := tc.w.migration()
		if (err == nil) != tc.ok || tc.ok && m.StagingID != tc.w.Source || m.KeepNames != (tc.w.Names == "keep") {
			t.Errorf("%s: %+v, %v", tc.name, m, err)
		}
	}
	if m, _ := (Request{Source: "b", Staging: "c"}).migration(); m.StagingID != "c" {
		t.Errorf("staged in %q", m.StagingID)
	}
	if m, _ := (Request{StopAt: "2026-03-01T12:00:00+08:00"}).migration(); m.StopAt == nil || m.StopAt.UTC().Hour() != 4 {
		t.Errorf("stop at %v", m.StopAt)
	}
	for every, ok := range map[string]bool{"": true, "15m": true, "15": false, "soon": false} {
		if _, err := (LiveRequest{Every: every}).migration(); (err == nil) != ok {
			t.Errorf("every %q: %v", every, err)
		}
	}
}

// TestWhatIsReadyToStart: a whole chain, or a part that was agreed to; never
// while a choice is open.
func TestWhatIsReadyToStart(t *testing.T) {
	for _, tc := range []struct {
		name            string
		plan            *backup.Plan
		files           int
		partly, isReady bool
	}{
		{"whole", &backup.Plan{}, 1, false, true}, {"no plan", nil, 1, true, false}, {"no file", &backup.Plan{}, 0, false, false},
		{"a gap", &backup.Plan{Missing: make([]backup.Missing, 1)}, 1, false, false}, {"a gap, agreed", &backup.Plan{Missing: make([]backup.Missing, 1)}, 1, true, true},
		{"a choice, agreed to part", &backup.Plan{Choice: &backup.Choice{}}, 1, true, false},
	} {
		p := Plan{Draft: migration.Draft{Plan: tc.plan, Files: make([]migration.File, tc.files), Request: migration.FilesRequest{Partly: tc.partly}}}
		if got := p.Ready(); got != tc.isReady {
			t.Errorf("%s: ready %v", tc.name, got)
		}
	}
	steps := func(n int) backup.Plan { return backup.Plan{Steps: make([]backup.Step, n)} }
	if got := longest([]backup.Plan{steps(1), steps(3), steps(2)}); len(got.Steps) != 3 {
		t.Errorf("the longest has %d steps", len(got.Steps))
	}
	first := steps(2)
	first.Database = "first"
	if got := longest([]backup.Plan{first, steps(2)}); got.Database != "first" {
		t.Error("of equals the first is taken")
	}
}

func TestAWaveKeepsTheOrderAndDropsTwins(t *testing.T) {
	if got := distinct([]string{"b", "a", "", "b", "B"}); !slices.Equal(got, []string{"b", "a", "B"}) {
		t.Errorf("%q", got)
	}
	var names []string
	for _, d := range UserFirst([]backup.Database{{Name: "master"}, {Name: "Zoo"}, {Name: "msdb"}, {Name: "apple"}}) {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, []string{"apple", "Zoo", "master", "msdb"}) {
		t.Errorf("%q", names)
	}
	barred := WaveCheck{Findings: []migration.Finding{{Level: migration.Warned}, {Level: migration.Barred}}}
	broken := WaveCheck{Err: invalid("No.", "")}
	if barred.MayStart() || barred.why() == nil || broken.MayStart() || broken.why() == nil {
		t.Error("what is barred starts")
	}
	if ok := (WaveCheck{Findings: []migration.Finding{{Level: migration.Warned}}}); !ok.MayStart() || ok.why() != nil {
		t.Error("a warning keeps it from starting")
	}
	for level, bars := range map[migration.Level]bool{migration.Passed: false, migration.Warned: false, migration.Barred: true} {
		v := WaveChecked{Whole: []migration.Finding{{Code: "wave-calls", Level: level}}}
		if v.Fits() == bars || (v.whyNot() != nil) != bars {
			t.Errorf("the wave with a line %s: fits %v", level, v.Fits())
		}
	}
}

// TestMisnamed: .bak stands for every kind, the others for their own.
func TestMisnamed(t *testing.T) {
	for name, kinds := range map[string]string{"a.bak": "full differential log", "a.TRN": "log", "a.log": "log", "a.dif": "differential", "a.diff": "differential", "a.full": "full"} {
		for _, kind := range []backup.Kind{backup.Full, backup.Differential, backup.Log} {
			s := &backup.Set{Kind: kind, Files: []backup.SetFile{{Name: name}}}
			if got := Misnamed(s); (got == "") != strings.Contains(kinds, string(kind)) {
				t.Errorf("%s as a %s: %q", name, kind, got)
			}
		}
	}
}
