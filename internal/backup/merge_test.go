package backup

import (
	"testing"
	"time"
)

// TestWhatBringsARemovedSetBack: a server's history keeps telling of sets whose
// files were removed long ago. Only who sees the files, or the service that
// keeps the set, makes a restore from it possible again.
func TestWhatBringsARemovedSetBack(t *testing.T) {
	gone := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	files := []Copy{{BucketID: "b", Keys: []string{"a.bak"}, Size: 7}}
	for _, tc := range []struct {
		name  string
		was   Record
		found Record
		want  RecordState
	}{
		{"the history tells of it again", Record{Origin: ByUs, State: Removed}, Record{Origin: ByOthers, State: Complete}, Removed},
		{"the history tells of it again, with files", Record{Origin: ByUs, State: Removed}, Record{Origin: ByOthers, State: Complete, Copies: files}, Removed},
		{"of one that others took", Record{Origin: ByOthers, State: Removed}, Record{Origin: ByOthers, State: Complete}, Removed},
		{"seen in a bucket", Record{Origin: ByUs, State: Removed}, Record{Origin: InBucket, State: Complete, Copies: files}, Complete},
		{"seen in no bucket", Record{Origin: ByUs, State: Removed}, Record{Origin: InBucket, State: Complete}, Removed},
		{"taken by us, and nowhere", Record{Origin: ByUs, State: Removed}, Record{Origin: ByUs, State: Complete}, Removed},
		{"listed by the service", Record{Origin: InCloud, State: Removed}, Record{Origin: InCloud, State: Complete}, Complete},
		{"found broken in a bucket", Record{Origin: ByUs, State: Removed}, Record{Origin: InBucket, State: Broken, Copies: files}, Broken},
		{"what is whole stays whole", Record{Origin: ByUs, State: Complete}, Record{Origin: ByOthers, State: Broken}, Complete},
		{"nothing is said of its state", Record{Origin: ByUs, State: Broken}, Record{Origin: ByUs}, Broken},
	} {
		if tc.was.State == Removed {
			tc.was.Gone = gone
		}
		got := tc.was.Merge(tc.found)
		if got.State != tc.want || (got.State == Removed) != got.Gone.Equal(gone) {
			t.Errorf("%s: %s, gone %s, want %s", tc.name, got.State, got.Gone, tc.want)
		}
	}
}
