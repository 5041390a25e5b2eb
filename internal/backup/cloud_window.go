package backup

import (
	"cmp"
	"slices"
)

// CloudWindow tells to which times an instance of the cloud can be restored,
// as its sets and log backups were just listed, by ascending end. It is Windows
// for what is not in the catalogue yet.
func CloudWindow(sets []CloudSet, logs []CloudLog) []Window {
	records := make([]Record, 0, len(sets)+len(logs))
	for i := range sets {
		s := &sets[i]
		r := Record{Origin: InCloud, State: Complete, Set: Set{Kind: s.Kind, CopyOnly: s.CopyOnly, Snapshot: s.Snapshot}, Cloud: s}
		if s.Failed {
			r.State = Broken
		}
		records = append(records, r)
	}
	for _, l := range logs {
		records = append(records, Record{Origin: InCloud, State: Complete, Set: Set{Kind: Log},
			Cloud: &CloudSet{ID: CloudLogID(l), Kind: Log, Started: l.From, Finished: l.To, Size: l.Size, Usable: true}})
	}
	return Windows(records)
}

// Gaps are the times between windows to which nothing leads.
func Gaps(windows []Window) (out []Span) {
	sorted := slices.Clone(windows)
	slices.SortStableFunc(sorted, func(a, b Window) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	for i := range sorted {
		if i == 0 {
			continue
		}
		to := sorted[0].To
		for _, w := range sorted[:i] {
			if w.To.After(to) {
				to = w.To
			}
		}
		if sorted[i].From.After(to) {
			out = append(out, Span{to, sorted[i].From})
		}
	}
	return out
}
