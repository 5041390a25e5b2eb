package server

import (
	"math"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/web/templates"
)

// protectionRow answers for one database of an instance whether it is protected
// as promised.
func protectionRow(z templates.Zone, p backup.Protection, in endpoint.Instance) templates.ProtectionRow {
	row := templates.ProtectionRow{Name: templates.Link{Text: p.Database, Href: databaseHref(p.InstanceID, p.Database)}, Where: firstOf(instanceName(in), p.InstanceID),
		Badge: protectionBadge(z.Now, p, in.Traits), Full: backedAt(z, p.LastFull, math.MaxInt64), Diff: backedAt(z, p.LastDifferential, math.MaxInt64), Log: backedAt(z, p.LastLog, math.MaxInt64),
		Why: protectionWhy(z, p)}
	if p.Database == "" {
		row.Name.Text = "the whole instance"
	}
	row.RPO, row.Against = "—", "no objective"
	if !p.RestorableTo.IsZero() {
		row.RPO = templates.Span(z.Now.Sub(p.RestorableTo))
	}
	if p.Objective > 0 {
		row.Against = "of " + templates.Span(p.Objective)
		row.RPOTone = toneIf(p.RestorableTo.IsZero() || z.Now.Sub(p.RestorableTo) > p.Objective+p.Slack, templates.ToneBad)
	}
	return row
}

func protectionBadge(now time.Time, p backup.Protection, traits endpoint.Traits) templates.Badge {
	switch {
	case !p.Dropped.IsZero():
		return templates.Badge{Text: "no longer there"}
	case p.Late(now):
		return templates.Badge{Text: "late", Tone: templates.ToneBad}
	case p.Unprotected():
		return templates.Badge{Text: "cannot be restored", Tone: templates.ToneBad}
	case !p.Whole:
		return templates.Badge{Text: "chain broken", Tone: templates.ToneWarn}
	case p.Objective == 0 && p.Due.IsZero() && traits.BacksUpItself:
		return templates.Badge{Text: "policy not known yet"}
	case p.Objective == 0 && p.Due.IsZero():
		return templates.Badge{Text: "nothing promised"}
	}
	return templates.Badge{Text: "as promised", Tone: templates.ToneOK}
}

// protectionWhy says in a sentence why a database is not protected as promised.
func protectionWhy(z templates.Zone, p backup.Protection) string {
	why := p.Words
	if why == "" && p.PolicyID != "" {
		why = p.NoLog
	}
	if !p.Late(z.Now) {
		return why
	}
	late := "Late for " + templates.Span(z.Now.Sub(p.LateAt)) + "."
	switch {
	case p.Objective > 0 && !p.RestorableTo.IsZero() && z.Now.Sub(p.RestorableTo) > p.Objective+p.Slack:
		late = "Late for " + templates.Span(z.Now.Sub(p.LateAt)) + ": the newest restorable moment is older than the objective of " + templates.Span(p.Objective) + "."
	case !p.Due.IsZero() && !z.Now.Before(p.Due):
		late = "Late for " + templates.Span(z.Now.Sub(p.Due)) + ": a backup that was due did not come."
	}
	if why == "" {
		return late
	}
	return late + " " + why
}
