package audit

import (
	"errors"
	"testing"
	"time"
)

func sealed(c Chain, n int) []Entry {
	at := time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)
	var prev Hash
	var out []Entry
	for i := range n {
		e := New(Actor{Name: "ana", Via: "web"}, at.Add(time.Duration(i)*time.Second), "migration.start", "migration/1", "started").
			With(nil, map[string]int{"n": i})
		e = c.Seal(e, int64(i+1), prev)
		prev = e.Hash
		out = append(out, e)
	}
	return out
}

func TestWalkAcceptsWhatWasSealed(t *testing.T) {
	c := NewChain([]byte("0123456789abcdef"))
	w := Walk{Chain: c}
	for _, e := range sealed(c, 5) {
		if err := w.Step(e); err != nil {
			t.Fatal(err)
		}
	}
	if w.Seq != 5 {
		t.Fatalf("checked up to %d, want 5", w.Seq)
	}
}

func TestWalkFindsTheFirstBrokenEntry(t *testing.T) {
	c := NewChain([]byte("0123456789abcdef"))
	for name, tc := range map[string]struct {
		tamper func([]Entry) []Entry
		seq    int64
	}{
		"summary changed": {func(es []Entry) []Entry { es[2].Summary = "stopped"; return es }, 3},
		"after changed":   {func(es []Entry) []Entry { es[1].After = []byte(`{"n":9}`); return es }, 2},
		"moved between fields": {func(es []Entry) []Entry {
			es[1].Action, es[1].Subject = "migration.startm", "igration/1"
			return es
		}, 2},
		"entry removed": {func(es []Entry) []Entry { return append(es[:1], es[2:]...) }, 2},
		"first removed": {func(es []Entry) []Entry { return es[1:] }, 1},
		"two swapped":   {func(es []Entry) []Entry { es[3], es[4] = es[4], es[3]; return es }, 4},
		"sealed without key": {func(es []Entry) []Entry {
			es[4] = NewChain([]byte("another key, long")).Seal(es[4], 5, es[3].Hash)
			return es
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			w := Walk{Chain: c}
			for _, e := range tc.tamper(sealed(c, 6)) {
				if err := w.Step(e); err != nil {
					var b *Broken
					if !errors.As(err, &b) || b.Seq != tc.seq {
						t.Fatalf("broken at %v, want entry %d", err, tc.seq)
					}
					return
				}
			}
			t.Fatal("the chain was taken for whole")
		})
	}
}
