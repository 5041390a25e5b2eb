package backup

import (
	"fmt"
	"slices"
	"time"
)

// maxGaps bounds how many gaps behind the first are told.
const maxGaps = 20

// findMissing finds what would take the plan further.
func (p *Plan) findMissing(in sorted, r route, o Options) {
	defer p.order()
	if o.StopAt != nil && !o.Clock && !slices.ContainsFunc(r.sets(), func(s *Set) bool { return sameSecond(s.Finished.Time(), *o.StopAt) }) {
		if i := slices.IndexFunc(r.sets(), func(s *Set) bool { return !s.Finished.IsZero() && s.Finished.UTC == nil }); i >= 0 {
			p.stopOnNoClock(r.sets()[i], r.last(), o)
			return
		}
	}
	if p.ReachesStop {
		p.checkStop(r, o)
		return
	}
	p.missingRepair(in, r, o)
	p.missingBase(in, r, o)
	p.missingLogs(in, r)
	p.missingNewer(in, r, o)
	if o.StopAt != nil {
		p.Missing = append(p.Missing, Missing{
			MissingKind: MissingStop, From: p.Reaches,
			Words: fmt.Sprintf("The backups here end before %s.", o.moment(*o.StopAt)),
			Fix:   "Add the log backups up to the first one made after that time, or choose an earlier time.",
		})
	}
}

// stopOnNoClock refuses a moment of UTC where a set tells only what the clock
// of its server showed: where the moment lies on that clock, and in which
// backup, nobody can say, and a stop hours off would show nowhere. The end of a
// backup, as it is listed, is a reading of that clock.
func (p *Plan) stopOnNoClock(s, last *Set, o Options) {
	p.ReachesStop = false
	p.Missing = append(p.Missing, Missing{MissingKind: MissingStop, From: p.Reaches, After: s,
		Words: fmt.Sprintf("%s does not tell how far the clock of its server was from UTC: where %s lies among these backups cannot be said.", upper(s.label()), o.moment(*o.StopAt)),
		Fix: fmt.Sprintf("Choose the end of a backup as it is listed, such as %s; or have the order planned by dashboard plan --stopat with a time without a zone, as the clock of that server showed it.",
			o.moment(last.Finished.Time())),
	})
}

// moment words a moment like the one asked for.
func (o Options) moment(at time.Time) string {
	if o.Clock {
		return at.Format(time.DateTime) + " on the clock of the server"
	}
	return at.UTC().Format(time.DateTime + " UTC")
}

// checkStop refuses a moment inside a log with minimally logged changes. The
// moments it offers are ends of backups, at which a plan for them stops.
func (p *Plan) checkStop(r route, o Options) {
	stop := *o.StopAt
	i := slices.IndexFunc(r.logs, func(l *Set) bool { return closed(l, stop) })
	if r.whole || i < 0 {
		return
	}
	log := r.logs[i]
	shorter := r
	shorter.logs = r.logs[:i]
	before, fix := shorter.last(), "Choose "
	if before != nil && !before.Finished.IsZero() && before.Finished.Time().Before(stop) {
		fix += o.moment(before.Finished.Time()) + ", the end of the backup before it, or "
	}
	p.ReachesStop = false
	p.Missing = append(p.Missing, Missing{MissingKind: MissingStop, From: p.Reaches, After: log,
		Words: fmt.Sprintf("The chosen time %s lies in %s, which holds minimally logged changes and can only be applied as a whole.", o.moment(stop), log.label()),
		Fix:   fix + o.moment(log.Finished.Time()) + ", the end of this log backup.",
	})
}

// missingRepair plans once more as if broken sets were whole; those that then
// carry the plan further are worth asking for.
func (p *Plan) missingRepair(in sorted, r route, o Options) {
	last := r.last()
	for _, s := range in.unknown {
		// Cut files of newer servers do not tell their LSNs. Their time says
		// at least whether they come behind the end of the route.
		if last == nil || s.Started.IsZero() || s.Started.Time().After(last.Started.Time()) {
			p.Missing = append(p.Missing, brokenSet(s))
		}
	}
	if len(in.broken) == 0 {
		return
	}
	broken := map[*Set]bool{}
	for _, s := range in.broken {
		broken[s] = true
	}
	for _, better := range routes(in.repaired(), o) {
		if better.fork != r.fork || better.to.Compare(r.to) <= 0 {
			continue
		}
		for _, s := range better.sets() {
			if broken[s] {
				p.Missing = append(p.Missing, brokenSet(s))
			}
		}
	}
}

