package backup

import "testing"

// TestWhatCountsAsTheLastBackup: from it follows when the next one is missed,
// so that a backup nobody can restore from must not make a database look safe.
func TestWhatCountsAsTheLastBackup(t *testing.T) {
	first, second := clock(12), clock(22)
	for _, tc := range []struct {
		name  string
		edit  func(*Record) // of the second
		want  Moment
		sets  int
		bytes int64
	}{
		{"the newer one", func(*Record) {}, second, 2, 14},
		{"a broken one takes room only", func(r *Record) { r.State = Broken }, first, 2, 14},
		{"one that was removed", func(r *Record) { r.State = Removed }, first, 1, 7},
		{"one that is gone", func(r *Record) { r.Gone = clock(30).Time() }, first, 1, 7},
	} {
		for _, kind := range []Kind{Full, Differential, Log} {
			records := make([]Record, 2)
			for i, at := range []Moment{first, second} {
				records[i] = Record{Origin: ByUs, State: Complete, Set: Set{Kind: kind, Finished: at, Complete: true}, Copies: []Copy{{BucketID: "b", Keys: []string{"k"}, Size: 7}}}
			}
			tc.edit(&records[1])
			p := Protect(records, Exempt{}, Promise{}, clock(100).Time())
			last := map[Kind]bool{Full: p.LastFull.Equal(tc.want.Time()), Differential: p.LastDifferential.Equal(tc.want.Time()), Log: p.LastLog.Equal(tc.want.Time())}
			if !last[kind] || p.Sets != tc.sets || p.Bytes != tc.bytes {
				t.Errorf("%s, %s: %s, %s, %s; %d sets, %d bytes", tc.name, kind, p.LastFull, p.LastDifferential, p.LastLog, p.Sets, p.Bytes)
			}
		}
	}
}
