package sqlite

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/run"
)

// TestWhatALaterRunMadeGoodNeedsNobody: the same work at the same subject, and a
// success behind the failure.
func TestWhatALaterRunMadeGoodNeedsNobody(t *testing.T) {
	d := must[*DB](t)(living(t, t.TempDir()))
	now := time.Now().UTC()
	for _, r := range []struct {
		id, kind, subject, title, state string
	}{
		{"01", "backup", "s1", "Nightly", "failed"}, // made good by 03
		{"02", "backup", "s2", "Nightly", "failed"}, // another server
		{"03", "backup", "s1", "Nightly", "succeeded"},
		{"04", "backup", "s1", "Nightly", "failed"},  // failed again since
		{"05", "backup", "s1", "Hourly", "failed"},   // another work
		{"06", "prune", "s1", "Hourly", "succeeded"}, // another kind
	} {
		finished := int64(0)
		if r.state == "succeeded" {
			finished = micros(now)
		}
		if _, err := d.write.ExecContext(t.Context(), `INSERT INTO runs (id, kind, subject, title, state, created, finished) VALUES (?,?,?,?,?,?,?)`, r.id, r.kind, r.subject, r.title, r.state, micros(now), finished); err != nil {
			t.Fatal(err)
		}
	}
	found := must[[]run.Run](t)(d.Runs(t.Context(), run.Filter{States: []run.State{run.Failed}, Current: true}))
	var ids []string
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, []string{"05", "04", "02"}) {
		t.Errorf("%v", ids)
	}
}
