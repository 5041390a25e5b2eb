package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestALookIsWrittenDown: how it went, and when the next one is due.
func TestALookIsWrittenDown(t *testing.T) {
	for _, tc := range []struct {
		name     string
		subject  Subject
		away     error
		was      Visit
		failures int
		every    time.Duration
		good     bool
	}{
		{"a server", "instance/server", nil, Visit{Failures: 3, Good: noon.Add(-time.Hour)}, 0, serverEvery, true},
		{"a bucket", "bucket/f", nil, Visit{}, 0, bucketEvery, true},
		{"a server that is away", "instance/server", fault.New(fault.Unavailable, "Away.", "Wait."), Visit{Failures: 3, Good: noon.Add(-time.Hour)}, 4, serverEvery, false},
		{"a kind nobody knows", "instance/else", nil, Visit{}, 1, cloudEvery, false},
		{"no subject", "shoe/1", nil, Visit{}, 1, cloudEvery, false},
	} {
		s, c := newStand()
		s.server, s.away, s.visits[tc.subject] = &history{}, tc.away, tc.was
		err := c.Scan(t.Context(), tc.subject, nil)
		v := s.visits[tc.subject]
		if (err == nil) != tc.good || v.Failures != tc.failures || v.Message.IsZero() != tc.good || !v.Next.Equal(noon.Add(pause(tc.every, tc.failures, string(tc.subject)))) {
			t.Errorf("%s: %+v, %v", tc.name, v, err)
		}
		if tc.good != v.Good.Equal(noon) || !tc.good && !v.Good.Equal(tc.was.Good) {
			t.Errorf("%s: good at %s", tc.name, v.Good)
		}
	}
	s, c := newStand()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s.away = errors.New("stopped")
	if err := c.Scan(ctx, "instance/server", nil); err == nil || len(s.visits) > 0 {
		t.Errorf("a look that was stopped counts as failed: %+v, %v", s.visits, err)
	}
}

// TestWhatIsDue: what was never looked at, and what has waited long enough.
func TestWhatIsDue(t *testing.T) {
	for after, want := range map[time.Duration]string{-1: "", 0: "bucket/f", 1: "bucket/f"} {
		s, c := newStand()
		s.visits = map[Subject]Visit{"bucket/f": {Subject: "bucket/f", Next: noon}, "instance/server": {Subject: "instance/server", Next: noon.Add(time.Hour)}}
		s.now = noon.Add(after)
		due, err := c.due(t.Context())
		var names []string
		for _, d := range due {
			names = append(names, string(d))
		}
		if got := strings.TrimSpace(strings.TrimPrefix(strings.Join(names, " "), "instance/cloud")); err != nil || got != want || !slices.Contains(names, "instance/cloud") {
			t.Errorf("%s: %v, %v", after, names, err)
		}
	}
}

