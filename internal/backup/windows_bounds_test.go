package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWhatAWindowHolds: both ends, and nothing between the ends of a minimally
// logged log.
func TestWhatAWindowHolds(t *testing.T) {
	w := Window{From: clock(10).Time(), To: clock(40).Time(), Blind: []Span{{clock(20).Time(), clock(30).Time()}}}
	for _, tc := range []struct {
		at   time.Time
		want bool
	}{
		{clock(10).Time().Add(-1), false}, {clock(10).Time(), true}, {clock(20).Time(), true}, {clock(20).Time().Add(1), false},
		{clock(30).Time().Add(-1), false}, {clock(30).Time(), true}, {clock(40).Time(), true}, {clock(40).Time().Add(1), false},
	} {
		if got := w.Holds(tc.at); got != tc.want {
			t.Errorf("%s: %v", tc.at, got)
		}
	}
}

// TestHowFarALogSurelyLeads.
func TestHowFarALogSurelyLeads(t *testing.T) {
	for _, tc := range []struct {
		s    Set
		want int
	}{{Set{ValidUntil: clock(1), Started: clock(2), Finished: clock(3)}, 1}, {Set{Started: clock(2), Finished: clock(3)}, 2}, {Set{Finished: clock(3)}, 3}} {
		if got := surely(&tc.s); !got.Equal(clock(tc.want).Time()) {
			t.Errorf("%s, want minute %d", got, tc.want)
		}
	}
}

// TestWhichRecordsMakeWindows: one that is gone, removed or apart makes none,
// a broken one says what is missing.
func TestWhichRecordsMakeWindows(t *testing.T) {
	chain := []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "L 4 30 40"}
	for _, tc := range []struct {
		name string
		edit func(r []Record)
		want string
	}{
		{"all", func([]Record) {}, "11-40 1+3"},
		{"the last is gone", func(r []Record) { r[3].Gone = clock(50).Time() }, "11-30 1+2"},
		{"the last was removed", func(r []Record) { r[3].State = Removed }, "11-30 1+2"},
		{"the middle is gone", func(r []Record) { r[2].Gone = clock(50).Time() }, "11-20 1+1 log"},
		{"the middle is broken", func(r []Record) { r[2].State = Broken }, "11-20 1+1 set"},
		{"the middle is apart", func(r []Record) { r[2].Apart = true }, "11-20 1+1 set"},
		{"the full is broken", func(r []Record) { r[0].State = Broken }, ""},
		{"the full is apart", func(r []Record) { r[0].Apart = true }, ""},
		{"the cloud's are no chain", func(r []Record) { r[3].Origin = InCloud }, "11-30 1+2"},
		{"the last leads less far than it took", func(r []Record) { r[3].Set.ValidUntil = clock(35) }, "11-35 1+3"},
		{"of another family", func(r []Record) { r[3].Set.Family = id(77) }, "11-30 1+2"},
	} {
		records := recordsOf(build(t, chain...))
		tc.edit(records)
		if got := draw(Windows(records)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// cloudAt is a set of the service from one second of an hour to another.
func cloudAt(kind Kind, from, to int, change ...func(*Record)) Record {
	second := func(n int) time.Time { return clock(0).Time().Add(time.Duration(n) * time.Second) }
	r := Record{Origin: InCloud, State: Complete, Set: Set{Kind: kind}, Cloud: &CloudSet{Kind: kind, Started: second(from), Finished: second(to), Usable: true}}
	for _, f := range change {
		f(&r)
	}
	return r
}

// TestHowSetsOfTheCloudJoin: logs by their times, two seconds apart at most.
func TestHowSetsOfTheCloudJoin(t *testing.T) {
	copied := func(r *Record) { r.Cloud.CopyOnly = true }
	shot := func(r *Record) { r.Cloud.Snapshot = true }
	for _, tc := range []struct {
		name    string
		records []Record
		want    string // seconds
	}{
		{"two seconds apart", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 5, 20), cloudAt(Log, 22, 30)}, "10-30 1+2"},
		{"three seconds apart", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 5, 20), cloudAt(Log, 23, 30)}, "10-20 1+1 next"},
		{"one inside another", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 5, 30), cloudAt(Log, 6, 20), cloudAt(Log, 30, 40)}, "10-40 1+3"},
		{"in any order", []Record{cloudAt(Log, 20, 30), cloudAt(Log, 5, 20), cloudAt(Full, 0, 10)}, "10-30 1+2"},
		{"logs that ended before the full", []Record{cloudAt(Full, 0, 21), cloudAt(Log, 5, 20)}, "21-21 1+0"},
		{"logs that end with the full", []Record{cloudAt(Full, 0, 20), cloudAt(Log, 5, 20)}, "20-20 1+0"},
		{"logs that begin with its end", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 10, 20)}, "10-20 1+1"},
		{"logs that begin a second later", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 11, 20)}, "10-10 1+0 next"},
		{"logs of before are not applied", []Record{cloudAt(Full, 0, 15), cloudAt(Log, 5, 10), cloudAt(Log, 10, 20), cloudAt(Log, 20, 30)}, "15-30 1+2"},
		{"a failed one", []Record{cloudAt(Full, 0, 10, func(r *Record) { r.Cloud.Failed = true }), cloudAt(Log, 5, 20)}, ""},
		{"one that is gone", []Record{cloudAt(Full, 0, 10, func(r *Record) { r.Gone = clock(9).Time() }), cloudAt(Log, 5, 20)}, ""},
		{"a broken one", []Record{cloudAt(Full, 0, 10, func(r *Record) { r.State = Broken }), cloudAt(Log, 5, 20)}, ""},
		{"one that the service does not know", []Record{cloudAt(Full, 0, 10, func(r *Record) { r.Cloud = nil })}, ""},
		{"one of another origin", []Record{cloudAt(Full, 0, 10, func(r *Record) { r.Origin = InBucket; r.Set.Complete = false })}, ""},
		{"a log need not be usable", []Record{cloudAt(Full, 0, 10), cloudAt(Log, 5, 20, func(r *Record) { r.Cloud.Usable = false })}, "10-20 1+1"},
		{"a differential on a full", []Record{cloudAt(Full, 0, 10), cloudAt(Differential, 20, 30)}, "10-10 1+0, 30-30 1+0"},
		{"a differential on a copy", []Record{cloudAt(Full, 0, 10, copied), cloudAt(Differential, 20, 30)}, "10-10 1+0"},
		{"a differential on a snapshot", []Record{cloudAt(Full, 0, 10, shot), cloudAt(Differential, 20, 30)}, "10-10 1+0"},
		{"a differential before its full", []Record{cloudAt(Differential, 0, 5), cloudAt(Full, 6, 10)}, "10-10 1+0"},
		{"two fulls of one row", []Record{cloudAt(Full, 0, 10), cloudAt(Full, 20, 25), cloudAt(Log, 5, 20), cloudAt(Log, 20, 40)}, "10-40 2+2"},
	} {
		var got []string
		for _, w := range Windows(tc.records) {
			from := clock(0).Time()
			s := fmt.Sprintf("%d-%d %d+%d", int(w.From.Sub(from).Seconds()), int(w.To.Sub(from).Seconds()), len(w.Starts), len(w.Logs))
			if w.Next != nil {
				s += " next"
			}
			got = append(got, s)
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, strings.Join(got, ", "), tc.want)
		}
	}
}

