package policy

import (
	"math/bits"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bakplane/bakplane/internal/backup"
)

// Slots of a day lie at the same times of its clock on every day that a rule
// matches, but for the days on which the clock is changed. So gaps between
// slots are found by the days of a year and not by its half a million minutes.

// dayMinutes are the minutes of a day that have a slot.
type dayMinutes [24]uint64

func (d *dayMinutes) add(s *cron.SpecSchedule) {
	for h := range d {
		if s.Hour&(1<<uint(h)) != 0 {
			d[h] |= s.Minute & (1<<60 - 1)
		}
	}
}

// ends are the first and the last minute; false when there is none.
func (d *dayMinutes) ends() (first, last int, ok bool) {
	first = -1
	for h, m := range d {
		if m == 0 {
			continue
		}
		if first < 0 {
			first = h*60 + bits.TrailingZeros64(m)
		}
		last = h*60 + 63 - bits.LeadingZeros64(m)
	}
	return first, last, first >= 0
}

// gaps are the longest and shortest stretches within the day, in minutes; 0
// with fewer than two slots.
func (d *dayMinutes) gaps() (longest, shortest int) {
	last := -1
	d.each(func(m int) {
		if last >= 0 {
			if longest = max(longest, m-last); shortest == 0 || m-last < shortest {
				shortest = m - last
			}
		}
		last = m
	})
	return longest, shortest
}

func (d *dayMinutes) each(f func(minute int)) {
	for h, m := range d {
		for ; m != 0; m &= m - 1 {
			f(h*60 + bits.TrailingZeros64(m))
		}
	}
}

const starred = 1 << 63 // the library's watermark of a field that was *

// onDay reports whether a cron line has its times on a day. Where both the day
// of the month and of the week are given, either is enough.
func onDay(s *cron.SpecSchedule, day time.Time) bool {
	month := s.Month&(1<<uint(day.Month())) != 0
	dom, dow := s.Dom&(1<<uint(day.Day())) != 0, s.Dow&(1<<uint(day.Weekday())) != 0
	if s.Dom&starred != 0 || s.Dow&starred != 0 {
		return month && dom && dow
	}
	return month && (dom || dow)
}

// gaps finds the longest and the shortest stretch between two slots of the
// given kinds behind a moment, within some four hundred days; where those hold
// no two slots, as of 29 February, as far as the second.
func (c *Calendar) gaps(now time.Time, kinds ...backup.Kind) (longest, shortest time.Duration) {
	var lines []*cron.SpecSchedule
	for i := range c.rules {
		for _, k := range kinds {
			if s, ok := c.rules[i].cron.(*cron.SpecSchedule); ok && c.rules[i].Kind == k {
				lines = append(lines, s)
			}
		}
	}
	if len(lines) == 0 {
		return 0, 0
	}
	var last time.Time
	note := func(at time.Time) {
		if !at.After(now) || at.Equal(last) {
			return
		}
		if !last.IsZero() {
			if gap := at.Sub(last); gap > 0 {
				if longest = max(longest, gap); shortest == 0 || gap < shortest {
					shortest = gap
				}
			}
		}
		last = at
	}
	today := reading(c.zone, now)
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	// The slot behind the last of those days ends a gap too. Two leap days are up
	// to eight years apart, and the first may be as far away.
	for d, passed := 0, false; !passed && d < 17*366; d++ {
		day := today.AddDate(0, 0, d)
		var minutes dayMinutes
		for _, s := range lines {
			if onDay(s, day) {
				minutes.add(s)
			}
		}
		first, end, ok := minutes.ends()
		if !ok {
			continue
		}
		passed = d > int(foreseen/(24*time.Hour)) && !last.IsZero()
		if from := moment(c.zone, day); d == 0 || moment(c.zone, day.AddDate(0, 0, 1)).Sub(from) != 24*time.Hour {
			minutes.each(func(m int) { note(moment(c.zone, day.Add(time.Duration(m)*time.Minute))) })
			continue
		}
		note(moment(c.zone, day.Add(time.Duration(first)*time.Minute)))
		if long, short := minutes.gaps(); long > 0 {
			longest = max(longest, time.Duration(long)*time.Minute)
			if s := time.Duration(short) * time.Minute; shortest == 0 || s < shortest {
				shortest = s
			}
			last = moment(c.zone, day.Add(time.Duration(end)*time.Minute))
		}
	}
	if longest == 0 {
		longest = foreseen // fewer than two slots in all that time
	}
	return longest, shortest
}
