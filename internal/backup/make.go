package backup

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// planFamily plans for the sets of one lineage.
func planFamily(sets []*Set, o Options) Plan {
	in := sortOut(sets)
	p := Plan{Database: databaseName(sets), LeftOut: in.leftOut}
	found := routes(in, o)
	if len(found) == 0 {
		p.withoutRoute(in, o)
		return p
	}
	for i, r := range found {
		if around, ok := withoutClosed(in, r, o); ok {
			found[i] = around
		}
	}
	r := found[0]
	p.Fork, p.Reaches = r.fork, r.to
	p.addSteps(r, o)
	if o.StopAt != nil {
		p.ReachesStop = r.whole || len(r.logs) > 0 && reaches(r.logs[len(r.logs)-1], *o.StopAt, false)
		if !p.ReachesStop && p.standsStill(in, *o.StopAt) {
			p.ReachesStop, r.whole = true, true
		}
	}
	if len(found) > 1 {
		p.Choice = choiceOf(found)
	}
	p.explain(in, r, o)
	p.findMissing(in, r, o)
	p.note(r, o)
	return p
}

// databaseName is the name in the newest set.
func databaseName(sets []*Set) string {
	var newest *Set
	for _, s := range sets {
		if s.Database != "" && (newest == nil || s.Started.Time().After(newest.Started.Time())) {
			newest = s
		}
	}
	if newest == nil {
		return ""
	}
	return newest.Database
}

func (p *Plan) addSteps(r route, o Options) {
	var at LSN
	if o.Applied != nil {
		at = o.Applied.Last
	}
	for _, s := range r.sets() {
		p.Steps = append(p.Steps, Step{Set: s, Join: Joint{Have: at, First: s.First, Last: s.Last, Exact: s.Kind == Log && s.First == at},
			StopAt: s.Kind == Log && o.StopAt != nil && !r.whole && mayHold(s, *o.StopAt)})
		at = s.Last
	}
	if last := r.last(); last != nil && last.Database != "" {
		p.Database = last.Database
	}
}

func choiceOf(found []route) *Choice {
	c := &Choice{
		Words: fmt.Sprintf("The backups lead to %d different histories of the database (recovery forks): it was restored in between, and changes went on from there.", len(found)),
		Fix:   "Choose the fork to end on.",
	}
	for _, r := range found {
		candidate := Candidate{Fork: r.fork, Reaches: r.to, Sets: len(r.sets())}
		if r.base != nil {
			candidate.Base = r.base.ID
		}
		if s := r.last(); s != nil {
			candidate.Database, candidate.Server, candidate.Finished = s.Database, s.Server, s.Finished
		}
		c.Candidates = append(c.Candidates, candidate)
	}
	return c
}

// explain says of every usable set outside the route why it is there.
func (p *Plan) explain(in sorted, r route, o Options) {
	used := map[*Set]bool{}
	forks := map[GUID]bool{r.start.fork: true}
	for _, s := range r.sets() {
		used[s] = true
		forks[s.Fork] = true
	}
	leave := func(s *Set, why Reason, other *Set) {
		p.LeftOut = append(p.LeftOut, LeftOut{s, why, sentence(s, why, other)})
	}
	base := basesOf(in.fulls)
	for _, s := range in.fulls {
		switch {
		case used[s]:
		case finishedAfter(s, o.StopAt):
			leave(s, AfterStop, nil)
		case !forks[s.Fork] && o.Applied == nil:
			leave(s, OtherFork, nil)
		default:
			leave(s, NotTheBase, r.base)
		}
	}
	for _, s := range in.diffs {
		switch {
		case used[s]:
		case r.base != nil && (base.of(s) != r.base || r.base.CopyOnly), r.base == nil && (o.Applied == nil || s.DifferentialBase != o.Applied.Base):
			leave(s, WrongBase, nil)
		case finishedAfter(s, o.StopAt):
			leave(s, AfterStop, nil)
		case s.Last.Compare(r.start.at) <= 0:
			leave(s, Superseded, r.diff)
		case o.Applied != nil && o.Applied.Logs && s.Fork == o.Applied.Fork:
			leave(s, Covered, nil) // the logs lead on without it
		default:
			leave(s, OtherFork, nil)
		}
	}
	for _, s := range in.logs {
		if !used[s] {
			leave(s, p.whyNot(s, r, forks), nil)
		}
	}
}

// whyNot explains a usable log that is not part of the route.
func (p *Plan) whyNot(s *Set, r route, forks map[GUID]bool) Reason {
	switch {
	case !forks[s.Fork] && !forks[s.FirstFork]:
		return OtherFork
	case s.Last.Compare(r.start.at) <= 0, forks[s.Fork] && s.Last.Compare(p.Reaches) <= 0:
		return Covered
	case p.ReachesStop:
		return AfterStop
	case s.FirstFork != p.Fork:
		return OtherFork
	case s.First.Compare(p.Reaches) > 0:
		return BeyondGap
	case s.Fork != p.Fork:
		return OtherFork
	}
	return BrokenChain
}

// note adds what a person should know of a plan that works.
func (p *Plan) note(r route, o Options) {
	if r.base != nil && r.base.CopyOnly {
		p.Notes = append(p.Notes, "The chain begins with a copy-only full backup: no differential can build on it.")
	}
	if s := r.last(); s != nil && s.RecoveryModel == bakfile.RecoverySimple {
		p.Notes = append(p.Notes, "The database is in recovery model SIMPLE: there are no log backups, and only a newer full or differential backup reaches further.")
	}
	if slices.ContainsFunc(r.sets(), func(s *Set) bool { return s.VersionMajor != 0 && s.VersionMajor < 10 }) {
		p.Notes = append(p.Notes, "Some of these backups were made by SQL Server 2005 or older; newer servers may refuse them.")
	}
	if r.whole {
		p.Notes = append(p.Notes, "Every set is applied as a whole: the database stood like this at the chosen time.")
	}
	if o.StopAt != nil && p.ReachesStop && !r.whole && !reaches(r.logs[len(r.logs)-1], *o.StopAt, true) {
		p.Notes = append(p.Notes, "The last log backup was running at the chosen time and may end before it; the next one would be sure to reach it.")
	}
	if len(r.logs) > 0 && r.logs[len(r.logs)-1].TailLog {
		p.Notes = append(p.Notes, "The last log was taken WITH NORECOVERY: the source took no changes after it.")
	}
}

// order sorts what is missing: what stops the plan earliest comes first.
func (p *Plan) order() {
	slices.SortStableFunc(p.Missing, func(a, b Missing) int { return cmp.Compare(rank(a.MissingKind), rank(b.MissingKind)) })
}

func rank(l MissingKind) int {
	return slices.Index([]MissingKind{MissingFull, MissingBase, MissingStripe, MissingSet, MissingLog, MissingNewer, MissingStop}, l)
}
