package policy

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// reach is every moment to which sets can be restored, as spans in order that
// do not touch.
func reach(sets []*backup.Set, stands []backup.RestorePath) []Span {
	var all []Span
	for i, s := range sets {
		if s == nil || !stands[i].Sound {
			continue
		}
		to := s.Finished.Time()
		if s.Kind == backup.Log && !s.ValidUntil.IsZero() {
			to = s.ValidUntil.Time()
		}
		from := to
		if s.Kind == backup.Log && !s.BulkLogged && stands[i].From.Before(to) {
			from = stands[i].From
		}
		all = append(all, Span{from, to})
	}
	return join(all)
}

// join sorts spans and makes those one that touch.
func join(all []Span) (joined []Span) {
	slices.SortFunc(all, func(a, b Span) int { return a.From.Compare(b.From) })
	for _, s := range all {
		if n := len(joined); n > 0 && !s.From.After(joined[n-1].To) {
			joined[n-1].To = Latest(joined[n-1].To, s.To)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// lost is what of before is not in after; both are joined. A single moment
// that stays inside a stretch that goes is not told apart.
func lost(before, after []Span) (gone []Span) {
	for _, b := range before {
		if b.From.Equal(b.To) {
			if !slices.ContainsFunc(after, func(a Span) bool { return !b.From.Before(a.From) && !b.From.After(a.To) }) {
				gone = append(gone, b)
			}
			continue
		}
		from := b.From
		for _, a := range after {
			if a.From.Equal(a.To) || !a.To.After(from) || !a.From.Before(b.To) {
				continue
			}
			if a.From.After(from) {
				gone = append(gone, Span{from, a.From})
			}
			from = a.To
		}
		if from.Before(b.To) {
			gone = append(gone, Span{from, b.To})
		}
	}
	return gone
}

// Holds reports whether a moment lies in the span, its ends included.
func (s Span) Holds(t time.Time) bool { return !t.Before(s.From) && !t.After(s.To) }
