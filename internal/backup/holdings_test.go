package backup

import (
	"testing"
	"time"
)

// TestWhatAServiceHolds: automated backups give every moment between, and a
// snapshot that is whole gives one.
func TestWhatAServiceHolds(t *testing.T) {
	from, to := time.Date(2026, 11, 20, 1, 40, 7, 0, time.UTC), time.Date(2026, 11, 30, 12, 43, 21, 0, time.UTC)
	window := Held{From: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 30, 12, 40, 0, 0, time.UTC)}
	shot := func(id, status string, at time.Time) HeldSnapshot {
		return HeldSnapshot{ID: id, Status: status, Created: at}
	}
	once := func(at time.Time) Held { return Held{From: at, To: at} }
	for name, tc := range map[string]struct {
		h    Holdings
		want Held
	}{
		"nothing":                   {Holdings{}, Held{}},
		"automated":                 {Holdings{Retention: 7, Automated: "active", Earliest: from, Latest: to, Snapshots: []HeldSnapshot{shot("a", "available", from)}}, window},
		"being made":                {Holdings{Retention: 7, Automated: "creating"}, Held{}},
		"of a deleted one":          {Holdings{Retention: 0, Automated: "retained", Earliest: from, Latest: to}, Held{}},
		"off, with snapshots":       {Holdings{Snapshots: []HeldSnapshot{shot("a", "available", from), shot("b", "available", to), shot("c", "creating", time.Time{})}}, once(to)},
		"a snapshot being made":     {Holdings{Snapshots: []HeldSnapshot{shot("a", "creating", to)}}, Held{}},
		"active, nothing told":      {Holdings{Retention: 7, Automated: "active", Snapshots: []HeldSnapshot{shot("a", "available", from)}}, once(from)},
		"active, the end before it": {Holdings{Retention: 7, Automated: "active", Earliest: to, Latest: from}, Held{}},
	} {
		if got := tc.h.Held(); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// TestHeldByTheServiceIsProtection of a database that has no backup of its own,
// and says that it does not come back alone; a policy of ours is not kept by it.
func TestHeldByTheServiceIsProtection(t *testing.T) {
	now := time.Date(2026, 11, 30, 13, 0, 0, 0, time.UTC)
	is := Exempt{Held: Held{From: now.AddDate(0, 0, -7), To: now.Add(-5 * time.Minute)}}
	p := Protect(nil, is, Promise{}, now)
	if p.Unprotected() || !p.Whole || !p.ByService() || p.Words == "" || !p.RestorableTo.Equal(is.Held.To) {
		t.Errorf("%+v", p)
	}
	since := now.Add(-3 * time.Hour)
	if p := Protect(nil, is, Promise{PolicyID: "ours", Objective: time.Hour, Since: since}, now); !p.Late(now) || p.Unprotected() {
		t.Errorf("a policy of ours: %+v", p)
	}
	if p := Protect(nil, is, Promise{Objective: time.Hour, Since: since}, now); p.Late(now) {
		t.Errorf("another promise: late at %s", p.LateAt)
	}
	own := dated(t, []int{10}, []int{10})
	if p := Protect(own, is, Promise{}, now); p.ByService() || p.Unprotected() || p.RestorableTo.Equal(is.Held.To) {
		t.Errorf("with a backup of its own: %+v", p)
	}
	if p := Protect(nil, Exempt{}, Promise{}, now); !p.Unprotected() || p.ByService() {
		t.Errorf("held by nobody: %+v", p)
	}
}
