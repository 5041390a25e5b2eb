package server

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/web/templates"
)

// setsOnPage are the newest sets listed on the page of a database.
const setsOnPage = 15

// restoreHref is the form that restores a database to a moment; the zero
// moment leaves it open.
func restoreHref(instanceID, database string, at time.Time) string {
	v := url.Values{"name": {database}}
	if !at.IsZero() {
		v.Set("at", at.UTC().Format(time.DateTime))
	}
	return "/instances/" + instanceID + "/database/restore?" + v.Encode()
}

// protectionOf is a database of an instance with the instance.
func (s *Server) protectionOf(c echo.Context) (endpoint.Instance, backup.Protection, error) {
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
func (s *Server) databaseShow(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, p, err := s.protectionOf(c)
	if err != nil {
		return view{}, err
	}
	known, err := s.cloudRecovery(ctx, in.ID, p.Database)
	if err != nil {
		return view{}, err
	}
	row := protectionRow(z, p, in)
	v := templates.DatabasePage{Name: firstOf(p.Database, "The whole instance"), Badge: row.Badge, Under: s.lookedAt(ctx, z, in),
		Crumbs:   []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: firstOf(p.Database, "The whole instance")}},
		NoWindow: templates.Empty{Title: "It cannot be restored to any moment.", Text: firstOf(p.Words, "No full backup of it is known.")},
		Empty:    templates.Empty{Title: "No backup set of it is known.", Text: "Sets that Bakplane or others take appear here within a minute."},
		All:      templates.Link{Text: "All sets of it", Href: "/sets?" + url.Values{"instance": {in.ID}, "database": {p.Database}}.Encode()}}
	if v.Facts, err = s.databaseFacts(ctx, z, in, p, row); err != nil {
		return view{}, err
	}
	if p.Late(z.Now) || !p.Whole && !p.Unprotected() || p.Unprotected() {
		v.Notes = append(v.Notes, templates.Help{Tone: row.Badge.Tone, Title: capital(row.Badge.Text) + ".", Cause: row.Why, Actions: databaseActions(in, p)})
	}
	own := in.Traits.Source
	v.Timeline = known.timeline(z, "window", "f-at", time.Time{})
	if w, ok := known.newest(); ok && own {
		v.Actions = append(v.Actions, templates.Action{Label: "Restore", Href: restoreHref(in.ID, p.Database, w.To), Primary: true})
		v.Form = &templates.Form{Action: "/instances/" + in.ID + "/database/restore", Method: "get", Submit: "Restore to it", Hidden: []templates.Hidden{{Name: "name", Value: p.Database}}, Fields: []templates.Field{momentField(w.To.UTC().Format(time.DateTime))}}
	}
	if own {
		v.Actions = append(v.Actions, templates.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {p.Database}}.Encode()})
	}
	newest := slices.Clone(known.records[max(0, len(known.records)-setsOnPage):])
	slices.Reverse(newest)
	if v.Rows, err = s.setRows(ctx, z, newest); err != nil {
		return view{}, err
	}
	v.Chart = known.rpoChart(z)
	return view{title: v.Name, section: "instances", live: v.Fragments(), charts: v.Chart != nil, page: func(f templates.Frame) templ.Component { return templates.DatabaseShowPage(f, v) }}, nil
}

// lookedAt says when an instance was last looked at, and how that went.
func (s *Server) lookedAt(ctx context.Context, z templates.Zone, in endpoint.Instance) string {
	if s.Scans == nil {
		return in.Name
	}
	l, err := s.Scans.Visit(ctx, scan.InstanceSubject(in.ID))
	switch {
	case err != nil || l.Good.IsZero() && l.Failures == 0:
		return in.Name + " · not looked at yet"
	case l.Failures > 0:
		return in.Name + " · does not answer since its last look: " + l.Message
	}
	return in.Name + " · looked at " + z.Ago(l.Good)
}

func (s *Server) databaseFacts(ctx context.Context, z templates.Zone, in endpoint.Instance, p backup.Protection, row templates.ProtectionRow) ([]templates.Fact, error) {
	last := func(label string, b templates.Backed) templates.Fact {
		return templates.Fact{Label: label, Value: b.Ago, Note: b.When.UTC, Title: b.When.Exact, Words: true}
	}
	rpo := templates.Fact{Label: "RPO now", Value: row.RPO, Note: row.Against, Tone: row.RPOTone, Words: true}
	if !p.RestorableTo.IsZero() {
		rpo.Since = p.RestorableTo.UTC().Format(time.RFC3339)
	}
	chain := templates.Fact{Label: "Chain", Value: "whole", Note: "the newest sets join", Tone: templates.ToneOK, Words: true}
	switch {
	case p.Unprotected():
		chain.Value, chain.Note, chain.Tone = "none", "nothing can be restored", templates.ToneBad
	case !p.Whole:
		chain.Value, chain.Note, chain.Tone = "broken", "since "+z.At(p.BrokenSince).UTC, templates.ToneWarn
	}
	promise := templates.Fact{Label: "Policy", Value: "none", Note: "nothing is promised", Words: true}
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
		promise.Value, promise.Note = firstOf(pol.Name, "removed"), "no backup is due"
	}
	if !p.Due.IsZero() {
		promise.Note = "missing from " + z.At(p.Due).UTC + " on"
	}
	return []templates.Fact{rpo, chain, last("Last full", row.Full), last("Last differential", row.Diff), last("Last log", row.Log), promise}, nil
}

// databaseActions is what a person does about a database that is not protected
// as promised.
func databaseActions(in endpoint.Instance, p backup.Protection) (out []templates.Action) {
	if !in.Traits.Source {
		return []templates.Action{{Label: "Its policy", Href: "/instances/" + in.ID + "/policy", Small: true}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Small: true}}
	}
	if p.PolicyID != "" {
		out = append(out, templates.Action{Label: "Its policy", Href: "/policies/" + p.PolicyID, Small: true})
	} else {
		out = append(out, templates.Action{Label: "New policy", Href: "/policies/new?" + url.Values{"servers": {in.ID}}.Encode(), Small: true})
	}
	return append(out, templates.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {p.Database}}.Encode(), Small: true})
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
