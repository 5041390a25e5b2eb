package backup

import (
	"strings"
	"testing"
)

// TestWholeMeansUpToTheNewest: a set that no plan can use is named when it is
// newer than what the plan reaches, and only then.
func TestWholeMeansUpToTheNewest(t *testing.T) {
	for _, tt := range []struct {
		name, newest, want, words string
	}{
		{"a partial or file backup", "O 5 40 42", "F1 L2 | O5:unsupported | newer", "file, filegroup or partial"},
		{"a differential of several bases", "D 5 40 42", "F1 L2 | D5:unsupported | newer", "no single full backup"},
		{"a snapshot", "F 5 40 42 snapshot", "F1 L2 | F5:unsupported | newer", "snapshot"},
		{"an empty log further on", "L 5 40 40 idle", "F1 L2 | L5:covered | newer", "more"},
		{"on a fork where nothing leads", "O 5 15 16 fork=1", "F1 L2 | O5:unsupported | ", ""},
		{"newer on a fork where nothing leads", "O 5 40 42 fork=1", "F1 L2 | O5:unsupported | newer", "newer"},
		{"older", "O 5 15 16", "F1 L2 | O5:unsupported | ", ""},
		{"an empty log at the end", "L 5 20 20 idle", "F1 L2 | L5:covered | ", ""},
		{"cut off, so that it tells no LSN", "O 5 0 0 unknown cut", "F1 L2 | O5:unsupported | newer", "newer"},
	} {
		p := Plans(build(t, "F 1 10 12", "L 2 10 20 begins", tt.newest), Options{})[0]
		if got := picture(p); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			continue
		}
		if p.Whole() != (tt.words == "") {
			t.Errorf("%s: whole %v", tt.name, p.Whole())
		}
		for _, m := range p.Missing {
			if !strings.Contains(m.Words, tt.words) || !strings.Contains(m.Words, m.After.FileName()) || m.Fix == "" {
				t.Errorf("%s: %q %q", tt.name, m.Words, m.Fix)
			}
		}
	}
	lines := []string{"F 1 10 12", "L 2 10 20 begins", "O 5 40 42"}
	if p := Plans(build(t, lines...), stopAt(15, 0))[0]; !p.Whole() {
		t.Errorf("a moment before it is reached all the same: %s", picture(p))
	}
	if p := Plans(build(t, append(lines, "L 6 20 50")...), Options{})[0]; !p.Whole() {
		t.Errorf("logs lead past it: %s", picture(p))
	}
}

func TestADifferentialIsFoundByTheLSNOfItsBase(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		want  string
	}{
		"without its GUID":             {[]string{"F 1 10 12", "F 2 20 22", "D 3 30 32 lsnbase=10", "D 4 40 42 lsnbase=20"}, "F2 D4 | F1:not_the_base D3:wrong_base | "},
		"without the GUID of the full": {[]string{"F 1 10 12 noid", "D 3 30 32 base=9 lsnbase=10"}, "F1 D3 |  | "},
		"not on a copy-only full":      {[]string{"F 1 10 12 copy", "D 3 30 32 lsnbase=10"}, "F1 | D3:wrong_base | base"},
		"not on another fork":          {[]string{"F 1 10 12", "D 3 30 32 lsnbase=10 fork=1"}, "F1 | D3:wrong_base | base"},
		"of two the one before it":     {[]string{"F 1 10 12", "F 5 10 12", "D 6 10 14 lsnbase=10"}, "F5 D6 | F1:not_the_base | "},
		"where the base is not here":   {[]string{"F 1 10 12", "D 3 30 32 lsnbase=15"}, "F1 | D3:wrong_base | base"},
		"the GUID wins":                {[]string{"F 1 10 12", "F 2 20 22", "D 3 30 32 base=1 lsnbase=20"}, "F1 D3 | F2:not_the_base | "},
	} {
		sets := build(t, tt.lines...)
		if got := picture(Plans(sets, Options{})[0]); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	sets := build(t, "F 1 10 12", "D 3 30 32 lsnbase=10")
	if paths := RestorePaths([]*Set{&sets[0], &sets[1]}, func(int) Trust { return Willingly }); !paths[1].Sound || paths[1].On != 0 {
		t.Errorf("stands on %+v", paths[1])
	}
}

// TestNobodyIsSentForASnapshot: the data of a snapshot is in no file.
func TestNobodyIsSentForASnapshot(t *testing.T) {
	for name, base := range map[string]string{"by its GUID": "base=2", "by its LSN": "lsnbase=20"} {
		for _, first := range []string{"F 1 10 12", "L 1 5 8"} {
			p := Plans(build(t, first, "F 2 20 22 snapshot", "D 3 30 32 "+base), Options{})[0]
			found := false
			for _, m := range p.Missing {
				if m.MissingKind == MissingBase {
					found = true
					if strings.Contains(m.Fix, "Add that") || !strings.Contains(m.Words, "F2") || !strings.Contains(m.Fix, "copy-only") {
						t.Errorf("%s: %q %q", name, m.Words, m.Fix)
					}
				}
			}
			if !found {
				t.Errorf("%s: %s", name, picture(p))
			}
		}
	}
	p := Plans(build(t, "F 1 10 12", "D 3 30 32 base=7"), Options{})[0]
	if len(p.Missing) != 1 || !strings.Contains(p.Missing[0].Fix, "snapshot") || strings.Contains(p.Missing[0].Fix, "newest full backup here") {
		t.Errorf("%+v", p.Missing)
	}
}
