package backup

import (
	"maps"
	"testing"
	"time"
)

// TestWhatCountsAsWritten: each sign by itself keeps the target closed, for
// what it tells of would be lost with the source.
func TestWhatCountsAsWritten(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tail := LSN{VLF: 9, Block: 9, Slot: 1}
	type look = *WriteActivity
	for _, tc := range []struct {
		name  string
		edit  func(before, now look)
		still bool
	}{
		{"nothing", func(_, _ look) {}, true},
		{"as much log as a server writes by itself", func(_, now look) { now.Logged = OwnLog }, true},
		{"a byte more", func(_, now look) { now.Logged = OwnLog + 1 }, false},
		{"how much is not told", func(_, now look) { now.Logged = -1 }, false},
		{"nothing was noted before", func(before, _ look) { before.At = time.Time{} }, false},
		{"the server was restarted", func(_, now look) { now.Started = now.Started.Add(time.Second) }, false},
		{"tables that nobody counts", func(_, now look) { now.Uncounted = []string{"dbo.m"} }, false},
		{"somebody is writing", func(_, now look) { now.Writers = []Writer{{Session: 7}} }, false},
		{"somebody was writing when the last log was taken", func(before, _ look) { before.Writers = []Writer{{Session: 7}} }, false},
		{"a statement changed rows", func(_, now look) { now.Updates["dbo.a"]++ }, false},
		{"a statement changed rows of another table", func(_, now look) { now.Updates["dbo.b"] = 1 }, false},
		{"counted anew", func(_, now look) { now.Updates["dbo.a"] = 1 }, false},
		{"not counted any more", func(_, now look) { delete(now.Updates, "dbo.a") }, false},
		{"a later statement", func(_, now look) { now.Updated = now.Updated.Add(time.Second) }, false},
		{"a row less", func(_, now look) { now.Rows-- }, false},
		{"a new object", func(_, now look) { now.Objects++ }, false},
		{"a changed object", func(_, now look) { now.Altered = now.Altered.Add(time.Second) }, false},
		{"others took a log", func(_, now look) { now.LastLog.Block++ }, false},
	} {
		before := WriteActivity{At: at, Started: at.Add(-time.Hour), LastLog: tail, Updates: map[string]int64{"dbo.a": 5}, Updated: at.Add(-time.Minute), Rows: 3, Objects: 4, Altered: at.Add(-time.Hour)}
		now := before
		now.At, now.Updates = at.Add(time.Minute), maps.Clone(before.Updates)
		tc.edit(&before, &now)
		if still, seen := Still(before, now, tail); still != tc.still || (seen == "") != still {
			t.Errorf("%s: still %v, %q", tc.name, still, seen)
		}
	}
}
