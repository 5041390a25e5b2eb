package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestAProofIsTakenOfTheTail: what the server tells now must join the tail that
// the target applied, and nothing may have been written since before it.
func TestAProofIsTakenOfTheTail(t *testing.T) {
	before := backup.WriteActivity{At: t0, Started: t0.Add(-time.Hour), LastLog: lsn(20), Rows: 7, Updates: map[string]int64{"a": 1}}
	now := before
	now.At, now.LastLog = t0.Add(time.Minute), lsn(30)
	for _, tc := range []struct {
		name   string
		edit   func(m *Migration, q *backup.WriteActivity)
		proven bool
	}{
		{"still", func(*Migration, *backup.WriteActivity) {}, true},
		{"a row more", func(_ *Migration, q *backup.WriteActivity) { q.Rows++ }, false},
		{"a log of others", func(_ *Migration, q *backup.WriteActivity) { q.LastLog = lsn(31) }, false},
		{"nothing was noted before", func(m *Migration, _ *backup.WriteActivity) { m.LiveSource.Before = backup.WriteActivity{} }, false},
	} {
		d, j := at(cutOver(FreezeStopped, func(m *Migration) { m.LiveSource.Before = before }), t0.Add(time.Hour))
		q := now
		tc.edit(&d.m, &q)
		d.source.activity = q
		if err := j.prove(t.Context(), d.m, &d.source); err != nil {
			t.Fatal(err)
		}
		if p := d.last().Proven; (p != nil) != tc.proven || p != nil && !p.Equal(t0.Add(time.Hour)) {
			t.Errorf("%s: proven %v", tc.name, p)
		}
		if p := d.m.Problem; (p != nil) == tc.proven || p != nil && (p.Code != CodeWritten || p.Actions[0] != ButtonOneMore) {
			t.Errorf("%s: %+v", tc.name, p)
		}
	}
}