// TestWhatAServersHistoryTells: its own sets behind the cursor, with copies
// where all their files lie in the folder we see.
func TestWhatAServersHistoryTells(t *testing.T) {
	row := func(id int64, edit ...func(*backup.HistoryRow)) backup.HistoryRow {
		r := backup.HistoryRow{ID: id, Set: backup.Set{Database: fmt.Sprint("d", id), Server: "srv"}, Files: []string{"/b/1.bak"}, Disk: true}
		for _, f := range edit {
			f(&r)
		}
		return r
	}
	for _, tc := range []struct {
		name string
		row  backup.HistoryRow
		want string
	}{
		{"its own", row(1), "d1 complete copy 7"},
		{"that does not say whose", row(1, func(r *backup.HistoryRow) { r.Set.Server = "" }), "d1 complete copy 7"},
		{"its own under the new name of its host", row(1, func(r *backup.HistoryRow) { r.Set.Server = "SRV-NEW" }), "d1 complete copy 7"},
		{"restored from another", row(1, func(r *backup.HistoryRow) { r.Set.Server = "other" }), ""},
		{"damaged", row(1, func(r *backup.HistoryRow) { r.Set.Damaged = true }), "d1 broken copy 7"},
		{"on a device", row(1, func(r *backup.HistoryRow) { r.Disk = false }), "d1 complete apart"},
		{"elsewhere", row(1, func(r *backup.HistoryRow) { r.Files = []string{"/c/1.bak"} }), "d1 complete"},
		{"two stripes", row(1, func(r *backup.HistoryRow) { r.Files = []string{"/b/1.bak", "/b/2.bak"} }), "d1 complete copy 12"},
		{"one of them is gone", row(1, func(r *backup.HistoryRow) { r.Files = []string{"/b/1.bak", "/b/3.bak"} }), "d1 removed gone"},
	} {
		s, c := newStand()
		s.bucket.files = map[string]int64{"1.bak": 7, "2.bak": 5}
		s.server = &history{rows: []backup.HistoryRow{tc.row}}
		if err := c.Scan(t.Context(), "instance/server", nil); err != nil {
			t.Fatal(tc.name, err)
		}
		got := ""
		for _, r := range s.put {
			got = r.Database + " " + string(r.State)
			if len(r.Copies) > 0 {
				got += fmt.Sprintf(" copy %d", r.Copies[0].Size)
			}
			if r.Apart {
				got += " apart"
			}
			if r.Gone.Equal(noon) {
				got += " gone"
			}
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestWhereAHistoryIsReadOn: behind the last row; from the beginning where msdb
// was made anew, which newer backups than rows show.
func TestWhereAHistoryIsReadOn(t *testing.T) {
	online := backup.Database{Name: "a", State: "ONLINE", RecoveryModel: "SIMPLE", LastFull: noon}
	h := &history{databases: []backup.Database{online, {Name: "b", State: "RESTORING", RecoveryModel: "SIMPLE"}}}
	for id := range int64(historyPage + 1) {
		h.rows = append(h.rows, backup.HistoryRow{ID: id + 1, Set: backup.Set{Database: "a"}})
	}
	s, c := newStand()
	s.server = h
	look := func(put int, after ...int64) {
		t.Helper()
		s.put, h.after = nil, nil
		if err := c.Scan(t.Context(), "instance/server", nil); err != nil || len(s.put) != put || !slices.Equal(h.after, after) {
			t.Errorf("%d records, asked behind %v, want %d behind %v: %v", len(s.put), h.after, put, after, err)
		}
	}
	look(historyPage+1, 0, historyPage)
	if !slices.Equal(s.exist, []string{"a", "b"}) || len(s.exempt) != 2 || s.exempt["a"].NoLog == "" || s.exempt["a"].NoFull != "" || s.exempt["b"].NoFull == "" || s.exempt["b"].State != "RESTORING" {
		t.Errorf("%v, %v", s.exist, s.exempt)
	}
	look(0, historyPage+1)
	h.databases[0].LastLog = noon.Add(time.Hour) // newer, and msdb begins anew
	h.rows = h.rows[:3]
	look(3, historyPage+1, 0)
	look(0, 3)

	// Of years of history neither look reads more than the newest rows.
	years := func(end int64) []backup.HistoryRow {
		return []backup.HistoryRow{{ID: end - firstRows, Set: backup.Set{Database: "a"}}, {ID: end - 1, Set: backup.Set{Database: "a"}}, {ID: end, Set: backup.Set{Database: "a"}}}
	}
	h.rows = years(9 * firstRows)
	s, c = newStand()
	s.server = h
	look(2, 8*firstRows)
	h.databases[0].LastLog, h.rows = noon.Add(2*time.Hour), years(3*firstRows)
	look(2, 9*firstRows, 2*firstRows)
}

// TestABaseOfLongAgoIsRead with what follows it, of its database alone: the
// newest rows would restore nothing without it.
func TestABaseOfLongAgoIsRead(t *testing.T) {
	base := backup.GUID{7}
	h := &history{databases: []backup.Database{{Name: "quiet", State: "ONLINE", BaseGUID: base}, {Name: "busy", State: "ONLINE", BaseGUID: backup.GUID{8}}, {Name: "forgotten", State: "ONLINE", BaseGUID: backup.GUID{9}}}}
	row := func(id int64, database string, set byte) {
		h.rows = append(h.rows, backup.HistoryRow{ID: id, Set: backup.Set{Database: database, ID: backup.GUID{set}}})
	}
	row(1, "quiet", 1) // older than the base: of no use
	row(2, "quiet", 7)
	row(3, "busy", 3)
	row(4, "quiet", 4)
	row(2*firstRows, "busy", 8)
	row(2*firstRows+1, "quiet", 5)
	s, c := newStand()
	s.server = h
	if err := c.Scan(t.Context(), "instance/server", nil); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, r := range s.put {
		got = append(got, r.Set.ID[0])
	}
	if !slices.Equal(got, []byte{7, 4, 8, 5}) || !slices.Equal(h.after, []int64{1, firstRows + 1}) {
		t.Errorf("sets %v, asked behind %v", got, h.after)
	}
}

// TestWhichCopiesAreGone: those of which a file is; of a bucket that cannot be
// looked at, none.
func TestWhichCopiesAreGone(t *testing.T) {
	for _, tc := range []struct {
		name   string
		keys   []string
		broken error
		want   []string
	}{
		{"it is there", []string{"1.bak"}, nil, nil},
		{"a stripe that was never found", []string{"1.bak", ""}, nil, nil},
		{"it is gone", []string{"3.bak"}, nil, []string{"r@f"}},
		{"both stripes are gone", []string{"3.bak", "4.bak"}, nil, []string{"r@f"}},
		{"one stripe is gone", []string{"1.bak", "3.bak"}, nil, []string{"r@f"}},
		{"the bucket is away", []string{"3.bak"}, fault.New(fault.NotFound, "No such bucket.", ""), nil},
	} {
		s, c := newStand()
		s.bucket.files, s.bucket.broken = map[string]int64{"1.bak": 7}, tc.broken
		s.known = []backup.Record{{ID: "r", Copies: []backup.Copy{{BucketID: "x", Keys: []string{"9.bak"}}, {BucketID: "f", Keys: tc.keys}}}}
		err := c.Scan(t.Context(), "bucket/f", nil)
		if !slices.Equal(s.gone, tc.want) || (err != nil) != (tc.broken != nil) {
			t.Errorf("%s: %v, %v", tc.name, s.gone, err)
		}
	}
	s, c := newStand()
	for _, tc := range []struct {
		after time.Duration
		lists int
	}{{0, 1}, {walkAfter - time.Microsecond, 1}, {walkAfter, 2}} {
		s.now = noon.Add(tc.after)
		if err := c.Scan(t.Context(), "bucket/f", nil); err != nil || s.bucket.lists != tc.lists {
			t.Errorf("after %s: listed %d times, %v", tc.after, s.bucket.lists, err)
		}
	}
	if err := c.again(t.Context(), "bucket/f"); err != nil {
		t.Fatal(err)
	}
	if err := c.Scan(t.Context(), "bucket/f", nil); err != nil || s.bucket.lists != 3 {
		t.Errorf("ordered: listed %d times, %v", s.bucket.lists, err)
	}
}
