package catalogue

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// setsOnPage are the newest sets listed on the page of a database.
const setsOnPage = 15

// protectionOf is a database of an instance with the instance.
func (s *Pages) protectionOf(c echo.Context) (endpoint.Instance, backup.Protection, error) {
	ctx, name := c.Request().Context(), c.QueryParam("name")
	in, err := s.Endpoints.Instance(ctx, c.Param("id"))
	if err != nil {
		return in, backup.Protection{}, err
	}
	p, err := s.Catalogue.Protection(ctx, in.ID, name)
	if fault.Is(err, fault.NotFound) {
		err = fault.Newf(fault.NotFound, "No database %q of %s is known.", name, in.Name).WithFix("Servers are looked at every minute; a new database appears then.")
	}
	return in, p, err
}

// databaseShow answers for one database: is it protected, since when not, and
// to which moments can it be restored.
func (s *Pages) databaseShow(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, p, err := s.protectionOf(c)
	if err != nil {
		return server.View{}, err
	}
	known, err := s.CloudRecovery(ctx, in.ID, p.Database)
	if err != nil {
		return server.View{}, err
	}
	row := server.ProtectionRow(z, p, in)
	v := views.DatabasePage{Name: server.FirstOf(p.Database, "The whole instance"), Badge: row.Badge, Under: s.lookedAt(ctx, z, in),
		Crumbs:   []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: server.FirstOf(p.Database, "The whole instance")}},
		NoWindow: kit.Empty{Title: map[bool]string{false: "It cannot be restored to any moment.", true: "It cannot be restored alone."}[p.ByService()], Text: server.FirstOf(p.Words, "No full backup of it is known.")},
		Empty:    kit.Empty{Title: "No backup set of it is known.", Text: "Sets that Bakplane or others take appear here within a minute."},
		All:      kit.Link{Text: "All sets of it", Href: "/sets?" + url.Values{"instance": {in.ID}, "database": {p.Database}}.Encode()}}
	if v.Facts, err = s.databaseFacts(ctx, z, in, p, row); err != nil {
		return server.View{}, err
	}
	if why, waived := p.Waived(z.Now); waived {
		v.Notes = append(v.Notes, waiverNote(z, in, p, why))
	} else if p.Late(z.Now) || !p.Whole && !p.Unprotected() || p.Unprotected() {
		v.Notes = append(v.Notes, kit.Help{Tone: row.Badge.Tone, Title: server.Capital(row.Badge.Text) + ".", Cause: row.Why, Actions: databaseActions(in, p)})
	}
	own := in.Traits.Source
	v.Timeline = known.Timeline(z, "window", "f-at", time.Time{})
	if w, ok := known.Newest(); ok && in.Traits.BacksUpItself {
		at := w.To.UTC().Format(time.DateTime)
		v.Actions = append(v.Actions, kit.Action{Label: "Restore", Href: "/instances/" + in.ID + "/restore?" + url.Values{"at": {at}, "databases": {p.Database}}.Encode(), Primary: true})
		v.Form = &kit.Form{Action: "/instances/" + in.ID + "/restore", Method: "get", Submit: "Restore to it", Hidden: []kit.Hidden{{Name: "databases", Value: p.Database}}, Fields: []kit.Field{server.MomentField(at)}}
	}
	if w, ok := known.Newest(); ok && own {
		v.Actions = append(v.Actions, kit.Action{Label: "Restore", Href: server.RestoreHref(in.ID, p.Database, w.To), Primary: true})
		v.Form = &kit.Form{Action: "/instances/" + in.ID + "/database/restore", Method: "get", Submit: "Restore to it", Hidden: []kit.Hidden{{Name: "name", Value: p.Database}}, Fields: []kit.Field{server.MomentField(w.To.UTC().Format(time.DateTime))}}
	}
	if own {
		v.Actions = append(v.Actions, kit.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {p.Database}}.Encode()})
	}
	newest := slices.Clone(known.Records[max(0, len(known.Records)-setsOnPage):])
	slices.Reverse(newest)
	if v.Rows, err = s.setRows(ctx, z, newest); err != nil {
		return server.View{}, err
	}
	v.Chart = known.RPOChart(z)
	return server.View{Title: v.Name, Section: "instances", Live: v.Fragments(), Charts: v.Chart != nil, Page: func(f kit.Frame) templ.Component { return views.DatabaseShowPage(f, v) }}, nil
}

// lookedAt says when an instance was last looked at, and how that went.
func (s *Pages) lookedAt(ctx context.Context, z kit.Zone, in endpoint.Instance) string {
	if s.Scans == nil {
		return in.Name
	}
	l, err := s.Scans.Visit(ctx, scan.InstanceSubject(in.ID))
	switch {
	case err != nil || l.Good.IsZero() && l.Failures == 0:
		return in.Name + " · not looked at yet"
	case l.Failures > 0:
		return in.Name + " · does not answer since its last look: " + l.Message.String()
	}
	return in.Name + " · looked at " + z.Ago(l.Good)
}

