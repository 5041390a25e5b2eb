package backup

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	runs "github.com/bakplane/bakplane/internal/run"
)

// TestWhichTableWasWrittenMost, and how often all were.
func TestWhichTableWasWrittenMost(t *testing.T) {
	type counts = map[string]int64
	for _, tc := range []struct {
		name        string
		before, now counts
		table       string
		all         int64
	}{
		{"none", counts{"a": 5}, counts{"a": 5}, "", 0},
		{"nothing is counted", nil, nil, "", 0},
		{"the busiest", counts{"a": 5, "b": 5}, counts{"a": 6, "b": 8}, "b", 4},
		{"two alike: by name", counts{"a": 5, "b": 5}, counts{"b": 6, "a": 6}, "a", 2},
		{"a new one", nil, counts{"a": 2}, "a", 2},
		{"a new one that nobody wrote to", nil, counts{"a": 0}, "", 0},
		{"counted anew", counts{"a": 5}, counts{"a": 2}, "a", 2},
		{"counted anew from nothing", counts{"a": 5}, counts{"a": 0}, "a", 1},
		{"not counted any more", counts{"a": 5}, counts{}, "a", 1},
		{"not counted any more, and another was written to", counts{"a": 5}, counts{"b": 3}, "b", 3},
	} {
		for range 32 { // maps come in any order
			if table, all := busiest(tc.before, tc.now); table != tc.table || all != tc.all {
				t.Errorf("%s: %q, %d", tc.name, table, all)
				break
			}
		}
	}
}

func TestAWriterAsPeopleLookForIt(t *testing.T) {
	for want, w := range map[string]Writer{
		"a transaction that no session owns":   {Login: "sa", Host: "h"},
		"session 7 of sa":                      {Session: 7, Login: "sa"},
		"session 7 of sa at web1":              {Session: 7, Login: "sa", Host: "web1"},
		"session 7 of sa (sqlcmd)":             {Session: 7, Login: "sa", Program: "sqlcmd"},
		"session 7 of sa at web1 (sqlcmd)":     {Session: 7, Login: "sa", Host: "web1", Program: "sqlcmd"},
		"session 7 of CORP\\ana at web1 (ERP)": {Session: 7, Login: "CORP\\ana", Host: "web1", Program: "ERP"},
	} {
		if got := w.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWhoWaitsForWhom: one backup of a database at a time, whatever the case of
// its name, and so many at a server; who gives up holds nobody up.
func TestWhoWaitsForWhom(t *testing.T) {
	type one struct {
		server, database string
		most             int
	}
	for _, tc := range []struct {
		name   string
		inside []one
		next   one
		waits  bool
	}{
		{"another database", []one{{"s", "a", 2}}, one{"s", "b", 2}, false},
		{"the same database", []one{{"s", "a", 0}}, one{"s", "a", 0}, true},
		{"the same database in another case", []one{{"s", "Shop", 0}}, one{"s", "sHOP", 0}, true},
		{"of that name at another server", []one{{"s", "a", 1}}, one{"r", "a", 1}, false},
		{"as many as may be", []one{{"s", "a", 2}, {"s", "b", 2}}, one{"s", "c", 2}, true},
		{"without a bound", []one{{"s", "a", 0}, {"s", "b", 0}}, one{"s", "c", 0}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := new(runs.Limits)
			var out []func()
			for _, o := range tc.inside {
				leave, err := Enter(t.Context(), g, o.server, o.database, o.most)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, leave)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			leave, err := Enter(ctx, g, tc.next.server, tc.next.database, tc.next.most)
			if errors.Is(err, context.DeadlineExceeded) != tc.waits || err != nil && !tc.waits {
				t.Errorf("%s: %v", tc.name, err)
			}
			if err == nil {
				leave()
			}
			for _, leave := range out {
				leave()
			}
			for range 2 { // everything is free again
				ctx, stop := context.WithTimeout(t.Context(), time.Second)
				leave, err := Enter(ctx, g, tc.next.server, tc.next.database, tc.next.most)
				if err != nil {
					t.Fatalf("%s: %v", tc.name, err)
				}
				leave()
				stop()
			}
		})
	}
}

func TestAMomentAsPeopleAndProgramsWriteIt(t *testing.T) {
	at := time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-20T13:30:00Z": at, "2026-11-20T21:30:00+08:00": at, "2026-11-20T13:30:07": at.Add(7 * time.Second), "2026-11-20T13:30": at,
		"2026-11-20 13:30:07": at.Add(7 * time.Second), "2026-11-20 13:30": at, "": {}, "2026-11-20": {}, "13:30": {}, "2026-13-20 13:30": {}, "2026-11-20 13:30 CET": {},
	} {
		got, err := ReadStopTime(text)
		if !got.Equal(want) || want.IsZero() != fault.Is(err, fault.Invalid) || got.Location() != time.UTC {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
