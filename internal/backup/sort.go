package backup

import (
	"cmp"
	"slices"
	"strings"
)

// sorted is the sets of one lineage, apart by what they can do in a chain.
type sorted struct {
	fulls, diffs, logs []*Set
	leftOut            []LeftOut // cannot be used at all
	broken             []*Set    // of those: would be usable if their files were whole
	unknown            []*Set    // of those: nobody knows what they would be good for
}

// sortOut separates what can be applied from what cannot.
func sortOut(sets []*Set) sorted {
	var out sorted
	first := map[GUID]*Set{} // a usable set of each ID
	for _, s := range sets {
		if _, ok := first[s.ID]; !ok && !s.ID.IsZero() && flaw(s) == "" {
			first[s.ID] = s
		}
	}
	for _, s := range sets {
		why := flaw(s)
		if original := first[s.ID]; original != nil && original != s {
			out.leave(s, Duplicate, original)
			continue
		}
		if why != "" {
			out.leave(s, why, nil)
			switch {
			case why == Unsupported:
			case s.Last.IsZero():
				out.unknown = append(out.unknown, s)
			case s.First.Compare(s.Last) <= 0:
				out.broken = append(out.broken, s)
			}
			continue
		}
		if s.Kind == Log && s.First == s.Last {
			out.leave(s, Covered, nil) // an idle database writes such logs
			continue
		}
		switch s.Kind {
		case Full:
			out.fulls = append(out.fulls, s)
		case Differential:
			out.diffs = append(out.diffs, s)
		case Log:
			out.logs = append(out.logs, s)
		}
	}
	return out
}

func (o *sorted) leave(s *Set, why Reason, other *Set) {
	o.leftOut = append(o.leftOut, LeftOut{s, why, sentence(s, why, other)})
}

// flaw is why a set cannot be applied whatever else there is; empty = it can.
func flaw(s *Set) Reason {
	switch {
	case s.Kind == Other, s.Snapshot, s.Kind == Differential && s.DifferentialBase.IsZero() && s.DifferentialBaseLSN.IsZero():
		return Unsupported
	case len(s.MissingStripes()) > 0:
		return StripeIncomplete
	case !s.Complete:
		return Truncated
	case s.Damaged, s.Last.Compare(s.First) < 0:
		return DamagedSet
	}
	return ""
}

// repaired is the same with the broken sets taken for whole.
func (o sorted) repaired() sorted {
	r := sorted{fulls: slices.Clone(o.fulls), diffs: slices.Clone(o.diffs), logs: slices.Clone(o.logs)}
	for _, s := range o.broken {
		switch s.Kind {
		case Full:
			r.fulls = append(r.fulls, s)
		case Differential:
			r.diffs = append(r.diffs, s)
		case Log:
			r.logs = append(r.logs, s)
		}
	}
	return r
}

// Plans makes one plan for every lineage among the sets, by database name.
// With Options.Family there is one plan, and sets of other lineages are left
// out of it as foreign.
//
// Order comes from log sequence numbers, recovery forks and base GUIDs alone.
// Times decide only between full backups that serve equally, and StopAt.
func Plans(sets []Set, o Options) []Plan {
	type lineageKey struct {
		family GUID
		name   string // of sets that tell no lineage
	}
	groups := map[lineageKey][]*Set{}
	var foreign []*Set
	for i := range sets {
		s := &sets[i]
		k := lineageKey{family: s.Family}
		if s.Family.IsZero() {
			k.name = s.Database
		}
		if !o.Family.IsZero() && s.Family != o.Family {
			foreign = append(foreign, s)
			continue
		}
		groups[k] = append(groups[k], s)
	}
	if !o.Family.IsZero() && len(groups) == 0 {
		groups[lineageKey{family: o.Family}] = nil
	}
	var plans []Plan
	for k, members := range groups {
		p := planFamily(members, o)
		p.Family = k.family
		for _, s := range foreign {
			p.LeftOut = append(p.LeftOut, LeftOut{s, Foreign, sentence(s, Foreign, nil)})
		}
		plans = append(plans, p)
	}
	slices.SortFunc(plans, func(a, b Plan) int {
		return cmp.Or(strings.Compare(a.Database, b.Database), strings.Compare(a.Family.String(), b.Family.String()))
	})
	return plans
}
