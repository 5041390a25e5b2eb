package backup

import (
	"testing"

	"pgregory.net/rapid"
)

// TestFootingsAgreeWithTryingEverything compares what each set needs with a
// search that applies everything on everything.
func TestFootingsAgreeWithTryingEverything(t *testing.T) {
	check := func(sets []Set) func(t *rapid.T) {
		return func(t *rapid.T) { footingsAgree(t, sets) }
	}
	t.Run("lives of a database", rapid.MakeCheck(func(t *rapid.T) { check(anyHistory(t))(t) }))
	t.Run("wild numbers", rapid.MakeCheck(func(t *rapid.T) { check(wildSets(t))(t) }))
}

// TestADifferentialStandsOnTheSameFullEverywhere: by its ID, else by the
// checkpoint, of fulls that end before it the newest.
func TestADifferentialStandsOnTheSameFullEverywhere(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		trust []Trust
		on    int
	}{
		"by ID":                           {[]string{"F 1 10 12", "F 2 20 22", "D 3 30 32 base=1"}, nil, 0},
		"by LSN":                          {[]string{"F 1 10 12", "F 2 20 22", "D 3 30 32 lsnbase=10"}, nil, 0},
		"by LSN, not one that ends later": {[]string{"F 1 10 12", "F 7 10 40", "D 3 30 32 lsnbase=10"}, nil, 0},
		"by LSN beside an unknown ID":     {[]string{"F 1 10 12 noid", "D 3 30 32 base=9 lsnbase=10"}, nil, 0},
		"not by LSN beside another ID":    {[]string{"F 1 10 12", "D 3 30 32 base=9 lsnbase=10"}, nil, -1},
		"the more trusted of two":         {[]string{"F 1 10 12", "F 2 10 12 id=1", "D 3 30 32 base=1"}, []Trust{LastResort, Willingly, Willingly}, 1},
		"not on one that is not trusted":  {[]string{"F 1 10 12", "D 3 30 32 base=1"}, []Trust{Never, Willingly}, -1},
	} {
		sets := build(t, tt.lines...)
		pointers := make([]*Set, len(sets))
		for i := range sets {
			pointers[i] = &sets[i]
		}
		got := RestorePaths(pointers, func(i int) Trust {
			if tt.trust == nil {
				return Willingly
			}
			return tt.trust[i]
		})
		if p := got[len(got)-1]; p.On != tt.on || p.Sound != (tt.on >= 0) {
			t.Errorf("%s: %+v, want on %d", name, p, tt.on)
		}
	}
}

func footingsAgree(t *rapid.T, sets []Set) {
	pointers := make([]*Set, len(sets))
	trust := make([]Trust, len(sets))
	ref := &reference{}
	for i := range sets {
		pointers[i] = &sets[i]
		trust[i] = Trust(rapid.IntRange(0, 2).Draw(t, "trust"))
		if sets[i].Kind == Log && usable(&sets[i]) {
			ref.logs = append(ref.logs, &sets[i])
		}
	}
	got := RestorePaths(pointers, func(i int) Trust { return trust[i] })
	index := map[*Set]int{}
	for i := range pointers {
		index[pointers[i]] = i
	}
	// What each log can be reached from: beginning, and in how many steps.
	type way struct{ start, steps int }
	ways := map[int]map[way]bool{}
	level := map[int]Trust{} // of beginnings, by the set that begins
	for _, pair := range beginnings(sets) {
		start := pair[0]
		tr := trust[index[pair[0]]]
		steps := 1
		if pair[1] != nil {
			start, steps = pair[1], 2
			tr = min(tr, trust[index[pair[1]]])
			if trust[index[pair[1]]] == Never {
				continue
			}
		}
		if trust[index[pair[0]]] == Never {
			continue
		}
		level[index[start]] = max(level[index[start]], tr)
		frontier := map[stance]bool{{start.Fork, start.Last, nil}: true}
		for n := steps + 1; len(frontier) > 0 && n < 12; n++ {
			next := map[stance]bool{}
			for s := range frontier {
				for _, l := range ref.logs {
					if to, ok := ref.joins(s, l); ok {
						next[to] = true
						i := index[l]
						if ways[i] == nil {
							ways[i] = map[way]bool{}
						}
						ways[i][way{index[start], n}] = true
					}
				}
			}
			frontier = next
		}
	}
	for i := range sets {
		s, f := &sets[i], got[i]
		if s.Kind != Log {
			if _, ok := level[i]; f.Sound != ok {
				t.Fatalf("data backup %d: sound %v, the reference %v", i, f.Sound, ok)
			}
			continue
		}
		if f.Sound != (len(ways[i]) > 0) {
			t.Fatalf("log %d: sound %v, the reference knows %d ways", i, f.Sound, len(ways[i]))
		}
		if !f.Sound {
			continue
		}
		if !ways[i][way{f.Start, f.Steps}] {
			t.Fatalf("log %d: no way from %d in %d steps", i, f.Start, f.Steps)
		}
		for w := range ways[i] {
			a, b := level[w.start], level[f.Start]
			if a > b || a == b && newer(&sets[w.start], &sets[f.Start]) || w.start == f.Start && w.steps < f.Steps {
				t.Fatalf("log %d: %+v is better than %+v", i, w, f)
			}
		}
		if before := &sets[f.On]; before.Kind == Log {
			if _, ok := ref.joins(stance{before.Fork, before.Last, before}, s); !ok {
				t.Fatalf("log %d does not join on %d", i, f.On)
			}
		}
	}
}
