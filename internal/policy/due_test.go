package policy

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestALateSlotAtEachBoundary(t *testing.T) {
	due := utc("2026-05-01T02:00")
	for _, c := range []struct {
		what   string
		late   time.Duration
		missed Missed
		want   Verdict // empty = not due yet
		isLate bool
	}{
		{"before its time", -time.Second, MissedLate, "", false},
		{"at its time", 0, MissedSkip, Fired, false},
		{"punctual", time.Minute - 1, MissedSkip, Fired, false},
		{"a minute late, and it skips", time.Minute, MissedSkip, Skipped, false},
		{"a minute late, and it comes late", time.Minute, MissedLate, Fired, true},
		{"at the end of its window", time.Hour, MissedLate, Fired, true},
		{"behind its window", time.Hour + 1, MissedLate, Skipped, false},
	} {
		cal := calendar(t, "UTC", Rule{Kind: backup.Full, Cron: "0 2 * * *"})
		cal.Policy.Missed, cal.Policy.Changed = c.missed, due.Add(-time.Hour)
		d := cal.Due(nil, due.Add(c.late))
		if c.want == "" {
			if len(d.Slots) != 0 || !d.Next.Equal(due) {
				t.Errorf("%s: %+v", c.what, d)
			}
			continue
		}
		if len(d.Slots) != 1 || d.Slots[0].Verdict != c.want || d.Slots[0].Late != c.isLate || !d.Next.Equal(due.AddDate(0, 0, 1)) {
			t.Errorf("%s: %+v", c.what, d)
		}
	}
}

func TestWhereARuleBegins(t *testing.T) {
	now := utc("2026-05-01T12:00")
	mark := func(change func(*Watermark)) []Watermark {
		m := Watermark{PolicyID: "p", Kind: backup.Full, Cron: "0 * * * *", Zone: "UTC", At: now.Add(-30 * time.Minute)}
		if change != nil {
			change(&m)
		}
		return []Watermark{m}
	}
	for _, c := range []struct {
		what    string
		changed time.Duration // before now; negative = no time is known
		marks   []Watermark
		want    time.Time
		moved   bool
	}{
		{"where it stood", time.Hour, mark(nil), now.Add(-30 * time.Minute), false},
		{"nowhere: with the policy", time.Hour, nil, now.Add(-time.Hour), true},
		{"of another policy", time.Hour, mark(func(m *Watermark) { m.PolicyID = "q" }), now.Add(-time.Hour), true},
		{"of another kind", time.Hour, mark(func(m *Watermark) { m.Kind = backup.Log }), now.Add(-time.Hour), true},
		{"of another line", time.Hour, mark(func(m *Watermark) { m.Cron = "1 * * * *" }), now.Add(-time.Hour), true},
		{"of another zone", time.Hour, mark(func(m *Watermark) { m.Zone = "Asia/Shanghai" }), now.Add(-time.Hour), true},
		{"a policy without a time", -1, nil, now, true},
		{"a policy of the future", -time.Hour, nil, now, true},
		{"at rest since", time.Hour, mark(func(m *Watermark) { m.Cron, m.Zone = "", "" }), now.Add(-30 * time.Minute), true},
		{"at rest from before the change", 10 * time.Minute, mark(func(m *Watermark) { m.Cron, m.Zone = "", "" }), now.Add(-10 * time.Minute), true},
		{"at rest until now", time.Hour, mark(func(m *Watermark) { m.Cron, m.Zone, m.At = "", "", now }), now, true},
		{"at rest in the future", time.Hour, mark(func(m *Watermark) { m.Cron, m.Zone, m.At = "", "", now.Add(1) }), now.Add(-time.Hour), true},
		{"a clock put back by two hours", time.Hour, mark(func(m *Watermark) { m.At = now.Add(setBack) }), now.Add(setBack), false},
		{"a clock put back by more", time.Hour, mark(func(m *Watermark) { m.At = now.Add(setBack + 1) }), now, true},
	} {
		cal := calendar(t, "UTC", Rule{Kind: backup.Full, Cron: "0 * * * *"})
		switch {
		case c.changed == -1:
		default:
			cal.Policy.Changed = now.Add(-c.changed)
		}
		got, moved := cal.begin(&cal.rules[0], c.marks, now)
		if !got.At.Equal(c.want) || moved != c.moved {
			t.Errorf("%s: from %s, moved %v; want %s, %v", c.what, got.At, moved, c.want, c.moved)
		}
	}
}

func TestOnlyADifferentialGivesWayToAFull(t *testing.T) {
	slot := func(k backup.Kind, v Verdict) Decided {
		return Decided{Slot: Slot{Kind: k}, Verdict: v, Late: v == Fired}
	}
	for _, c := range []struct {
		what        string
		full, other Decided
		want        Verdict
	}{
		{"a differential beside a full", slot(backup.Full, Fired), slot(backup.Differential, Fired), Skipped},
		{"a log beside a full", slot(backup.Full, Fired), slot(backup.Log, Fired), Fired},
		{"a differential beside a full that was skipped", slot(backup.Full, Skipped), slot(backup.Differential, Fired), Fired},
	} {
		for _, slots := range [][]Decided{{c.full, c.other}, {c.other, c.full}} {
			giveWay(slots)
			for _, s := range slots {
				if s.Kind != backup.Full && s.Verdict != c.want || s.Kind == backup.Full && s.Verdict != c.full.Verdict {
					t.Errorf("%s: %+v", c.what, slots)
				}
			}
		}
	}
}

func TestWhatRestsWithItsRule(t *testing.T) {
	now := utc("2026-05-01T12:00")
	m := Watermark{PolicyID: "p", Kind: backup.Full, Cron: "0 * * * *", Zone: "UTC", At: now.Add(-time.Hour)}
	other, gone, rests := m, m, m
	other.PolicyID, gone.Kind, rests.Cron = "q", backup.Log, ""
	on := Policy{ID: "p", Enabled: true, Rules: []Rule{{Kind: backup.Full}}}
	off := on
	off.Enabled = false
	for _, c := range []struct {
		what  string
		p     Policy
		m     Watermark
		rests bool
	}{
		{"a rule at work", on, m, false}, {"a policy that is off", off, m, true}, {"a rule that is gone", on, gone, true}, {"another policy's", off, other, false}, {"what rests already", off, rests, false},
	} {
		if got := rest(c.p, []Watermark{c.m}, now); (len(got) == 1) != c.rests || c.rests && (got[0].Cron != "" || !got[0].At.Equal(now)) {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}
