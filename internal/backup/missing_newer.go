package backup

import (
	"fmt"
	"slices"
)

// missingNewer names sets behind the end of the plan that no plan can use: what
// changed until then is lost when the plan is taken for everything there is.
func (p *Plan) missingNewer(in sorted, r route, o Options) {
	forks := map[GUID]bool{}
	for _, s := range slices.Concat(in.fulls, in.diffs, in.logs) {
		forks[s.Fork] = true
	}
	last := r.last()
	newerThan := func(s *Set) bool {
		switch {
		case finishedAfter(s, o.StopAt), s.Fork != p.Fork && forks[s.Fork]:
			return false // not asked for, or told with that fork
		case !s.Last.IsZero():
			return s.Last.Compare(p.Reaches) > 0
		}
		return last != nil && !s.Started.IsZero() && s.Started.Time().After(last.Started.Time())
	}
	var behind []*Set
	for _, l := range in.leftOut {
		unused := l.Reason == Unsupported || l.Reason == Covered && l.Set.Kind == Log && l.Set.First == l.Set.Last
		if unused && newerThan(l.Set) {
			behind = append(behind, l.Set)
		}
	}
	slices.SortStableFunc(behind, func(a, b *Set) int { return a.Last.Compare(b.Last) })
	for _, s := range behind[:min(len(behind), maxGaps)] {
		p.Missing = append(p.Missing, unusable(s, p.Reaches))
	}
}

func unusable(s *Set, reached LSN) Missing {
	m := Missing{MissingKind: MissingNewer, From: reached, To: s.Last, SetID: s.ID, After: s,
		Fix: "Take a full backup, or a differential on a full backup that is here, of the whole database; or add the log backups that lead up to there."}
	switch {
	case s.Kind == Log:
		m.Words = fmt.Sprintf("%s holds no log, and shows that there was more: it stands at LSN %s, behind the end of this chain.", upper(s.label()), s.Last)
		m.Fix = "Add the log backups that lead up to there."
	case s.Snapshot:
		m.Words = fmt.Sprintf("%s is newer than what this chain reaches, and a snapshot backup: its data is in no backup file.", upper(s.label()))
	case s.Kind == Differential:
		m.Words = fmt.Sprintf("%s is newer than what this chain reaches, and a differential that names no single full backup as its base: it cannot be used here.", upper(s.label()))
	default:
		m.Words = fmt.Sprintf("%s is newer than what this chain reaches, and a file, filegroup or partial backup: it cannot be used here.", upper(s.label()))
	}
	return m
}
