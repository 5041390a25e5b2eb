package backup

import (
	"slices"
	"time"
)

// clockSlack is how far a server's clock may be from ours before its dates count
// as wrong.
const clockSlack = 5 * time.Minute

// Ended is when the set was complete, as far as its server's date can be
// believed: not after it became known here, but for what clocks may differ.
func (r *Record) Ended() time.Time {
	if r.DatedAhead() {
		return r.Known
	}
	return r.Finished()
}

// DatedAhead reports whether a set is dated after the moment it became known: its
// server's clock was ahead.
func (r *Record) DatedAhead() bool {
	return !r.Known.IsZero() && r.Finished().After(r.Known.Add(clockSlack))
}

// Ages tells of each set when it ended, for whoever asks how old sets are and
// which of them are newer. A date is a label that a server's clock put there:
// it is not believed where the set was known before, and of one recovery fork
// no set ended before one of a lower LSN did. So a set never seems older than
// it is; one that a clock dated back is as young as what came before it.
func Ages(records []Record) []time.Time {
	type line struct{ family, fork GUID }
	ages := make([]time.Time, len(records))
	lines := map[line][]int{}
	for i := range records {
		ages[i] = records[i].Ended()
		if s := &records[i].Set; !s.Last.IsZero() && !s.Fork.IsZero() {
			at := line{s.Family, s.Fork}
			lines[at] = append(lines[at], i)
		}
	}
	for _, of := range lines {
		slices.SortStableFunc(of, func(a, b int) int { return records[a].Set.Last.Compare(records[b].Set.Last) })
		var lower, same time.Time // the latest of lower LSNs, and of those of one
		for k, i := range of {
			if k > 0 && records[of[k-1]].Set.Last != records[i].Set.Last {
				lower = same
			}
			if ages[i].Before(lower) {
				ages[i] = lower
			}
			if ages[i].After(same) {
				same = ages[i]
			}
		}
	}
	return ages
}