func brokenSet(s *Set) Missing {
	if stripes := s.MissingStripes(); len(stripes) > 0 {
		return Missing{MissingKind: MissingStripe, SetID: s.ID, Stripes: stripes, Of: s.FamilyCount, After: s,
			Words: fmt.Sprintf("The backup of which %s is a part was written to %d files at once; missing: stripe %s.", s.label(), s.FamilyCount, numbers(stripes)),
			Fix:   "Add the missing files of the same backup; without all of them none can be restored."}
	}
	if s.Damaged {
		return Missing{MissingKind: MissingSet, SetID: s.ID, After: s,
			Words: fmt.Sprintf("%s was marked as damaged by the server that wrote it.", upper(s.label())),
			Fix:   "Take a newer full or differential backup, or another copy of this one."}
	}
	return Missing{MissingKind: MissingSet, SetID: s.ID, After: s,
		Words: fmt.Sprintf("The file %s is cut off.", s.label()),
		Fix:   "Copy it again from where it was made and compare the sizes."}
}

// missingBase finds a differential that would reach further on a full backup
// that is not here.
func (p *Plan) missingBase(in sorted, r route, o Options) {
	if o.Applied != nil {
		return
	}
	here := basesOf(slices.Concat(in.fulls, in.broken))
	var furthest *Set
	for _, d := range in.diffs {
		if here.of(d) == nil && d.Last.Compare(p.Reaches) > 0 && !finishedAfter(d, o.StopAt) &&
			(furthest == nil || d.Last.Compare(furthest.Last) > 0) {
			furthest = d
		}
	}
	if furthest != nil {
		p.Missing = append(p.Missing, missingBase(furthest, in))
	}
}

// missingBase tells which full backup a differential needs. That of a snapshot
// is in no file, so nobody can add it.
func missingBase(d *Set, in sorted) Missing {
	m := Missing{MissingKind: MissingBase, SetID: d.DifferentialBase, After: d,
		Words: fmt.Sprintf("The full backup with the ID %s is missing, on which %s builds.", d.DifferentialBase, d.label()),
		Fix: "Add that full backup, or take a new full backup and a differential after it. When no file holds it, another tool took it as a snapshot (VSS); " +
			"have that tool make its snapshots copy-only."}
	if d.DifferentialBase.IsZero() {
		m.Words = fmt.Sprintf("The full backup whose checkpoint is at LSN %s is missing, on which %s builds.", d.DifferentialBaseLSN, d.label())
	}
	var snapshots []*Set
	for _, l := range in.leftOut {
		if l.Set.Kind == Full && l.Set.Snapshot {
			snapshots = append(snapshots, l.Set)
		}
	}
	if s := basesOf(snapshots).of(d); s != nil {
		m.Words = fmt.Sprintf("%s builds on %s, a snapshot backup (VSS) whose data no backup file holds.", upper(d.label()), s.label())
		m.Fix = "Take a new full backup with BACKUP DATABASE and a differential after it, and have the tool that takes the snapshots make them copy-only: " +
			"otherwise the next one becomes the base again."
	}
	return m
}

// missingLogs tells the gaps behind the end of the route on its fork.
func (p *Plan) missingLogs(in sorted, r route) {
	reachable := map[GUID]bool{r.start.fork: true}
	for _, s := range r.sets() {
		reachable[s.Fork] = true
	}
	for _, c := range p.candidates() {
		reachable[c.Fork] = true
	}
	var ahead []*Set
	var stray *Set
	for _, l := range in.logs {
		switch {
		case l.Last.Compare(p.Reaches) <= 0:
		case l.FirstFork == p.Fork:
			ahead = append(ahead, l)
		case !reachable[l.Fork] && !reachable[l.FirstFork] && (stray == nil || l.First.Compare(stray.First) < 0):
			stray = l
		}
	}
	slices.SortStableFunc(ahead, func(a, b *Set) int { return a.First.Compare(b.First) })
	at, before := p.Reaches, r.last()
	for _, l := range ahead {
		if l.First.Compare(at) > 0 && len(p.Missing) < maxGaps {
			p.Missing = append(p.Missing, gap(before, at, l))
		} else if at == p.Reaches && l.Fork == p.Fork {
			// It seems to join and is not on the route, which goes as far as it
			// can: it belongs to another log chain.
			p.Missing = append(p.Missing, interrupted(before, at, l))
		}
		if l.Fork == p.Fork && l.Last.Compare(at) > 0 {
			at, before = l.Last, l
		}
	}
	if stray != nil {
		p.Missing = append(p.Missing, Missing{MissingKind: MissingFull, From: p.Reaches, To: stray.First, After: stray,
			Words: fmt.Sprintf("%s and what follows it belong to recovery fork %s, to which no backup here leads.", upper(stray.label()), stray.FirstFork),
			Fix:   "Add the full backup that was made after the database was restored, or the log backup during which that happened."})
	}
}