func (s *Pages) databaseFacts(ctx context.Context, z kit.Zone, in endpoint.Instance, p backup.Protection, row kit.ProtectionRow) ([]kit.Fact, error) {
	last := func(label string, b kit.Backed) kit.Fact {
		return kit.Fact{Label: label, Value: b.Ago, Note: b.When.UTC, Title: b.When.Exact, Words: true}
	}
	rpo := kit.Fact{Label: "RPO now", Value: row.RPO, Note: row.Against, Tone: row.RPOTone, Words: true}
	if !p.RestorableTo.IsZero() {
		rpo.Since = p.RestorableTo.UTC().Format(time.RFC3339)
	}
	chain := kit.Fact{Label: "Chain", Value: "whole", Note: "the newest sets join", Tone: kit.ToneOK, Words: true}
	_, waived := p.Waived(z.Now)
	switch {
	case p.Unprotected():
		chain.Value, chain.Note, chain.Tone = "none", "nothing can be restored", server.ToneIf(!waived, kit.ToneBad)
	case !p.Whole:
		chain.Value, chain.Note, chain.Tone = "broken", "since "+z.At(p.BrokenSince).UTC, kit.ToneWarn
	}
	promise := kit.Fact{Label: "Policy", Value: "none", Note: "nothing is promised", Words: true}
	switch {
	case in.Traits.BacksUpItself && p.Objective == 0 && p.Due.IsZero():
		promise.Value, promise.Note = "not known yet", "it is read with each look at the instance"
	case in.Traits.BacksUpItself:
		promise.Value, promise.Note = "the instance's own", "no backup is due"
	case p.PolicyID != "":
		pol, err := s.Policies.Policy(ctx, p.PolicyID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		promise.Value, promise.Note = server.FirstOf(pol.Name, "removed"), "no backup is due"
	}
	if !p.Due.IsZero() {
		promise.Note = "missing from " + z.At(p.Due).UTC + " on"
	}
	facts := []kit.Fact{rpo, chain, last("Last full", row.Full), last("Last differential", row.Diff), last("Last log", row.Log), promise}
	if !p.Held.To.IsZero() {
		held := kit.Fact{Label: "With the whole instance", Value: "until " + z.Ago(p.Held.To), Note: "held by its service, restored as a new instance", Title: z.At(p.Held.To).Exact, Words: true}
		if p.ByService() {
			chain := &facts[1]
			chain.Value, chain.Note, chain.Tone = "none of its own", "held with its instance alone", kit.ToneWarn
		}
		facts = append(facts, held)
	}
	if p.Group != "" {
		shares, err := s.shares(ctx, p)
		if err != nil {
			return nil, err
		}
		facts = append(facts, shares)
	}
	return facts, nil
}

// shares names the servers whose backups of a group's database count together.
func (s *Pages) shares(ctx context.Context, p backup.Protection) (kit.Fact, error) {
	f := kit.Fact{Label: "Availability group", Value: p.Group, Note: "no other replica is a server here: what those take is not known", Tone: kit.ToneWarn, Words: true}
	if len(p.Replicas) < 2 {
		return f, nil
	}
	var names []string
	for _, id := range p.Replicas {
		in, err := s.Endpoints.Instance(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return f, err
		}
		names = append(names, server.FirstOf(in.Name, id))
	}
	f.Note, f.Tone = "backups at "+strings.Join(names, " and ")+" are one chain, and count once, at the primary", ""
	return f, nil
}

// databaseActions is what a person does about a database that is not protected
// as promised.
func databaseActions(in endpoint.Instance, p backup.Protection) (out []kit.Action) {
	waive := kit.Action{Label: "Not needed…", Href: "/instances/" + in.ID + "/database/waiver?" + url.Values{"name": {p.Database}}.Encode(), Small: true}
	if !in.Traits.Source {
		return []kit.Action{{Label: "Its policy", Href: "/instances/" + in.ID + "/policy", Small: true}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Small: true}, waive}
	}
	if p.PolicyID != "" {
		out = append(out, kit.Action{Label: "Its policy", Href: "/policies/" + p.PolicyID, Small: true})
	} else {
		out = append(out, kit.Action{Label: "New policy", Href: "/policies/new?" + url.Values{"servers": {in.ID}}.Encode(), Small: true})
	}
	return append(out, kit.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {p.Database}}.Encode(), Small: true}, waive)
}

// foreign counts sets that others took, for a sentence.
func foreign(records []backup.Record) (n int) {
	for _, r := range records {
		if r.Origin == backup.ByOthers {
			n++
		}
	}
	return n
}
