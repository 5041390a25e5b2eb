package policy

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// What is due next follows the slots and the sets that came; a database of no
// policy is promised nothing.
func TestPromises(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 20, hour, minute, 0, 0, time.UTC) }
	p := Policy{ID: "p", Name: "p", Enabled: true, Servers: []string{"s"}, Zone: "UTC", Missed: MissedSkip, Objective: time.Hour, Changed: at(0, 30),
		Databases: Selection{Exclude: []string{"*_test"}},
		Rules: []Rule{
			{Kind: backup.Full, Cron: "0 6 * * *"},
			{Kind: backup.Differential, Cron: "0 */2 * * *"},
			{Kind: backup.Log, Cron: "*/15 * * * *"},
		}}
	late := p
	late.Missed, late.Window = MissedLate, 4*time.Hour
	off := p
	off.Enabled = false
	other := p
	other.ID, other.Objective, other.Rules = "q", 10*time.Minute, []Rule{{Kind: backup.Full, Cron: "0 23 * * *"}}
	of := func(ps ...Policy) (out []*Calendar) {
		for _, p := range ps {
			c, err := NewCalendar(p)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
		return out
	}
	logged := func(p backup.Protection) backup.Protection {
		p.Logged = true
		return p
	}
	closed := func(p backup.Protection) backup.Protection {
		p.NoFull, p.NoLog, p.NoDifferential = "It is OFFLINE.", "It is OFFLINE.", "It is OFFLINE."
		return p
	}
	is := func(full, diff, log time.Time) backup.Protection {
		return backup.Protection{Promise: backup.Promise{InstanceID: "s", Database: "shop"}, LastFull: full, LastDifferential: diff, LastLog: log}
	}
	none := time.Time{}
	for name, c := range map[string]struct {
		calendars []*Calendar
		is        backup.Protection
		policy    string
		objective time.Duration
		due       time.Time
	}{
		"nothing was taken: the first full": {of(p), is(none, none, none), "p", time.Hour, at(6, 1)},
		"the next differential":             {of(p), is(at(6, 3), none, none), "p", time.Hour, at(8, 1)},
		"a replica of the group is named": {of(p), func() backup.Protection {
			d := is(at(6, 3), none, none)
			d.InstanceID, d.Replicas = "r", []string{"r", "s"}
			return d
		}(), "p", time.Hour, at(8, 1)},
		"a differential came":                                {of(p), is(at(6, 3), at(8, 2), none), "p", time.Hour, at(10, 1)},
		"a full does for a differential":                     {of(p), is(at(8, 5), none, none), "p", time.Hour, at(10, 1)},
		"in FULL, and a log never came: the first slot":      {of(p), logged(is(at(6, 3), none, none)), "p", time.Hour, at(6, 16)},
		"in FULL, nothing was ever taken: the first slot":    {of(p), logged(is(none, none, none)), "p", time.Hour, at(0, 46)},
		"in a state that allows none: nothing, no objective": {of(p), closed(logged(is(at(0, 1), none, none))), "p", 0, none},
		"a log is next":                         {of(p), is(at(6, 3), none, at(6, 16)), "p", time.Hour, at(6, 31)},
		"a log did not come":                    {of(p), is(at(6, 3), at(8, 2), at(7, 1)), "p", time.Hour, at(7, 16)},
		"within a window it may still start":    {of(late), is(at(6, 3), none, at(6, 16)), "p", time.Hour, at(10, 31)},
		"sets of before the policy owe nothing": {of(p), is(at(0, 0), none, at(0, 0)), "p", time.Hour, at(0, 46)},
		"disabled":                              {of(off), is(at(6, 3), none, none), "", 0, none},
		"two policies: the shorter objective":   {of(p, other), is(at(6, 3), none, at(6, 16)), "q", 10 * time.Minute, at(6, 31)},
		"two policies: what is due first":       {of(other, p), is(at(6, 3), none, none), "q", 10 * time.Minute, at(8, 1)},
		"no policy":                             {nil, is(at(6, 3), none, none), "", 0, none},
		"excluded":                              {of(p), backup.Protection{Promise: backup.Promise{InstanceID: "s", Database: "a_test"}}, "", 0, none},
		"of another server":                     {of(p), backup.Protection{Promise: backup.Promise{InstanceID: "x", Database: "shop"}}, "", 0, none},
	} {
		got := Promises(c.calendars, c.is, at(9, 0))
		if got.PolicyID != c.policy || got.Objective != c.objective || !got.Due.Equal(c.due) || got.Since.IsZero() != (c.policy == "") {
			t.Errorf("%s: %+v, want %s %v due %v", name, got, c.policy, c.objective, c.due)
		}
	}
	simple := backup.Exempt{NoLog: "SIMPLE"}
	frozen := backup.Exempt{NoLog: "read-only", NoDifferential: "read-only"}
	fulls := p
	fulls.Rules = p.Rules[:1]
	for name, c := range map[string]struct {
		calendars []*Calendar
		exempt    backup.Exempt
		objective time.Duration
		due       time.Time
	}{
		"none":                                   {of(p), backup.Exempt{}, time.Hour, at(7, 16)},
		"no logs: differentials stay due":        {of(p), simple, 0, at(10, 1)},
		"neither: the next full":                 {of(p), frozen, 0, at(6, 1).AddDate(0, 0, 1)},
		"fulls alone keep the objective":         {of(fulls), frozen, time.Hour, at(6, 1).AddDate(0, 0, 1)},
		"of another policy the objective counts": {of(p, other), simple, 10 * time.Minute, at(10, 1)},
	} {
		of := is(at(6, 3), at(8, 2), at(7, 1))
		of.Exempt = c.exempt
		if got := Promises(c.calendars, of, at(9, 0)); got.Objective != c.objective || !got.Due.Equal(c.due) || got.PolicyID == "" {
			t.Errorf("spared, %s: %+v, want %v due %v", name, got, c.objective, c.due)
		}
	}
	again := is(at(6, 3), none, none)
	again.PolicyID, again.Since = "p", at(1, 0)
	if got := Promises(of(p), again, at(9, 0)); !got.Since.Equal(at(1, 0)) {
		t.Errorf("since %v: a promise that stands was begun anew", got.Since)
	}
}