// TestWhenAPromiseIsBroken: the earlier of what is due and what the objective
// says, counted from what can be restored, else from the promise.
func TestWhenAPromiseIsBroken(t *testing.T) {
	const hour = 60
	now := clock(300)
	for _, tc := range []struct {
		name       string
		restorable int // minute; 0 = not
		p          Promise
		want       int // minute; 0 = never
	}{
		{"nothing is promised", 100, Promise{}, 0},
		{"an objective", 100, Promise{Objective: time.Hour}, 100 + hour},
		{"and slack", 100, Promise{Objective: time.Hour, Slack: time.Minute}, 101 + hour},
		{"slack alone", 100, Promise{Slack: time.Minute}, 0},
		{"something is due", 100, Promise{Due: clock(120).Time()}, 120},
		{"due first", 100, Promise{Objective: time.Hour, Due: clock(120).Time()}, 120},
		{"due later", 100, Promise{Objective: time.Hour, Due: clock(200).Time()}, 160},
		{"nothing can be restored", 0, Promise{Objective: time.Hour, Since: clock(50).Time()}, 110},
		{"what can be restored counts, not the promise", 100, Promise{Objective: time.Hour, Since: clock(50).Time()}, 160},
		{"and nobody knows since when", 0, Promise{Objective: time.Hour, Slack: time.Minute}, 300},
	} {
		p := Protection{}
		if tc.restorable > 0 {
			p.RestorableTo = clock(tc.restorable).Time()
		}
		want := time.Time{}
		if tc.want > 0 {
			want = clock(tc.want).Time()
		}
		if got := p.Promised(tc.p, now.Time()); !got.LateAt.Equal(want) || got.Promise != tc.p {
			t.Errorf("%s: late at %s, want %s", tc.name, got.LateAt, want)
		}
	}
}

// TestFromWhenOnAProtectedDatabaseCanBeRestored: a full that waits for its
// first log prolongs the window before it, unless something is missing there.
func TestFromWhenOnAProtectedDatabaseCanBeRestored(t *testing.T) {
	for _, tc := range []struct {
		name     string
		sets     []string
		edit     func([]Record)
		from, to int
	}{
		{"a full waits", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27"}, nil, 11, 31},
		{"its log came", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27", "L 4 20 40"}, nil, 11, 40},
		{"fulls alone", []string{"F 1 10 12", "F 3 25 27"}, nil, 31, 31},
		{"behind a gap", []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40", "F 5 45 46"}, nil, 51, 51},
		{"of another family", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27"}, func(r []Record) { r[2].Set.Family = id(77) }, 31, 31},
		{"of another history", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27 fork=1"}, nil, 31, 31},
	} {
		records := recordsOf(build(t, tc.sets...))
		if tc.edit != nil {
			tc.edit(records)
		}
		p := Protect(records, Exempt{}, Promise{}, clock(100).Time())
		if !p.RestorableFrom.Equal(clock(tc.from).Time()) || !p.RestorableTo.Equal(clock(tc.to).Time()) {
			t.Errorf("%s: from %s to %s: %s", tc.name, p.RestorableFrom, p.RestorableTo, draw(Windows(records)))
		}
	}
}
