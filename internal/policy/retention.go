package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// Ground is why a set is kept.
type Ground string

const (
	ForEver Ground = "for ever"
	ByDays  Ground = "days"
	ByCount Ground = "count"
	ByDay   Ground = "daily"
	ByWeek  Ground = "weekly"
	ByMonth Ground = "monthly"
	ByYear  Ground = "yearly"

	Pinned     Ground = "pinned"     // a person keeps it
	Unexpired  Ground = "unexpired"  // it has an expiry of its own, which has not come
	Newest     Ground = "newest"     // the newest full, or the newest restore point stands on it
	Unrelieved Ground = "unrelieved" // no newer backup is complete, verified and copied where that is demanded
	Needed     Ground = "needed"     // a kept set cannot be restored without it
)

// KeepFor is how long sets of a kind are kept. Sets of a kind whose rule was
// taken away are kept as full backups are; without any rule, for ever.
func (p *Policy) KeepFor(k backup.Kind) Keep {
	if r, ok := p.Rule(k); ok {
		return r.Keep
	}
	r, _ := p.Rule(backup.Full)
	return r.Keep
}

// wants tells by which rules each of some sets is kept, given when they
// finished, oldest first.
func (k Keep) wants(finished []time.Time, zone *time.Location, now time.Time) [][]Ground {
	grounds := make([][]Ground, len(finished))
	if k.Forever() {
		for i := range grounds {
			grounds[i] = []Ground{ForEver}
		}
		return grounds
	}
	since := now.In(zone).AddDate(0, 0, -k.Days)
	for i, at := range finished {
		if k.Days > 0 && !at.Before(since) {
			grounds[i] = append(grounds[i], ByDays)
		}
		if len(finished)-i <= k.Count {
			grounds[i] = append(grounds[i], ByCount)
		}
	}
	for _, g := range []struct {
		ground Ground
		most   int
		period func(t time.Time) [2]int
	}{
		{ByDay, k.Daily, func(t time.Time) [2]int { return [2]int{t.Year(), t.YearDay()} }},
		{ByWeek, k.Weekly, func(t time.Time) [2]int { y, w := t.ISOWeek(); return [2]int{y, w} }},
		{ByMonth, k.Monthly, func(t time.Time) [2]int { return [2]int{t.Year(), int(t.Month())} }},
		{ByYear, k.Yearly, func(t time.Time) [2]int { return [2]int{t.Year()} }},
	} {
		var firsts []int // of each period that has a set
		var last [2]int
		for i, at := range finished {
			if p := g.period(at.In(zone)); i == 0 || p != last {
				firsts, last = append(firsts, i), p
			}
		}
		for _, i := range firsts[max(0, len(firsts)-max(0, g.most)):] {
			grounds[i] = append(grounds[i], g.ground)
		}
	}
	return grounds
}

// Words says the retention in half a sentence.
func (k Keep) Words() string {
	if k.Forever() {
		return "for ever"
	}
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf(many, n))
		}
	}
	add(k.Days, "for 1 day", "for %d days")
	add(k.Count, "the newest", "the newest %d")
	add(k.Daily, "the first of the last day", "the first of each of %d days")
	add(k.Weekly, "the first of the last week", "the first of each of %d weeks")
	add(k.Monthly, "the first of the last month", "the first of each of %d months")
	add(k.Yearly, "the first of the last year", "the first of each of %d years")
	return strings.Join(parts, ", ")
}

// ruled asks the policy's rules about its own sets.
func (r *retention) ruled() {
	byKind := map[backup.Kind][]int{}
	for i := range r.sets {
		if s := &r.sets[i]; r.ours[i] && r.present[i] != nil && s.Expires.IsZero() && s.PolicyID == r.policy.ID {
			byKind[s.Set.Kind] = append(byKind[s.Set.Kind], i)
		}
	}
	for kind, of := range byKind {
		slices.SortStableFunc(of, r.byFinished)
		var finished []time.Time
		for _, i := range of {
			finished = append(finished, r.finished(i))
		}
		for n, grounds := range r.policy.KeepFor(kind).wants(finished, r.zone, r.now) {
			for _, g := range grounds {
				r.keep(of[n], g)
			}
		}
	}
}

// byFinished is the order of sets by age; LSNs decide between those of one.
func (r *retention) byFinished(a, b int) int {
	return cmp.Or(r.finished(a).Compare(r.finished(b)), r.sets[a].Set.Last.Compare(r.sets[b].Set.Last), strings.Compare(r.sets[a].ID, r.sets[b].ID))
}

// finished is when a set ended, as backup.Ages tells: a date that a clock put
// there wrongly takes no fresh set away.
func (r *retention) finished(i int) time.Time { return r.ages[i] }
