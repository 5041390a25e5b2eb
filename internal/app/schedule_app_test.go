package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// TestASavedPolicyFires saves a policy beside the running dashboard: the notifier
// of that commit is all that the scheduler hears of it.
func TestASavedPolicyFires(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	furnishServer(t, h.app.DB)
	e := audit.New(audit.Engine, time.Now().Add(-10*time.Minute), "policy.save", "policy/p", "Saved.")
	p := policy.Policy{ID: "p", Name: "every minute", Enabled: true, Servers: []string{"s"}, Zone: "Asia/Shanghai", Missed: policy.MissedLate, Window: time.Hour, Rules: []policy.Rule{{Kind: backup.Full, Cron: "* * * * *"}}}
	if _, err := h.app.DB.Policies().Save(t.Context(), p, "", e); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		runs, err := h.app.DB.Runs(t.Context(), run.Filter{Kind: policy.RunKind})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) > 0 {
			w, err := h.app.DB.Policies().Job(t.Context(), runs[0].Subject)
			if err != nil || w.PolicyID != "p" || w.ServerID != "s" || w.Kind != backup.Full {
				t.Errorf("%+v %v", w, err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no run was queued")
		}
	}
}

// TestOneClockServesTheHouse: in a house whose clock stands just before a year
// begins, the year's slot fires, and its run begins by the same clock.
func TestOneClockServesTheHouse(t *testing.T) {
	t.Parallel()
	began, year := time.Now(), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return year.Add(-2*time.Second + time.Since(began)) }
	h := newHouse(t, func(c *app.Config) { c.Now = now })
	furnishServer(t, h.app.DB)
	e := audit.New(audit.Engine, now().Add(-time.Hour), "policy.save", "policy/p", "Saved.")
	p := policy.Policy{ID: "p", Name: "every year", Enabled: true, Servers: []string{"s"}, Zone: "UTC", Missed: policy.MissedLate, Window: 10 * time.Hour, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 0 1 1 *"}}}
	if _, err := h.app.DB.Policies().Save(t.Context(), p, "", e); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		runs, err := h.app.DB.Runs(t.Context(), run.Filter{Kind: policy.RunKind})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no run has begun: %+v, %v", runs, err)
		}
		if len(runs) == 0 || runs[0].Started.IsZero() {
			continue
		}
		if runs[0].Created.Before(year) || runs[0].Started.Before(year) {
			t.Errorf("made %s and begun %s, in %d", runs[0].Created, runs[0].Started, year.Year())
		}
		return
	}
}
