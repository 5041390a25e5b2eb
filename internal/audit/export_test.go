package audit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestExportedEntriesAreWholeOrSaidNotToBe.
func TestExportedEntriesAreWholeOrSaidNotToBe(t *testing.T) {
	c := NewChain([]byte("0123456789abcdef"))
	for name, tc := range map[string]struct {
		change func(folder string, all []Entry)
		seq    int64 // where it is broken; 0 = whole
	}{
		"whole": {func(string, []Entry) {}, 0},
		"written twice": {func(folder string, all []Entry) {
			if _, err := Export(folder, all[2:5]); err != nil {
				t.Fatal(err)
			}
		}, 0},
		"changed": {func(folder string, all []Entry) {
			all[4].Summary = "Did something else."
			if _, err := Export(folder, all[3:]); err != nil {
				t.Fatal(err)
			}
		}, 5},
		"a file is gone": {func(folder string, all []Entry) {
			if err := os.Remove(filepath.Join(folder, "audit-000000000001-000000000003.jsonl.gz")); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			folder, all := filepath.Join(t.TempDir(), "audit"), sealed(c, 6)
			all[1].Before, all[2] = []byte(`{ "odd":  "spaces" }`), c.Seal(all[2], 3, Hash{})
			for i := range all { // sealed anew, with bytes that JSON would write otherwise
				prev := Hash{}
				if i > 0 {
					prev = all[i-1].Hash
				}
				all[i] = c.Seal(all[i], int64(i+1), prev)
			}
			for _, part := range [][]Entry{all[:3], all[3:]} {
				if _, err := Export(folder, part); err != nil {
					t.Fatal(err)
				}
			}
			tc.change(folder, all)
			w, n := Walk{Chain: c}, 0
			err := Exported(folder, &w, func(Entry) { n++ })
			var b *Broken
			switch {
			case tc.seq == 0 && (err != nil || w.Seq != 6 || n != 6 || w.Head != all[5].Hash):
				t.Errorf("up to %d (%d entries), %v", w.Seq, n, err)
			case tc.seq > 0 && (!errors.As(err, &b) || b.Seq != tc.seq):
				t.Errorf("%v, want one broken at %d", err, tc.seq)
			}
		})
	}
}
