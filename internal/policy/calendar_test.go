package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/backup"
)

func calendar(t testing.TB, zone string, rules ...Rule) *Calendar {
	t.Helper()
	c, err := NewCalendar(Policy{ID: "p", Enabled: true, Zone: zone, Rules: rules, Missed: MissedLate, Window: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func utc(s string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return at
}

func TestSlotsWhereClocksChange(t *testing.T) {
	for _, tc := range []struct {
		name, zone, cron, after string
		want                    []string // local=UTC
	}{
		{"an ordinary day", "Asia/Shanghai", "30 2 * * *", "2026-05-01T00:00", []string{"2026-05-02T02:30=2026-05-01T18:30", "2026-05-03T02:30=2026-05-02T18:30"}},
		{"spring: the time does not exist", "America/New_York", "30 2 * * *", "2026-03-07T12:00", []string{"2026-03-08T02:30=2026-03-08T07:00", "2026-03-09T02:30=2026-03-09T06:30"}},
		{"autumn: the time comes twice", "America/New_York", "30 1 * * *", "2026-10-31T12:00", []string{"2026-11-01T01:30=2026-11-01T05:30", "2026-11-02T01:30=2026-11-02T06:30"}},
		{"spring, often: the hour is one slot with the end of the gap", "Europe/Berlin", "*/15 * * * *", "2026-03-29T00:40", []string{"2026-03-29T01:45=2026-03-29T00:45", "2026-03-29T03:00=2026-03-29T01:00", "2026-03-29T03:15=2026-03-29T01:15"}},
		{"autumn, often: nothing in the second coming", "Europe/Berlin", "*/30 * * * *", "2026-10-25T00:15", []string{"2026-10-25T02:30=2026-10-25T00:30", "2026-10-25T03:00=2026-10-25T02:00"}},
		{"midnight does not exist", "America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00", []string{"2018-11-04T00:00=2018-11-04T03:00", "2018-11-05T00:00=2018-11-05T02:00"}},
		{"half an hour of change", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00", []string{"2026-10-04T02:15=2026-10-03T15:30"}},
		{"a whole day is left out", "Pacific/Apia", "0 12 * * *", "2011-12-29T00:00", []string{"2011-12-29T12:00=2011-12-29T22:00", "2011-12-30T12:00=2011-12-30T10:00", "2011-12-31T12:00=2011-12-30T22:00"}},
		{"leap day", "UTC", "0 3 29 2 *", "2026-01-01T00:00", []string{"2028-02-29T03:00=2028-02-29T03:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, s := range calendar(t, tc.zone, Rule{Kind: backup.Full, Cron: tc.cron}).Next(backup.Full, utc(tc.after), len(tc.want)) {
				got = append(got, s.Local+"="+s.At.Format(keyFormat))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %v\nwant %v", got, tc.want)
			}
		})
	}
}

// TestEverySlotIsDecidedOnce lets the clock run minute by minute as a person
// would, with sleeps and jumps, and counts what became of each local time.
func TestEverySlotIsDecidedOnce(t *testing.T) {
	zones := []string{"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		line := fmt.Sprintf("%s %s * * %s", rapid.SampledFrom([]string{"0", "30", "*/15", "*", "7,37"}).Draw(t, "minute"),
			rapid.SampledFrom([]string{"*", "2", "1-3", "*/6", "0"}).Draw(t, "hour"), rapid.SampledFrom([]string{"*", "*", "0", "1-5"}).Draw(t, "weekday"))
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		begin := rapid.SampledFrom([]string{"2026-03-07T20:00", "2026-03-28T20:00", "2026-10-24T20:00", "2026-10-31T20:00", "2026-10-03T08:00", "2026-02-14T20:00", "2026-07-01T00:00"}).Draw(t, "begin")
		p := Policy{ID: "p", Enabled: true, Zone: zone, Changed: utc(begin), Missed: MissedLate, Window: time.Duration(rapid.IntRange(0, 180).Draw(t, "window")) * time.Minute,
			Rules: []Rule{{Kind: backup.Log, Cron: line}}}
		if rapid.Bool().Draw(t, "skip") {
			p.Missed = MissedSkip
		}
		now, end, furthest := p.Changed, p.Changed.Add(40*time.Hour), p.Changed
		var watermarks []Watermark
		accounted, fired := 0, map[string]bool{}
		for now.Before(end) {
			d, err := dueOf(p, watermarks, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range d.Slots {
				accounted += s.Count
				if s.Verdict == Fired && fired[s.Local] {
					t.Fatalf("%s fired twice", s.Local)
				}
				late := now.Sub(s.At)
				if s.At.After(now) || s.Verdict == Fired && late >= onTime && (p.Missed == MissedSkip || late > p.Window) || s.Verdict == Skipped && s.Why == "" {
					t.Fatalf("at %s: %+v", now, s)
				}
				if s.Verdict == Fired {
					fired[s.Local] = true
				}
			}
			if len(d.Slots) > 0 && (d.Slots[len(d.Slots)-1].Verdict != Fired) && now.Sub(d.Slots[len(d.Slots)-1].At) < onTime {
				t.Fatalf("punctual and not fired: %+v", d.Slots)
			}
			for _, m := range d.Watermarks {
				watermarks = []Watermark{m}
			}
			if now.After(furthest) {
				furthest = now
			}
			if !d.Next.After(now) && watermarks[0].At.Before(now) {
				t.Fatalf("at %s the next slot is at %s", now, d.Next)
			}
			switch rapid.IntRange(0, 60).Draw(t, "what") {
			case 0:
				now = now.Add(time.Duration(rapid.IntRange(1, 500).Draw(t, "sleep")) * time.Minute)
			case 1:
				if furthest.Sub(now) < time.Hour {
					now = now.Add(-time.Hour)
				}
			default:
				now = now.Add(time.Minute)
			}
		}
		if want := slowCount(loc, line, p.Changed, watermarks[0].At); accounted != want {
			t.Fatalf("%d slots of %q in %s accounted for until %s, there are %d", accounted, line, zone, watermarks[0].At, want)
		}
	})
}

// slowCount counts the local times of a line that become due behind from and
// up to to: it looks at the clock every minute, and whatever local minutes the
// clock has come to or passed for the first time are due then.
func slowCount(zone *time.Location, line string, from, to time.Time) (n int) {
	var match [5][60]bool
	for i, field := range strings.Fields(line) {
		for v := range match[i] {
			match[i][v] = slowMatch(field, v)
		}
	}
	local := from.Add(-48 * time.Hour)
	for at := from.Add(-72 * time.Hour); !at.After(to); at = at.Add(time.Minute) {
		on := at.In(zone)
		shows := time.Date(on.Year(), on.Month(), on.Day(), on.Hour(), on.Minute(), 0, 0, time.UTC)
		for ; !local.After(shows); local = local.Add(time.Minute) {
			if at.After(from) && match[0][local.Minute()] && match[1][local.Hour()] && match[4][local.Weekday()] {
				n++
			}
		}
	}
	return n
}

func slowMatch(field string, v int) bool {
	for _, part := range strings.Split(field, ",") {
		var a, b int
		switch {
		case part == "*":
			return true
		case strings.HasPrefix(part, "*/"):
			if _, err := fmt.Sscanf(part, "*/%d", &a); err == nil && v%a == 0 {
				return true
			}
		case strings.Contains(part, "-"):
			if _, err := fmt.Sscanf(part, "%d-%d", &a, &b); err == nil && a <= v && v <= b {
				return true
			}
		default:
			if _, err := fmt.Sscanf(part, "%d", &a); err == nil && a == v {
				return true
			}
		}
	}
	return false
}

func TestAFullTakesTheDifferentialsPlaceAndLogsGoOn(t *testing.T) {
	p := Policy{ID: "p", Enabled: true, Zone: "UTC", Changed: utc("2026-05-02T23:00"), Missed: MissedLate, Window: time.Hour, Rules: []Rule{
		{Kind: backup.Full, Cron: "0 2 * * 0"}, {Kind: backup.Differential, Cron: "0 2 * * *"}, {Kind: backup.Log, Cron: "0 * * * *"}}}
	d, err := dueOf(p, nil, p.Changed)
	if err != nil || len(d.Slots) != 0 || len(d.Watermarks) != 3 {
		t.Fatal(d, err)
	}
	watermarks := d.Watermarks
	for i := range watermarks {
		watermarks[i].At = utc("2026-05-03T01:00")
	}
	d, err = dueOf(p, watermarks, utc("2026-05-03T02:00"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[backup.Kind]Verdict{}
	for _, s := range d.Slots {
		got[s.Kind] = s.Verdict
	}
	if got[backup.Full] != Fired || got[backup.Differential] != Skipped || got[backup.Log] != Fired {
		t.Errorf("%+v", d.Slots)
	}
	if !d.Next.Equal(utc("2026-05-03T03:00")) {
		t.Errorf("next at %s", d.Next)
	}
}

func TestYearsOfMissedMinutesAreOneRow(t *testing.T) {
	p := Policy{ID: "p", Enabled: true, Zone: "Europe/Berlin", Changed: utc("2010-01-01T00:00"), Missed: MissedLate, Window: time.Hour, Rules: []Rule{{Kind: backup.Log, Cron: "* * * * *"}}}
	d, err := dueOf(p, nil, utc("2026-01-01T00:00").Add(30*time.Second))
	if err != nil || len(d.Slots) != 2 || d.Slots[0].Count != mostCounted || d.Slots[1].Verdict != Fired || d.Slots[1].Local != "2026-01-01T01:00" {
		t.Fatalf("%+v %v", d, err)
	}
	if !strings.Contains(d.Slots[0].Why, "1000 or more slots from 2010-01-01 01:01 to 2026-01-01 00:59") {
		t.Error(d.Slots[0].Why)
	}
}

func TestRulesBeginAnew(t *testing.T) {
	p := Policy{ID: "p", Enabled: true, Zone: "UTC", Changed: utc("2026-05-01T00:30"), Missed: MissedSkip, Rules: []Rule{{Kind: backup.Full, Cron: "0 * * * *"}}}
	old := []Watermark{{PolicyID: "p", Kind: backup.Full, Cron: "0 0 * * *", Zone: "UTC", At: utc("2026-04-01T00:00")}}
	d, err := dueOf(p, old, utc("2026-05-01T00:40"))
	if err != nil || len(d.Slots) != 0 || len(d.Watermarks) != 1 || !d.Watermarks[0].At.Equal(p.Changed) {
		t.Errorf("another cron line: %+v %v", d, err)
	}
	off := p
	off.Enabled = false
	d, _ = dueOf(off, []Watermark{{PolicyID: "p", Kind: backup.Full, Cron: "0 * * * *", Zone: "UTC", At: utc("2026-04-01T00:00")}}, utc("2026-05-01T00:00"))
	if len(d.Watermarks) != 1 || d.Watermarks[0].Cron != "" || !d.Next.IsZero() || len(d.Slots) != 0 {
		t.Errorf("disabled: %+v", d)
	}
	d, _ = dueOf(p, d.Watermarks, utc("2026-05-01T00:31"))
	if len(d.Slots) != 0 || !d.Watermarks[0].At.Equal(p.Changed) {
		t.Errorf("enabled again: %+v", d)
	}
	ahead := []Watermark{{PolicyID: "p", Kind: backup.Full, Cron: "0 * * * *", Zone: "UTC", At: utc("2031-01-01T00:00")}}
	d, _ = dueOf(p, ahead, utc("2026-05-01T00:40"))
	if len(d.Watermarks) != 1 || !d.Next.Equal(utc("2026-05-01T01:00")) {
		t.Errorf("the clock was years ahead: %+v", d)
	}
}

// dueOf reads the policy's rules and decides its slots.
func dueOf(p Policy, watermarks []Watermark, now time.Time) (Decision, error) {
	c, err := NewCalendar(p)
	if err != nil {
		return Decision{}, err
	}
	return c.Due(watermarks, now), nil
}
