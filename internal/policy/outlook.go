package policy

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// foreseen is how far ahead gaps between backups are looked for: longer than a
// year, so that rules of single months show theirs.
const foreseen = 400 * 24 * time.Hour

// Outlook is what a policy will do.
type Outlook struct {
	Next      []Slot        // of all rules, by time
	RPO       time.Duration // the longest stretch between two backups; databases in SIMPLE see RPOSimple
	RPOSimple time.Duration // the same without logs
	Kept      []Forecast    // by rule
	GapOfFull time.Duration // the longest between two full backups
	Today     int           // slots of the coming 24 hours
}

// Forecast is how many sets of a kind one database will have once the policy
// has been at work for as long as it keeps them.
type Forecast struct {
	Kind    backup.Kind
	Sets    int  // those that chains need beyond the rule are counted
	AtLeast bool // there are more than were counted
	Grows   bool // kept for ever: Sets is how many a year brings
}

// Outlook foresees the next n slots of each rule and what they amount to.
func (c *Calendar) Outlook(now time.Time, n int) Outlook {
	var o Outlook
	for _, r := range c.Policy.Rules {
		slots := c.Next(r.Kind, now, n)
		o.Next = append(o.Next, slots...)
		for _, s := range c.Next(r.Kind, now, 24*60) {
			if s.At.After(now.Add(24 * time.Hour)) {
				break
			}
			o.Today++
		}
	}
	slices.SortStableFunc(o.Next, func(a, b Slot) int { return a.At.Compare(b.At) })
	o.RPO, o.RPOSimple = c.WorstRPO(now, nil)
	o.GapOfFull = c.LongestGap(now, backup.Full)
	o.Kept = c.forecast(now)
	return o
}

// LongestGap is the longest stretch between two slots of the given kinds, of
// those that come within some four hundred days.
// A rule with fewer than two slots in that time has that time for a gap.
func (c *Calendar) LongestGap(now time.Time, kinds ...backup.Kind) time.Duration {
	longest, _ := c.gaps(now, kinds...)
	return longest
}

func (c *Calendar) shortestGap(now time.Time, k backup.Kind) time.Duration {
	_, shortest := c.gaps(now, k)
	return shortest
}

// WorstRPO is how much a loss at the worst moment would take: the longest
// stretch from the beginning of a backup to the end of the next. With log
// backups those alone count for databases that have a log; simple is for those
// in recovery model SIMPLE, where full and differential backups count.
func (c *Calendar) WorstRPO(now time.Time, took map[backup.Kind]time.Duration) (logged, simple time.Duration) {
	simple = c.LongestGap(now, backup.Full, backup.Differential) + max(took[backup.Full], took[backup.Differential])
	logged = simple
	if _, ok := c.Policy.Rule(backup.Log); ok {
		logged = min(simple, c.LongestGap(now, backup.Full, backup.Differential, backup.Log)+took[backup.Log])
	}
	return logged, simple
}
