package policy

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// mostForecast bounds how many sets of a kind a forecast plays through.
const mostForecast = 4000

// forecast plays the rules for as long as they keep sets, with backups that
// take no time, and lets the retention prune what there would be: so what
// chains need is counted as it will be.
func (c *Calendar) forecast(now time.Time) (out []Forecast) {
	apart := c.LongestGap(now, backup.Full)
	var end time.Time
	horizons := map[backup.Kind]time.Duration{}
	for _, r := range c.Policy.Rules {
		k, gap := c.Policy.KeepFor(r.Kind), c.LongestGap(now, r.Kind)
		h := max(days(k.Days), time.Duration(k.Count)*gap, time.Duration(k.Daily)*max(gap, days(1)), time.Duration(k.Weekly)*max(gap, days(7)),
			time.Duration(k.Monthly)*max(gap, days(31)), time.Duration(k.Yearly)*max(gap, days(366)))
		if k.Forever() {
			h = days(365)
		}
		horizons[r.Kind] = h + 2*apart + days(1)
	}
	var longest time.Duration
	for _, h := range horizons {
		longest = max(longest, h)
	}
	end = now.Add(longest)
	type taken struct {
		kind backup.Kind
		at   time.Time
	}
	var all []taken
	atLeast := map[backup.Kind]bool{}
	for _, r := range c.Policy.Rules {
		slots := c.Next(r.Kind, end.Add(-horizons[r.Kind]), mostForecast)
		if n := len(slots); n == mostForecast && slots[n-1].At.Before(end) {
			// The newest count most: begin later, and say that there are more.
			atLeast[r.Kind] = true
			per := slots[n-1].At.Sub(slots[0].At)
			slots = c.Next(r.Kind, end.Add(-per), mostForecast)
		}
		for _, s := range slots {
			if !s.At.After(end) {
				all = append(all, taken{r.Kind, s.At})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b taken) int { return a.at.Compare(b.at) })
	p := c.Policy
	p.ID, p.BucketID, p.How.Verify = "forecast", "", false
	sets := play(len(all), func(i int) (backup.Kind, time.Time) { return all[i].kind, all[i].at }, p)
	pruned, err := Prune(p, sets, end)
	if err != nil {
		return nil
	}
	counts := map[backup.Kind]int{}
	for _, k := range pruned.Keep {
		counts[k.Record.Set.Kind]++
	}
	for _, r := range p.Rules {
		f := Forecast{Kind: r.Kind, Sets: counts[r.Kind], AtLeast: atLeast[r.Kind]}
		if p.KeepFor(r.Kind).Forever() {
			f.Grows, f.Sets = true, 0
			for _, t := range all {
				if t.kind == r.Kind && t.at.After(end.AddDate(-1, 0, 0)) {
					f.Sets++
				}
			}
		}
		out = append(out, f)
	}
	return out
}

// play makes the sets that n backups in a row would give of a database that is
// written to all the time.
func play(n int, backupAt func(i int) (backup.Kind, time.Time), p Policy) (sets []backup.Record) {
	lsn := func(i int) backup.LSN { return backup.LSN{VLF: 1, Block: uint32(i) + 1, Slot: 1} }
	base, cut := -1, 0
	name := func(i int) (g backup.GUID) {
		binary.BigEndian.PutUint32(g[:], uint32(i)+1)
		return g
	}
	for i := range n {
		kind, at := backupAt(i)
		s := backup.Set{Kind: kind, ID: name(i), Complete: true, First: lsn(i), Last: lsn(i + 1), Finished: backup.Moment{Local: at, UTC: &at}, CopyOnly: p.How.CopyOnly && kind == backup.Full}
		switch {
		case kind == backup.Full:
			if base < 0 {
				cut = i
			}
			base = i
		case base < 0:
			continue
		case kind == backup.Differential:
			s.DifferentialBase = name(base)
		case kind == backup.Log:
			s.First = lsn(cut)
			cut = i + 1
		}
		sets = append(sets, backup.Record{ID: fmt.Sprintf("%09d", i), Origin: backup.ByUs, PolicyID: p.ID, State: backup.Complete, Set: s})
	}
	return sets
}
