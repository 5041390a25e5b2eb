package scheduler_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

// template is what many policies have in common, and what must become of each.
type template struct {
	policy.Policy
	slots    []expected // of all rules, by moment
	fired    []uint32   // keys
	accounts int        // of slots
	next     int        // of slots: the first that nobody has looked at
}

// expected is a slot as a minute-by-minute look at the clock finds it.
type expected struct {
	kind  backup.Kind
	local string
	at    time.Time
}

// times are sixteen ways to take backups, in zones whose clocks change at
// different moments, by an hour and by half of one.
func times(from, to time.Time) (all []*template) {
	zones := []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"}
	for i, rules := range [][][2]string{
		{{"full", "30 2 * * 0"}, {"differential", "30 2 * * *"}},
		{{"full", "0 0 * * *"}},
		{{"full", "15 1 * * 6"}, {"differential", "45 1,13 * * 1-5"}, {"log", "10 */12 * * *"}},
		{{"full", "0 3 1 * *"}, {"differential", "0 3 * * 0"}, {"log", "0 2 * * *"}},
	} {
		for n, zone := range zones {
			t := &template{Policy: policy.Policy{Enabled: true, Version: 1, Changed: from, Servers: []string{"s"}, Zone: zone, Missed: policy.MissedLate, Window: 90 * time.Minute}}
			if (i+n)%2 == 1 {
				t.Missed = policy.MissedSkip
			}
			for _, r := range rules {
				t.Rules = append(t.Rules, policy.Rule{Kind: backup.Kind(r[0]), Cron: r[1]})
			}
			t.enumerate(from, to)
			all = append(all, t)
		}
	}
	return all
}

// enumerate looks at the zone's clock every minute: local minutes that it has
// come to for the first time, or leapt over, are due.
func (t *template) enumerate(from, to time.Time) {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		panic(err)
	}
	lines := make([][5][60]bool, len(t.Rules))
	for i, r := range t.Rules {
		lines[i] = fields(r.Cron)
	}
	local := from.Add(-48 * time.Hour)
	for at := from.Add(-72 * time.Hour); !at.After(to); at = at.Add(time.Minute) {
		on := at.In(zone)
		for shows := time.Date(on.Year(), on.Month(), on.Day(), on.Hour(), on.Minute(), 0, 0, time.UTC); !local.After(shows); local = local.Add(time.Minute) {
			for i, r := range t.Rules {
				if f := lines[i]; at.After(from) && f[0][local.Minute()] && f[1][local.Hour()] && f[2][local.Day()] && f[3][local.Month()] && f[4][local.Weekday()] {
					t.slots = append(t.slots, expected{r.Kind, local.Format("2006-01-02T15:04"), at})
				}
			}
		}
	}
}

// fields reads the few forms of cron lines above.
func fields(line string) (match [5][60]bool) {
	for i, field := range strings.Fields(line) {
		for v := range match[i] {
			for part := range strings.SplitSeq(field, ",") {
				low, high, span := strings.Cut(part, "-")
				step, every := strings.CutPrefix(part, "*/")
				n, _ := strconv.Atoi(low)
				switch {
				case part == "*":
					match[i][v] = true
				case every:
					n, _ = strconv.Atoi(step)
					match[i][v] = v%n == 0
				case span:
					m, _ := strconv.Atoi(high)
					match[i][v] = match[i][v] || n <= v && v <= m
				default:
					match[i][v] = match[i][v] || n == v
				}
			}
		}
	}
	return match
}

// looked tells what a look at the clock makes due: everything up to now that
// no look before has found. Nobody looked in between.
func (t *template) looked(now time.Time) {
	last := map[backup.Kind]*expected{}
	for ; t.next < len(t.slots) && !t.slots[t.next].at.After(now); t.next++ {
		s := &t.slots[t.next]
		t.accounts++
		if before := last[s.kind]; before == nil || s.local > before.local {
			last[s.kind] = s
		}
	}
	var newest []expected
	for _, last := range last {
		if late := now.Sub(last.at); late < time.Minute || t.Missed == policy.MissedLate && late <= t.Window {
			newest = append(newest, *last)
		}
	}
	full := slices.ContainsFunc(newest, func(s expected) bool { return s.kind == backup.Full })
	for _, s := range newest {
		if s.kind != backup.Differential || !full {
			t.fired = append(t.fired, key(s.local, s.kind))
		}
	}
}
