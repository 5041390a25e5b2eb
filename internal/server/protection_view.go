package server

import (
	"math"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates/kit"
)

func protectionBadge(now time.Time, p backup.Protection, traits endpoint.Traits) kit.Badge {
	switch {
	case !p.Dropped.IsZero():
		return kit.Badge{Text: "no longer there"}
	case p.NoFull != "" && p.State != "":
		return kit.Badge{Text: p.State}
	case notNeeded(now, p):
		return kit.Badge{Text: "not needed"}
	case p.Late(now):
		return kit.Badge{Text: "late", Tone: kit.ToneBad}
	case p.Unprotected():
		return kit.Badge{Text: "cannot be restored", Tone: kit.ToneBad}
	case !p.Whole:
		return kit.Badge{Text: "chain broken", Tone: kit.ToneWarn}
	case p.ByService():
		return kit.Badge{Text: "with its instance", Tone: kit.ToneRun}
	case p.Objective == 0 && p.Due.IsZero() && traits.BacksUpItself:
		return kit.Badge{Text: "policy not known yet"}
	case p.Objective == 0 && p.Due.IsZero():
		return kit.Badge{Text: "nothing promised"}
	}
	return kit.Badge{Text: "as promised", Tone: kit.ToneOK}
}

func notNeeded(now time.Time, p backup.Protection) bool {
	_, spared := p.NotNeeded()
	_, waived := p.Waived(now)
	return spared || waived
}

// protectionWhy says in a sentence why a database is not protected as promised.
func protectionWhy(z kit.Zone, p backup.Protection) string {
	if why, spared := p.NotNeeded(); spared {
		return why
	}
	if why, waived := p.Waived(z.Now); waived {
		return why
	}
	why := p.Words
	if why == "" && p.PolicyID != "" {
		why = p.NoLog
	}
	if !p.Late(z.Now) {
		return why
	}
	late := "Late for " + kit.Span(z.Now.Sub(p.LateAt)) + "."
	switch {
	case p.Objective > 0 && !p.RestorableTo.IsZero() && z.Now.Sub(p.RestorableTo) > p.Objective+p.Slack:
		late = "Late for " + kit.Span(z.Now.Sub(p.LateAt)) + ": the newest restorable moment is older than the objective of " + kit.Span(p.Objective) + "."
	case !p.Due.IsZero() && !z.Now.Before(p.Due):
		late = "Late for " + kit.Span(z.Now.Sub(p.Due)) + ": a backup that was due did not come."
	}
	if p.ClockAhead != 0 {
		late += " " + clockWords(p.ClockAhead)
	}
	if why == "" {
		return late
	}
	return late + " " + why
}

// clockWords names a server's clock as what may be wrong with its times.
func clockWords(ahead time.Duration) string {
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	return "The clock of its server is " + kit.Span(ahead.Abs()) + " " + way + " this machine's: times of its backups are off by that. Set it right."
}

// ProtectionTabs choose among databases.
var ProtectionTabs = []struct {
	Key, Label string
	filter     backup.ProtectionFilter
}{
	{"", "All", backup.ProtectionFilter{}},
	{"late", "Late", backup.ProtectionFilter{OnlyLate: true}},
	{"unprotected", "Cannot be restored", backup.ProtectionFilter{OnlyUnprotected: true}},
	{"broken", "Chain broken", backup.ProtectionFilter{OnlyBroken: true}},
	{"not-open", "Not open", backup.ProtectionFilter{OnlyClosed: true}},
	{"not-needed", "Not needed", backup.ProtectionFilter{OnlyWaived: true}},
}

// ProtectionFilterOf reads which databases a list is about.
func ProtectionFilterOf(show string) (backup.ProtectionFilter, error) {
	for _, t := range ProtectionTabs {
		if t.Key == show {
			return t.filter, nil
		}
	}
	return backup.ProtectionFilter{}, fault.Newf(fault.Invalid, "%q is none of the lists.", show).
		WithFix("Choose late, unprotected, broken, not-open or not-needed.")
}

// ProtectionRow answers for one database of an instance whether it is protected
// as promised.
func ProtectionRow(z kit.Zone, p backup.Protection, in endpoint.Instance) kit.ProtectionRow {
	row := kit.ProtectionRow{Name: kit.Link{Text: p.Database, Href: DatabaseHref(p.InstanceID, p.Database)}, Where: FirstOf(in.Label(), p.InstanceID),
		Badge: protectionBadge(z.Now, p, in.Traits), Full: BackedAt(z, p.LastFull, math.MaxInt64), Diff: BackedAt(z, p.LastDifferential, math.MaxInt64), Log: BackedAt(z, p.LastLog, math.MaxInt64),
		Why: protectionWhy(z, p)}
	if p.Database == "" {
		row.Name.Text = "the whole instance"
	}
	row.RPO, row.Against = "—", "no objective"
	if !p.RestorableTo.IsZero() {
		row.RPO = kit.Span(z.Now.Sub(p.RestorableTo))
	}
	if p.Objective > 0 {
		row.Against = "of " + kit.Span(p.Objective)
		row.RPOTone = ToneIf(p.RestorableTo.IsZero() || z.Now.Sub(p.RestorableTo) > p.Objective+p.Slack, kit.ToneBad)
	}
	return row
}

// BackedAt words when a backup was taken; one older than late, or none, is to
// be looked at soon.
func BackedAt(z kit.Zone, at time.Time, late time.Duration) kit.Backed {
	if at.IsZero() {
		b := kit.Backed{Ago: "never"}
		if late != math.MaxInt64 {
			b.Tone = kit.ToneWarn
		}
		return b
	}
	b := kit.Backed{When: z.At(at), Ago: z.Ago(at)}
	if z.Now.Sub(at) > late {
		b.Tone = kit.ToneWarn
	}
	return b
}

// NextAction is what a person most likely does about a database.
func (s *Kit) NextAction(p backup.Protection) *kit.Action {
	switch {
	case notNeeded(s.Now(), p):
		return &kit.Action{Label: "See why", Href: DatabaseHref(p.InstanceID, p.Database), Small: true}
	case p.PolicyID != "" && p.Unprotected():
		return &kit.Action{Label: "Back up now", Href: "/policies/" + p.PolicyID + "/run", Small: true}
	case p.PolicyID != "":
		return &kit.Action{Label: "Its policy", Href: "/policies/" + p.PolicyID, Small: true}
	}
	return &kit.Action{Label: "See why", Href: DatabaseHref(p.InstanceID, p.Database), Small: true}
}
