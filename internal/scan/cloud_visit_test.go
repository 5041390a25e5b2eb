package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// service is an instance of a cloud that notes what it was asked.
type service struct {
	backup.Cloud
	sets  []backup.CloudSet
	asked []string // kinds and, of the first range, the hours back
	names int
}

func (s *service) Names(context.Context, string) ([]string, error) {
	s.names++
	return []string{"shop"}, nil
}

func (s *service) Sets(_ context.Context, q backup.SetQuery) (backup.SetPage, error) {
	s.asked = append(s.asked, "sets "+q.From.Format(time.DateTime))
	return backup.SetPage{Sets: s.sets, Total: len(s.sets)}, nil
}

func (s *service) Logs(_ context.Context, from, _ time.Time, _ int) (backup.LogPage, error) {
	s.asked = append(s.asked, "logs "+from.Format(time.DateTime))
	return backup.LogPage{}, nil
}

// first is from when on something was asked.
func (s *service) first(kind string) string {
	for _, a := range s.asked {
		if a[:4] == kind {
			return a[5:]
		}
	}
	return "never"
}

// TestHowFarBackAServiceIsAsked: first for all it can have, then for what may
// have changed, and once a day for everything that is known; its databases once
// an hour.
func TestHowFarBackAServiceIsAsked(t *testing.T) {
	s, c := newStand()
	cloud := &service{}
	s.cloud = cloud
	oldest := noon.Add(-100 * 24 * time.Hour)
	s.known = []backup.Record{{ID: "r", Set: backup.Set{Kind: backup.Log}, Cloud: &backup.CloudSet{Finished: oldest}, State: backup.Removed}}
	last := noon
	for _, tc := range []struct {
		name  string
		after time.Duration
		from  func() time.Time
		names int
	}{
		{"the first look", 0, func() time.Time { return noon.AddDate(0, 0, -cloudDays) }, 1},
		{"soon after", time.Hour - 1, func() time.Time { return last.Add(-cloudAgain) }, 1},
		{"an hour after", time.Hour, func() time.Time { return last.Add(-cloudAgain) }, 2},
		{"just within the day", 24*time.Hour - 1, func() time.Time { return last.Add(-cloudAgain) }, 3},
		{"a day after", 24 * time.Hour, func() time.Time { return oldest.Add(-cloudAgain) }, 3},
		{"soon after that", 24*time.Hour + time.Minute, func() time.Time { return last.Add(-cloudAgain) }, 3},
	} {
		s.now, cloud.asked = noon.Add(tc.after), nil
		want := tc.from().Format(time.DateTime)
		if err := c.Scan(t.Context(), "instance/cloud", nil); err != nil {
			t.Fatal(tc.name, err)
		}
		if cloud.first("sets") != want || cloud.first("logs") != want || cloud.names != tc.names || !slices.Equal(s.exist, []string{"shop"}) {
			t.Errorf("%s: sets from %s, logs from %s, want %s; names %d times", tc.name, cloud.first("sets"), cloud.first("logs"), want, cloud.names)
		}
		var at cloudCursor
		if err := json.Unmarshal([]byte(s.visits["instance/cloud"].Cursor), &at); err != nil || !at.Sets.Equal(s.now) || !at.Logs.Equal(s.now) {
			t.Errorf("%s: %+v, %v", tc.name, at, err)
		}
		last = s.now
	}
}

// TestASetUnderWayIsLeftToALaterLook.
func TestASetUnderWayIsLeftToALaterLook(t *testing.T) {
	s, c := newStand()
	s.cloud = &service{sets: []backup.CloudSet{{ID: "1", Kind: backup.Full, Started: noon}, {ID: "2", Kind: backup.Full, Started: noon, Finished: noon}}}
	s.visits["instance/cloud"] = Visit{Subject: "instance/cloud", Cursor: fmt.Sprintf(`{"sets":%q,"logs":%[1]q,"relisted":%[1]q,"named":%[1]q}`, noon.Format(time.RFC3339))}
	if err := c.Scan(t.Context(), "instance/cloud", nil); err != nil || len(s.put) != 1 || s.put[0].Cloud.ID != "2" {
		t.Errorf("%+v, %v", s.put, err)
	}
}

// TestAWalkUnderWayGoesOn also when another look is ordered, and a server that
// tells of backups without rows is asked once.
func TestAWalkUnderWayGoesOn(t *testing.T) {
	s, c := newStand()
	for _, tc := range []struct{ was, want string }{
		{`{"after":"k","walked":"2026-03-01T12:00:00Z"}`, `{"after":"k","walked":"2026-03-01T12:00:00Z"}`},
		{`{"walked":"2026-03-01T12:00:00Z","checked":"r"}`, `{"checked":"r"}`},
	} {
		s.visits["bucket/f"] = Visit{Subject: "bucket/f", Cursor: tc.was}
		if err := c.again(t.Context(), "bucket/f"); err != nil || s.visits["bucket/f"].Cursor != tc.want {
			t.Errorf("%s: %s, %v", tc.was, s.visits["bucket/f"].Cursor, err)
		}
	}
	h := &history{databases: []backup.Database{{Name: "a", State: "ONLINE", LastFull: noon}}}
	s.server = h
	if err := c.Scan(t.Context(), "instance/server", nil); err != nil || len(h.after) != 1 {
		t.Errorf("asked behind %v, %v", h.after, err)
	}
}