func (p *Plan) candidates() []Candidate {
	if p.Choice == nil {
		return nil
	}
	return p.Choice.Candidates
}

func gap(before *Set, from LSN, after *Set) Missing {
	m := Missing{MissingKind: MissingLog, From: from, To: after.First, Before: before, After: after}
	between := "before " + after.label()
	if before != nil {
		between = "between " + before.label() + " and " + after.label()
	}
	m.Words = fmt.Sprintf("Log is missing %s: from LSN %s to LSN %s.", between, from, after.First)
	m.Fix = "Add the log backups that cover this stretch, or a newer full or differential backup that ends behind it."
	return m
}

func interrupted(before *Set, from LSN, after *Set) Missing {
	m := gap(before, from, after)
	m.Words = fmt.Sprintf("The log chain was interrupted before %s, as by a time in recovery model SIMPLE: earlier logs do not lead to it.", after.label())
	m.Fix = "Add the full or differential backup that was made when the new log chain began."
	return m
}

func upper(s string) string {
	if len(s) > 4 && s[:4] == "the " {
		return "The " + s[4:]
	}
	return s
}

// withoutRoute explains sets with which no restore can begin.
func (p *Plan) withoutRoute(in sorted, o Options) {
	defer p.order()
	for _, s := range slices.Concat(in.fulls, in.diffs, in.logs) {
		why := BeyondGap
		switch {
		case finishedAfter(s, o.StopAt) && s.Kind != Log:
			why = AfterStop
		case s.Kind == Full && !o.Base.IsZero() && s.ID != o.Base:
			why = NotTheBase
		case s.Kind == Full:
			why = OtherFork
		case s.Kind == Differential:
			why = WrongBase
		}
		text := sentence(s, why, nil)
		switch {
		case why == BeyondGap:
			text = "Cannot be applied: there is no full backup to begin with."
		case why == NotTheBase:
			text = "Not the full backup that was chosen."
		}
		p.LeftOut = append(p.LeftOut, LeftOut{s, why, text})
	}
	for _, s := range in.broken {
		if s.Kind == Full {
			p.Missing = append(p.Missing, brokenSet(s))
		}
	}
	p.Missing = append(p.Missing, p.missingFull(in, o))
}

func (p *Plan) missingFull(in sorted, o Options) Missing {
	m := Missing{MissingKind: MissingFull, SetID: o.Base, Words: "There is no full backup to begin with.",
		Fix: "Add a full backup of this database; differential and log backups alone cannot be restored."}
	var newest, first *Set
	for _, d := range in.diffs {
		if newest == nil || d.Last.Compare(newest.Last) > 0 {
			newest = d
		}
	}
	for _, l := range in.logs {
		if first == nil || l.First.Compare(first.First) < 0 {
			first = l
		}
	}
	switch {
	case o.Applied != nil:
		m.Words = "Nothing here continues what has already been restored on the chosen recovery fork."
		m.Fix = "Choose another fork, or begin again with a full backup."
	case !o.Base.IsZero():
		m.Words = fmt.Sprintf("The chosen full backup %s is not among these files, or cannot be used.", o.Base)
		m.Fix = "Add it, or choose another one."
	case !o.Fork.IsZero() && len(in.fulls) > 0:
		m.Words = fmt.Sprintf("No full backup here leads to the chosen recovery fork %s.", o.Fork)
		m.Fix = "Choose another fork, or add a full backup made on this one."
	case o.StopAt != nil && len(in.fulls) > 0:
		m.Words = fmt.Sprintf("Every full backup here ended after %s.", o.moment(*o.StopAt))
		m.Fix = "Add a full backup that ended before that time, or choose a later time."
	case newest != nil:
		return missingBase(newest, in)
	case first != nil:
		m.From, m.To, m.After = LSN{}, first.First, first
		m.Words = fmt.Sprintf("There is no full backup to begin with: one is needed that ends at or behind LSN %s, where %s begins.", first.First, first.label())
	}
	return m
}
