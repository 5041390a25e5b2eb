package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestProtect(t *testing.T) {
	now := clock(100).Time()
	for _, test := range []struct {
		name  string
		sets  []string
		whole bool
		late  int // minute; -1 = never
		words string
	}{
		{"whole", []string{"F 1 10 12", "L 3 10 30 begins", "L 4 30 40"}, true, 70, ""},
		{"a full waits for its log", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27"}, true, 61, ""},
		{"a gap", []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40"}, false, 50, "Nothing after 2026-11-20 00:20:00 UTC can be restored. Log is missing between"},
		{"a gap behind a newer full", []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40", "F 5 35 36"}, true, 81, ""},
		{"a cut full", []string{"F 1 10 12 cut"}, false, 35, "is cut off"},
		{"a newer cut full", []string{"F 1 10 12", "F 2 20 22 cut"}, false, 41, "is cut off"},
		{"nothing", nil, false, 35, "No backup of it is known."},
		{"logs alone", []string{"L 3 10 30"}, false, 35, "no full backup to begin with"},
	} {
		p := Protect(recordsOf(build(t, test.sets...)), Exempt{}, Promise{Objective: 30 * time.Minute, Since: clock(5).Time()}, now)
		if p.Whole != test.whole || p.Words != test.words && !(test.words != "" && strings.Contains(p.Words, test.words)) || !p.LateAt.Equal(clock(test.late).Time()) {
			t.Errorf("%s: %+v", test.name, p)
		}
		if p.BrokenSince.IsZero() != (p.Whole || p.Unprotected()) {
			t.Errorf("%s: whole %v, broken since %s", test.name, p.Whole, p.BrokenSince)
		}
	}
}

func TestWhatIsDueMakesLate(t *testing.T) {
	p := Protect(recordsOf(build(t, "F 1 10 12")), Exempt{}, Promise{Due: clock(20).Time()}, clock(15).Time())
	if p.Late(clock(19).Time()) || !p.Late(clock(20).Time()) {
		t.Errorf("%+v", p)
	}
	if p = p.Promised(Promise{}, clock(15).Time()); !p.LateAt.IsZero() {
		t.Errorf("late at %s without a promise", p.LateAt)
	}
}

func TestAnotherToolBreaksTheChain(t *testing.T) {
	records := recordsOf(build(t, "F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "L 4 30 40"))
	records[2].Apart = true
	p := Protect(records, Exempt{}, Promise{}, clock(100).Time())
	if p.Whole || !strings.Contains(p.Words, "another tool") || !p.LastLog.Equal(clock(41).Time()) {
		t.Errorf("%+v", p)
	}
}

func TestCloudWindows(t *testing.T) {
	cloud := func(kind Kind, from, to int, change ...func(*CloudSet)) Record {
		c := &CloudSet{Kind: kind, Started: clock(from).Time(), Finished: clock(to).Time(), Usable: true, Size: 7}
		for _, f := range change {
			f(c)
		}
		return Record{Origin: InCloud, State: Complete, Set: Set{Kind: kind}, Cloud: c}
	}
	for _, test := range []struct {
		name    string
		records []Record
		want    string
	}{
		{"full and logs", []Record{cloud(Full, 10, 12), cloud(Log, 5, 20), cloud(Log, 20, 40)}, "12-40 1+2"},
		{"logs that do not join", []Record{cloud(Full, 10, 12), cloud(Log, 5, 20), cloud(Log, 25, 40), cloud(Full, 42, 44)}, "12-20 1+1 log, 44-44 1+0"},
		{"a differential", []Record{cloud(Full, 10, 12), cloud(Differential, 25, 27), cloud(Log, 26, 40)}, "12-12 1+0 log, 27-40 1+1"},
		{"a differential without a full", []Record{cloud(Differential, 25, 27)}, ""},
		{"an unusable full", []Record{cloud(Full, 10, 12, func(c *CloudSet) { c.Usable = false }), cloud(Log, 5, 20)}, ""},
	} {
		if got := draw(Windows(test.records)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if p := Protect([]Record{cloud(Full, 10, 12), cloud(Log, 5, 20)}, Exempt{}, Promise{}, clock(30).Time()); p.Bytes != 14 || !p.Whole {
		t.Errorf("%+v", p)
	}
}

// dated are fulls of ascending LSNs that ended at these minutes by the clock of
// their server, and became known at those by ours; 0 = not noted.
func dated(t *testing.T, ends, known []int) []Record {
	var sets []string
	for i := range ends {
		sets = append(sets, fmt.Sprintf("F %d %d %d", i+1, 10*(i+1), 10*(i+1)+2))
	}
	records := recordsOf(build(t, sets...))
	for i := range records {
		records[i].Set.Finished = clock(ends[i])
		if known[i] > 0 {
			records[i].Known = clock(known[i]).Time()
		}
	}
	return records
}

// TestADateIsALabel: a full dated ahead hides no lateness, and of two windows
// the one of the higher LSN is the newer.
func TestADateIsALabel(t *testing.T) {
	for _, c := range []struct {
		what        string
		ends, known []int
		to          int // the newest restorable moment
		says        string
	}{
		{"a full dated a day ahead", []int{1440}, []int{15}, 15, "the clock of its server was ahead"},
		{"a fresh one behind it", []int{1440, 60}, []int{15, 61}, 60, ""},
		{"a fresh one that is dated back", []int{60, 2}, []int{60, 80}, 2, ""},
		{"clocks that differ a little", []int{18}, []int{15}, 18, ""},
		{"nobody noted when it became known", []int{12}, []int{0}, 12, ""},
		{"found long after it was taken", []int{12}, []int{500}, 12, ""},
	} {
		p := Protect(dated(t, c.ends, c.known), Exempt{}, Promise{Objective: 30 * time.Minute, Since: clock(5).Time()}, clock(100).Time())
		if !p.RestorableTo.Equal(clock(c.to).Time()) || !p.LateAt.Equal(clock(c.to+30).Time()) || p.LastFull.After(clock(100).Time()) || c.says == "" && p.Words != "" || !strings.Contains(p.Words, c.says) {
			t.Errorf("%s: to %s, late at %s, %s", c.what, p.RestorableTo, p.LateAt, p.Words)
		}
	}
}

// TestSetsOfWhatHadTheNameBeforeProtectNothing: the database was dropped and made
// anew, or another was restored over it.
func TestSetsOfWhatHadTheNameBeforeProtectNothing(t *testing.T) {
	records := recordsOf(build(t, "F 1 10 12", "L 3 10 30 begins"))
	own := records[0].Set.Family
	if own.IsZero() {
		own = GUID{5}
		for i := range records {
			records[i].Set.Family = own
		}
	}
	p := Protect(records, Exempt{Family: own}, Promise{}, clock(100).Time())
	if p.Unprotected() || p.LastFull.IsZero() || p.Family != own {
		t.Errorf("its own: %+v", p)
	}
	p = Protect(records, Exempt{Family: GUID{6}}, Promise{Objective: time.Minute, Since: clock(40).Time()}, clock(100).Time())
	if !p.Unprotected() || !p.LastFull.IsZero() || !p.LastLog.IsZero() || p.Sets != 2 || !strings.Contains(p.Words, "another database that had this name") || !p.LateAt.Equal(clock(41).Time()) {
		t.Errorf("another's: %+v", p)
	}
}

// TestWhatCannotBeRestoredFromIsNoLastBackup, of any kind.
func TestWhatCannotBeRestoredFromIsNoLastBackup(t *testing.T) {
	for what, change := range map[string]func(*Record){
		"a snapshot":          func(r *Record) { r.Set.Snapshot = true },
		"to NUL, tape or URL": func(r *Record) { r.Apart = true },
		"vanished":            func(r *Record) { r.Gone = clock(50).Time() },
		"removed":             func(r *Record) { r.State = Removed },
		"broken":              func(r *Record) { r.State = Broken },
	} {
		records := recordsOf(build(t, "F 1 10 12", "L 3 10 30 begins"))
		for i := range records {
			change(&records[i])
		}
		if p := Protect(records, Exempt{}, Promise{}, clock(100).Time()); !p.Unprotected() || !p.LastFull.IsZero() || !p.LastLog.IsZero() {
			t.Errorf("%s: %+v", what, p)
		}
	}
}

func TestAgesFollowLSNs(t *testing.T) {
	records := dated(t, []int{12, 1440, 5, 60}, []int{0, 25, 0, 0})
	ages := Ages(records)
	for i, want := range []int{12, 25, 25, 60} {
		if !ages[i].Equal(clock(want).Time()) {
			t.Errorf("%d ended at %s, want minute %d", i, ages[i], want)
		}
	}
}
