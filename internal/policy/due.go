package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	// onTime is how long after its time a slot still counts as punctual.
	onTime = time.Minute
	// setBack is how far a clock may be put back while slots that were decided
	// before stay decided and the rule rests until the clock is there again. A
	// clock that was wrong by more was wrong before: the rule begins anew, and
	// the uniqueness of slots keeps those that fired from firing twice.
	setBack = 2 * time.Hour
	// mostCounted bounds how many missed slots are counted.
	mostCounted = 1000
)

// Decision is what has become of a policy's slots up to a moment.
type Decision struct {
	Slots      []Decided
	Watermarks []Watermark // those that moved
	Next       time.Time   // UTC, when the next slot is due; zero = none
}

// Due decides every slot of the policy that is due at now and was not decided
// before, as its watermarks tell. It is pure: asked again with the same watermarks it
// says the same.
//
// Of each rule only the newest due slot can fire; those before it are passed
// over in one row that stands for all of them, whether they were missed in a
// long sleep or fell into an hour that the clock left out. A slot that comes
// late fires or is skipped as Policy.Missed says. A differential that would
// fire together with a full gives way, since it would hold nothing; logs go on
// beside both, as they alone reach every moment in between.
//
// A rule without a watermark, or whose watermark is of another cron line or zone, begins
// at Policy.Changed. The watermarks of a policy that is disabled, and of kinds it
// has no rule for, are put to rest: nothing counts as missed from then on.
func (c *Calendar) Due(watermarks []Watermark, now time.Time) (d Decision) {
	d.Watermarks = rest(c.Policy, watermarks, now)
	if !c.Policy.Enabled {
		return d
	}
	for i := range c.rules {
		r := &c.rules[i]
		m, moved := c.begin(r, watermarks, now)
		next, ok := r.after(m.At)
		if ok && !next.At.After(now) {
			slots, at := c.decide(r, now)
			d.Slots = append(d.Slots, slots...)
			last := slots[len(slots)-1]
			m.Local, m.At, moved = last.Local, at, true
			next, ok = r.after(m.At)
		}
		if moved {
			d.Watermarks = append(d.Watermarks, m)
		}
		if ok && (d.Next.IsZero() || next.At.Before(d.Next)) {
			d.Next = next.At
		}
	}
	giveWay(d.Slots)
	return d
}

// rest puts watermarks to rest that no rule at work moves.
func rest(p Policy, watermarks []Watermark, now time.Time) (moved []Watermark) {
	for _, m := range watermarks {
		if _, ok := p.Rule(m.Kind); m.PolicyID == p.ID && m.Cron != "" && (!ok || !p.Enabled) {
			m.Cron, m.Zone, m.At = "", "", now.UTC()
			moved = append(moved, m)
		}
	}
	return moved
}

// begin finds the rule's watermark, or makes the one it begins with.
func (c *Calendar) begin(r *schedule, watermarks []Watermark, now time.Time) (m Watermark, moved bool) {
	i := slices.IndexFunc(watermarks, func(m Watermark) bool { return m.PolicyID == c.Policy.ID && m.Kind == r.Kind })
	if i >= 0 && watermarks[i].Cron == r.Cron && watermarks[i].Zone == c.Policy.Zone {
		if m = watermarks[i]; m.At.Sub(now) > setBack {
			m.At, moved = now.UTC(), true
		}
		return m, moved
	}
	from := c.Policy.Changed
	if from.IsZero() || from.After(now) {
		from = now
	}
	if i >= 0 && watermarks[i].Cron == "" && watermarks[i].At.After(from) && !watermarks[i].At.After(now) {
		from = watermarks[i].At
	}
	return Watermark{PolicyID: c.Policy.ID, Kind: r.Kind, Cron: r.Cron, Zone: c.Policy.Zone, At: from.UTC()}, true
}

// decide says what becomes of the rule's slots from the first it knows of and up
// to now; there is at least one.
func (c *Calendar) decide(r *schedule, now time.Time) (slots []Decided, at time.Time) {
	first := r.known.first
	last, following := r.newest(first, shown(r.zone, now))
	newest := Decided{Slot: r.slot(last), Count: 1}
	if first.Before(last) {
		slots = append(slots, r.passed(first, last, newest.Slot, now))
	}
	late := now.Sub(newest.At)
	p := &c.Policy
	switch {
	case late < onTime:
		newest.Verdict = Fired
	case p.Missed == MissedLate && late <= p.Window:
		newest.Verdict, newest.Late = Fired, true
		newest.Why = fmt.Sprintf("It starts %s after its time, within its window of %s.", words.Span(late), words.Span(p.Window))
	case p.Missed == MissedLate:
		newest.Verdict = Skipped
		newest.Why = fmt.Sprintf("Its time passed %s ago, and its window of %s is over.", words.Span(late), words.Span(p.Window))
	default:
		newest.Verdict = Skipped
		newest.Why = fmt.Sprintf("Its time passed %s ago, and the policy skips what it misses.", words.Span(late))
	}
	r.remember(newest.At, following)
	return append(slots, newest), newest.At
}

// passed is one row for every slot from first up to the one before last.
func (r *schedule) passed(first, last time.Time, newest Slot, now time.Time) Decided {
	before, _ := r.newest(first, last.Add(-time.Minute))
	d := Decided{Slot: r.slot(before), Verdict: Skipped, Count: r.count(first, before, mostCounted)}
	many := fmt.Sprintf("%d slots from %s to %s", d.Count, spellLocal(first), spellLocal(before))
	switch {
	case d.Count == 1:
		many = "The slot of " + spellLocal(first)
	case d.Count == mostCounted:
		many = fmt.Sprintf("%d or more slots from %s to %s", d.Count, spellLocal(first), spellLocal(before))
	}
	if moment(r.zone, first).Equal(newest.At) {
		d.Why = fmt.Sprintf("%s fell into the time that the clock of %s left out; that of %s stands for them.", many, r.zone, spellLocal(last))
		return d
	}
	d.Why = many + " passed while nothing could start; only the newest counts."
	return d
}

// giveWay lets full backups take the place of differentials that would start
// with them.
func giveWay(slots []Decided) {
	full := slices.IndexFunc(slots, func(d Decided) bool { return d.Kind == backup.Full && d.Verdict == Fired })
	if full < 0 {
		return
	}
	for i := range slots {
		if d := &slots[i]; d.Kind == backup.Differential && d.Verdict == Fired {
			d.Verdict, d.Late = Skipped, false
			d.Why = "The full backup that starts at the same time takes its place."
		}
	}
}

func spellLocal(t time.Time) string { return t.Format("2006-01-02 15:04") }
