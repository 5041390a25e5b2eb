package sqlite

import (
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/audit"
)

// TestPagesOfTheAuditTrailHoldEachRowOnce, of everything and of one subject:
// whoever reads to the end has read all, newest first, and nothing twice.
func TestPagesOfTheAuditTrailHoldEachRowOnce(t *testing.T) {
	d := open(t)
	want := map[string][]int64{}
	for i := range 11 {
		subject := []string{"set/1", "set/2", "set/10"}[i%3]
		if err := d.Record(t.Context(), audit.New(audit.Engine, noon, "backup.prune", subject, "Removed.")); err != nil {
			t.Fatal(err)
		}
		for _, of := range []string{"", subject} {
			want[of] = slices.Insert(want[of], 0, int64(i+1))
		}
	}
	for subject, all := range want {
		for _, size := range []int{1, 2, 3, len(all), len(all) + 1} {
			var got []int64
			for before, more := int64(0), true; more && len(got) <= len(all); {
				page, err := d.AuditEntries(t.Context(), subject, before, size)
				if err != nil || len(page) > size {
					t.Fatalf("%d rows of %d, %v", len(page), size, err)
				}
				for _, e := range page {
					got, before = append(got, e.Seq), e.Seq
				}
				more = len(page) > 0
			}
			if !slices.Equal(got, all) {
				t.Errorf("%q by %d: %v, want %v", subject, size, got, all)
			}
		}
	}
}
