package policy

import (
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bakplane/bakplane/internal/backup"
)

// keyFormat is how a slot's local time is written.
const keyFormat = "2006-01-02T15:04"

// Calendar has a policy's rules read and ready: it tells their slots. It
// remembers what it found last and is not safe for use by several goroutines.
type Calendar struct {
	Policy Policy
	zone   *time.Location
	rules  []schedule
}

// schedule is one rule on the clock of a zone.
type schedule struct {
	Rule
	policyID string
	cron     cron.Schedule
	zone     *time.Location
	known    *ahead // found last
}

// ahead is what lies behind a moment.
type ahead struct {
	of    time.Time // the moment
	first time.Time // local time of the first slot behind it; zero = none within years
	next  Slot      // the last of those due at the same moment
}

// NewCalendar reads a policy's zone and cron lines; Invalid when one of them
// cannot be read.
func NewCalendar(p Policy) (*Calendar, error) {
	zone, err := LoadZone(p.Zone)
	if err != nil {
		return nil, err
	}
	c := &Calendar{Policy: p, zone: zone}
	for _, r := range p.Rules {
		s, err := parseCron(r.Cron)
		if err != nil {
			return nil, err
		}
		c.rules = append(c.rules, schedule{Rule: r, policyID: p.ID, cron: s, zone: zone})
	}
	return c, nil
}

// Zone is the zone whose clock the rules are read on.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Next lists up to n slots of a kind after a moment, the next first. Slots of
// an hour that does not exist are one: the last of those due at that moment.
func (c *Calendar) Next(k backup.Kind, after time.Time, n int) (slots []Slot) {
	for _, s := range c.rules {
		if s.Kind != k {
			continue
		}
		for next, ok := s.after(after); ok && len(slots) < n; next, ok = s.after(next.At) {
			slots = append(slots, next)
		}
	}
	return slots
}

func (s *schedule) slot(local time.Time) Slot {
	return Slot{PolicyID: s.policyID, Kind: s.Kind, Local: local.Format(keyFormat), At: moment(s.zone, local)}
}

// after is the first moment after at that has a slot, with the last of its
// slots; false when none comes within years.
func (s *schedule) after(at time.Time) (Slot, bool) {
	if s.known == nil || !s.known.of.Equal(at) {
		s.remember(at, s.cron.Next(shown(s.zone, at)))
	}
	return s.known.next, !s.known.first.IsZero()
}

// remember notes the first local time behind a moment.
func (s *schedule) remember(at, first time.Time) {
	s.known = &ahead{of: at, first: first}
	if first.IsZero() {
		return
	}
	s.known.next = s.slot(first)
	if due := s.known.next.At; !reading(s.zone, due).Equal(first) { // of a gap, or where a gap ends
		last, _ := s.newest(first, shown(s.zone, due))
		s.known.next = s.slot(last)
	}
}

// newest is the last time of the rule that is at or before to, given one that
// is, and the one that follows it. Whether a later one follows within reach falls with time, so halving the
// stretch finds it: years of missed minutes cost some twenty looks.
func (s *schedule) newest(one, to time.Time) (last, following time.Time) {
	for {
		next := s.cron.Next(one)
		if next.IsZero() || next.After(to) {
			return one, next
		}
		one = next
		low, high := int64(0), int64(to.Sub(one)/time.Minute) // minutes behind one
		for low < high {
			middle := low + (high-low+1)/2
			if next := s.cron.Next(one.Add(time.Duration(middle) * time.Minute)); !next.IsZero() && !next.After(to) {
				low = middle
			} else {
				high = middle - 1
			}
		}
		if next := s.cron.Next(one.Add(time.Duration(low) * time.Minute)); !next.IsZero() && !next.After(to) {
			one = next
		}
	}
}

// count counts the times from one to another, both included, up to most.
func (s *schedule) count(from, to time.Time, most int) (n int) {
	for t := from; !t.IsZero() && !t.After(to) && n < most; t = s.cron.Next(t) {
		n++
	}
	return n
}
