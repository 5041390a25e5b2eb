package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// setsList shows the backup sets of an instance.
func (s *Pages) setsList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.Glimpsed(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	f, here := server.SetFilterOf(c.QueryParam), "/instances/"+in.ID+"/sets"
	before := c.QueryParam("before")
	v := views.CloudSets{Head: s.ListedHead(c, in, "sets"), Filter: setFilterForm(here, f)}
	v.Head.Actions = []kit.Action{{Label: "Copy rule", Href: "/instances/" + in.ID + "/copies"}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Primary: true}}
	rows, next, err := s.CloudSets(ctx, in.ID, f, before, server.PageSize)
	status := 0
	if fault.Is(err, fault.Invalid) {
		message, _ := fault.Words(err)
		for i := range v.Filter.Fields {
			if v.Filter.Fields[i].Name == "from" {
				v.Filter.Fields[i].Error = message
			}
		}
		status = server.StatusOf(err)
	} else if err != nil {
		return server.View{}, err
	}
	for _, r := range rows {
		v.Rows = append(v.Rows, s.setRow(z, r))
	}
	v.Empty = emptySets(in.ID, f)
	if next != "" {
		q := f.Values()
		q.Set("before", next)
		v.Pager.Older = here + "?" + q.Encode()
	}
	if before != "" {
		v.Pager.Newer = here + "?" + f.Values().Encode()
	}
	if err == nil {
		v.Facts = s.setFacts(ctx, z, in.ID)
	}
	if before == "" {
		v.Charts = setCharts(z, slices.DeleteFunc(slices.Clone(rows), func(r backup.Record) bool { return r.Manual() && f.Mode != "manual" }))
	}
	out := server.CloudPage("Backup sets of "+in.Name, func(fr kit.Frame) templ.Component { return views.CloudSetsPage(fr, v) })
	out.Charts, out.Status = len(v.Charts) > 0, status
	return out, nil
}

func emptySets(id string, f server.SetFilter) kit.Empty {
	if len(f.Values()) > 0 {
		return kit.Empty{Title: "No set matches.", Text: "Change the filter, or leave it.", Actions: []kit.Action{{Label: "All sets", Href: "/instances/" + id + "/sets"}}}
	}
	return kit.Empty{Title: "No backup sets are known yet.", Text: "The service is asked for them from time to time; Look now asks at once.",
		Actions: []kit.Action{{Label: "Look now", Href: "/instances/" + id + "/look", Post: true, Fields: []kit.Hidden{{Name: "back", Value: "/instances/" + id + "/sets"}}}}}
}

func setFilterForm(action string, f server.SetFilter) kit.Form {
	one := func(name, label, value string, pairs ...string) kit.Field {
		field := kit.Field{Name: name, Label: label, Type: "select", Value: value, Optional: true, Options: []kit.Option{{Value: "", Label: "any"}}}
		for i := 0; i < len(pairs); i += 2 {
			field.Options = append(field.Options, kit.Option{Value: pairs[i], Label: pairs[i+1]})
		}
		return field
	}
	return kit.Form{Action: action, Method: "get", Submit: "Show", Fields: []kit.Field{
		one("type", "Type", f.Type, "full", "full", "differential", "differential"),
		one("method", "Method", f.Method, "physical", "physical", "snapshot", "snapshot"),
		one("mode", "Taken", f.Mode, "automated", "by the policy", "manual", "by hand"),
		one("status", "State", f.Status, "complete", "complete", "failed", "failed", "gone", "gone"),
		{Name: "database", Label: "Database", Value: f.Database, Mono: true, Autocomplete: "off"},
		{Name: "from", Label: "From (UTC)", Value: f.From, Placeholder: "2026-11-01", Autocomplete: "off"},
		{Name: "to", Label: "To (UTC)", Value: f.To, Placeholder: "2026-11-20", Autocomplete: "off"}}}
}

// setRow words one set.
func (s *Pages) setRow(z kit.Zone, r backup.Record) views.CloudSetRow {
	at := z.At(r.Finished())
	row := views.CloudSetRow{Name: kit.Link{Text: at.UTC, Href: "/instances/" + r.InstanceID + "/sets/" + r.ID}, Kind: server.SetKind(r), Method: "physical", Mode: "by the policy",
		Badge: setBadge(r), Database: setDatabases(r, 3), Size: kit.Bytes(r.Bytes()), Began: at}
	if r.Snapshot() {
		row.Method = "snapshot"
	}
	if r.Manual() {
		row.Mode = "by hand"
	}
	if r.Cloud != nil {
		row.Took = server.Took(r.Cloud.Started, r.Cloud.Finished)
	}
	if expires := server.Expiry(r); expires.IsZero() {
		row.Left = "for ever, or not told"
	} else {
		row.Expires = z.At(expires)
		row.Left, row.LeftTone = left(z.Now, expires)
	}
	if n := len(r.Copies); n > 0 {
		row.Copies = kit.Count(n, "copy", "copies")
	}
	return row
}

// left words how long something still lasts.
func left(now, until time.Time) (string, kit.Tone) {
	switch d := until.Sub(now); {
	case d <= 0:
		return "expired", ""
	case d < 48*time.Hour:
		return "in " + kit.Span(d), kit.ToneWarn
	default:
		return "in " + kit.Span(d), ""
	}
}

func setBadge(r backup.Record) kit.Badge {
	switch {
	case r.State == backup.Removed || !r.Gone.IsZero():
		return kit.Badge{Text: "gone"}
	case r.State == backup.Broken || r.Cloud != nil && r.Cloud.Failed:
		return kit.Badge{Text: "failed", Tone: kit.ToneBad}
	case r.Cloud != nil && !r.Cloud.Usable:
		return kit.Badge{Text: "not usable", Tone: kit.ToneWarn}
	}
	return kit.Badge{Text: "complete", Tone: kit.ToneOK}
}

func setDatabases(r backup.Record, most int) string {
	names := []string{}
	if r.Cloud != nil {
		names = r.Cloud.Databases
	}
	if r.Database != "" {
		names = []string{r.Database}
	}
	if len(names) == 0 {
		return "whole instance"
	}
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
