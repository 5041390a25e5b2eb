package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestKeepOnAClockOfItsOwn(t *testing.T) {
	for _, tc := range []struct {
		name, zone, now string
		keep            Keep
		finished        []string // UTC
		want            []int
	}{
		{"days are of the clock: the long one of autumn", "America/New_York", "2026-11-01T12:00", Keep{Days: 1}, []string{"2026-10-31T10:59", "2026-10-31T11:00"}, []int{1}},
		{"days are of the clock: the short one of spring", "America/New_York", "2026-03-08T12:00", Keep{Days: 1}, []string{"2026-03-07T12:59", "2026-03-07T13:00"}, []int{1}},
		{"a day begins at midnight of the zone", "Asia/Shanghai", "2026-05-03T00:00", Keep{Daily: 9}, []string{"2026-05-01T15:59", "2026-05-01T16:00", "2026-05-01T17:00"}, []int{0, 1}},
		{"only days that have a set count", "UTC", "2026-05-30T00:00", Keep{Daily: 2}, []string{"2026-05-01T00:00", "2026-05-08T00:00", "2026-05-08T01:00", "2026-05-20T00:00"}, []int{1, 3}},
		{"1 January may be of last year's week", "UTC", "2027-01-10T00:00", Keep{Weekly: 2}, []string{"2026-12-28T00:00", "2027-01-01T00:00", "2027-01-03T23:59", "2027-01-04T00:00"}, []int{0, 3}},
		{"a leap year's last day", "UTC", "2025-01-10T00:00", Keep{Yearly: 2}, []string{"2024-01-01T00:00", "2024-12-31T23:59", "2025-01-01T00:00"}, []int{0, 2}},
		{"a year back from a leap day", "UTC", "2028-02-29T00:00", Keep{Days: 366}, []string{"2027-02-27T23:59", "2027-02-28T00:00"}, []int{1}},
		{"months", "Pacific/Auckland", "2026-07-01T00:00", Keep{Monthly: 2}, []string{"2026-05-31T11:59", "2026-05-31T12:00", "2026-06-30T12:00"}, []int{1, 2}},
		{"for ever", "UTC", "2026-07-01T00:00", Keep{}, []string{"1999-05-31T11:59"}, []int{0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			var finished []time.Time
			for _, f := range tc.finished {
				finished = append(finished, utc(f))
			}
			var got []int
			for i, g := range tc.keep.wants(finished, zone, utc(tc.now)) {
				if len(g) > 0 {
					got = append(got, i)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("kept %v, want %v", got, tc.want)
			}
		})
	}
}

// TestPruningIsQuick keeps the sets of a database with a log every quarter of
// an hour for three months.
func TestPruningIsQuick(t *testing.T) {
	var sets []backup.Record
	begin := utc("2026-01-01T00:00")
	for i := range 90 * 96 {
		at := begin.Add(time.Duration(i) * 15 * time.Minute)
		m := backup.Moment{Local: at, UTC: &at}
		s := backup.Set{Kind: backup.Log, ID: guid(i + 1), Complete: true, First: lsn(i), Last: lsn(i + 1), Finished: m}
		if i%(7*96) == 0 {
			s.Kind = backup.Full
			s.First = lsn(i)
		}
		sets = append(sets, backup.Record{ID: fmt.Sprintf("%06d", i), Origin: backup.ByUs, PolicyID: "p", State: backup.Complete, Set: s})
	}
	p := Policy{ID: "p", Zone: "Asia/Shanghai", Rules: []Rule{{Kind: backup.Full, Keep: Keep{Days: 30}}, {Kind: backup.Log, Keep: Keep{Days: 2}}}}
	began := time.Now()
	got, err := Prune(p, sets, begin.AddDate(0, 0, 90))
	if err != nil || len(got.Remove) == 0 || len(got.Lost) == 0 {
		t.Fatal(len(got.Remove), got.Lost, err)
	}
	if took := time.Since(began); took > 30*time.Second { // on a busy machine; the bench tells more
		t.Errorf("%d sets took %s", len(sets), took)
	}
}
