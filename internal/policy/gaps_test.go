package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// slowGaps looks at every slot, one after the other.
func slowGaps(c *Calendar, now time.Time, kinds ...backup.Kind) (longest, shortest time.Duration) {
	rules := slices.DeleteFunc(slices.Clone(c.rules), func(s schedule) bool { return !slices.Contains(kinds, s.Kind) })
	var last time.Time
	at := now
	n := 0
	for ; n < 1_000_000; n++ {
		var next time.Time
		for i := range rules {
			s := &rules[i]
			if s.known == nil || !s.known.first.IsZero() && !s.known.next.At.After(at) {
				s.after(at)
			}
			if found := s.known.next; !s.known.first.IsZero() && (next.IsZero() || found.At.Before(next)) {
				next = found.At
			}
		}
		if next.IsZero() {
			break
		}
		if !last.IsZero() {
			gap := next.Sub(last)
			longest = max(longest, gap)
			if shortest == 0 || gap < shortest {
				shortest = gap
			}
		}
		last, at = next, next
		if next.Sub(now) > foreseen && longest > 0 {
			break
		}
	}
	if n < 2 && len(rules) > 0 {
		longest = foreseen
	}
	return longest, shortest
}

// Days and minutes together find what a walk over every slot finds.
func TestGapsAreThoseOfEverySlot(t *testing.T) {
	all := []backup.Kind{backup.Full, backup.Differential, backup.Log}
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"} {
		for _, lines := range [][]string{
			{"0 2 * * 0", "0 2 * * 1-6", "*/15 * * * *"}, {"30 2 1 * *", "15 4 * * mon-fri", "*/20 6-20 * * 1-5"}, {"0 0 1 1 *"}, {"0 3 1 * 0"}, {"0 0 29 2 *"},
			{"59 23 * * *", "1 0 * * *"}, {"0 */7 * * *"}, {"30 1,2,3 * * *", "0 12 31 * *"},
		} {
			p := Policy{Zone: zone}
			for i, line := range lines {
				p.Rules = append(p.Rules, Rule{Kind: all[i], Cron: line})
			}
			c, err := NewCalendar(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, now := range []time.Time{time.Date(2026, 3, 28, 22, 17, 0, 0, time.UTC), time.Date(2026, 10, 24, 9, 0, 0, 0, time.UTC)} {
				for n := range len(lines) {
					long, short := c.gaps(now, all[:n+1]...)
					wantLong, wantShort := slowGaps(c, now, all[:n+1]...)
					if wantShort > 0 && wantLong == foreseen { // it saw one gap alone
						wantLong = wantShort
					}
					if long != wantLong || short != wantShort {
						t.Errorf("%s %v: %v and %v, want %v and %v", zone, lines[:n+1], long, short, wantLong, wantShort)
					}
				}
			}
		}
	}
}
