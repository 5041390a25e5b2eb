package aliyunemu

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/bakfile"
)

func at(n int) bakfile.LSN { return bakfile.LSN{VLF: 30, Block: uint32(n), Slot: 1} }

func logSet(first, last int, fork byte) *bakfile.Set {
	return &bakfile.Set{Type: bakfile.TypeLog, FirstLSN: at(first), LastLSN: at(last), FamilyGUID: bakfile.GUID{1},
		RecoveryForkID: bakfile.GUID{fork}, FirstRecoveryForkID: bakfile.GUID{fork}, SetGUID: bakfile.GUID{byte(first), byte(last)}}
}

func TestApply(t *testing.T) {
	diff := func(base byte, last int) *bakfile.Set {
		return &bakfile.Set{Type: bakfile.TypeDifferential, FirstLSN: at(last - 1), LastLSN: at(last), FamilyGUID: bakfile.GUID{1},
			DifferentialBaseGUID: bakfile.GUID{base}, RecoveryForkID: bakfile.GUID{2}, FirstRecoveryForkID: bakfile.GUID{2}}
	}
	crossing := logSet(90, 130, 2)
	crossing.RecoveryForkID, crossing.ForkPointLSN = bakfile.GUID{3}, at(110)
	late := logSet(90, 130, 2)
	late.RecoveryForkID, late.ForkPointLSN = bakfile.GUID{3}, at(99)
	onto := logSet(90, 130, 2) // from a fork before, to the one the database is on
	onto.FirstRecoveryForkID, onto.ForkPointLSN = bakfile.GUID{1}, at(99)
	beyond := logSet(90, 130, 2)
	beyond.FirstRecoveryForkID, beyond.ForkPointLSN = bakfile.GUID{1}, at(110)
	foreign := logSet(90, 130, 2)
	foreign.FamilyGUID = bakfile.GUID{7}
	for name, c := range map[string]struct {
		set      *bakfile.Set
		copyOnly bool
		text     string // empty: applied
		after    int
	}{
		"joins":                {logSet(100, 120, 2), false, "", 120},
		"overlaps":             {logSet(50, 120, 2), false, "", 120},
		"gap":                  {logSet(101, 120, 2), false, "too recent to apply", 100},
		"before":               {logSet(50, 99, 2), false, "too early to apply", 100},
		"ends where it stands": {logSet(50, 100, 2), false, "too early to apply", 100},
		"other fork":           {logSet(100, 120, 9), false, "recovery path that is inconsistent", 100},
		"fork ahead":           {crossing, false, "", 130},
		"fork behind":          {late, false, "recovery path that is inconsistent", 100},
		"onto its fork":        {onto, false, "", 130},
		"fork not reached":     {beyond, false, "recovery path that is inconsistent", 100},
		"other database":       {foreign, false, "a database other than the existing", 100},
		"differential":         {diff(5, 140), false, "", 140},
		"other base":           {diff(6, 140), false, "correct earlier state", 100},
		"copy-only base":       {diff(5, 140), true, "correct earlier state", 100},
		"older differential":   {diff(5, 90), false, "correct earlier state", 100},
	} {
		db := &Database{Name: "Shop", LastLSN: at(100), Fork: bakfile.GUID{2}, Family: bakfile.GUID{1}, Base: bakfile.GUID{5}, CopyOnly: c.copyOnly}
		text := db.apply(c.set)
		if (text == "") != (c.text == "") || !strings.Contains(text, c.text) || db.LastLSN != at(c.after) {
			t.Errorf("%s: %q, at %s", name, text, db.LastLSN)
		}
		if text != "" && !strings.HasSuffix(text, "is terminating abnormally.") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// Whatever is offered in whatever order, a database only moves forward, and
// the sets it took join.
func TestApplyOnlyJoinsSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := &Database{LastLSN: at(100), Fork: bakfile.GUID{2}, Family: bakfile.GUID{1}}
		for range rapid.IntRange(1, 20).Draw(t, "offers") {
			first := rapid.IntRange(80, 160).Draw(t, "first")
			set := logSet(first, first+rapid.IntRange(0, 30).Draw(t, "length"), byte(rapid.IntRange(2, 3).Draw(t, "fork")))
			before := *db
			if db.apply(set) == "" {
				if set.FirstLSN.Compare(before.LastLSN) > 0 || db.LastLSN.Compare(before.LastLSN) <= 0 || db.LastLSN != set.LastLSN || set.RecoveryForkID != before.Fork {
					t.Fatalf("%+v took %s–%s", before, set.FirstLSN, set.LastLSN)
				}
			} else if db.LastLSN != before.LastLSN {
				t.Fatal("a refused set moved the database")
			}
		}
	})
}
