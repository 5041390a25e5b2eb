package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// setFilter is what a person or a program looks for among backup sets.
type setFilter struct {
	Type, Method, Mode, Status, Database, From, To string
}

func setFilterOf(get func(string) string) setFilter {
	return setFilter{Type: get("type"), Method: get("method"), Mode: get("mode"), Status: get("status"), Database: strings.TrimSpace(get("database")),
		From: strings.TrimSpace(get("from")), To: strings.TrimSpace(get("to"))}
}

func (f setFilter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"type": f.Type, "method": f.Method, "mode": f.Mode, "status": f.Status, "database": f.Database, "from": f.From, "to": f.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// dayOrTime reads a day (its beginning, or its end for the later bound) or a
// moment, in UTC.
func dayOrTime(text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	return stopTime(text)
}

// records turns the words into the catalogue's filter.
func (f setFilter) records(instanceID string) (out backup.RecordFilter, err error) {
	out = backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud}
	yes, no := true, false
	switch f.Type {
	case "", "all":
	case "full":
		out.Kind = backup.Full
	case "differential":
		out.Kind = backup.Differential
	default:
		return out, invalid(fmt.Sprintf("%q is not a type of backup set.", f.Type), "Choose full or differential.")
	}
	switch f.Method {
	case "":
	case "physical":
		out.Snapshot = &no
	case "snapshot":
		out.Snapshot = &yes
	default:
		return out, invalid(fmt.Sprintf("%q is not a backup method.", f.Method), "Choose physical or snapshot.")
	}
	switch f.Mode {
	case "":
	case "manual":
		out.Manual = &yes
	case "automated":
		out.Manual = &no
	default:
		return out, invalid(fmt.Sprintf("%q is not a way in which sets are taken.", f.Mode), "Choose manual or automated.")
	}
	switch f.Status {
	case "":
	case "complete":
		out.State = backup.Complete
	case "failed":
		out.State = backup.Broken
	case "gone":
		out.State = backup.Removed
	default:
		return out, invalid(fmt.Sprintf("%q is not a state of a set.", f.Status), "Choose complete, failed or gone.")
	}
	if out.From, err = dayOrTime(f.From, false); err == nil {
		out.To, err = dayOrTime(f.To, true)
	}
	return out, err
}

// maxBatches bounds how far one page reads on for a database that few sets hold.
const maxBatches = 20

// cloudSets is one page of an instance's data backups, newest first: at most
// limit after the one with the id before, and the key of the next page.
func (s *Server) cloudSets(ctx context.Context, instanceID string, f setFilter, before string, limit int) (rows []backup.Record, next string, err error) {
	want, err := f.records(instanceID)
	if err != nil {
		return nil, "", err
	}
	kinds := []backup.Kind{want.Kind}
	if want.Kind == "" {
		kinds = []backup.Kind{backup.Full, backup.Differential}
	}
	want.Before, want.Limit = before, limit
	for range maxBatches {
		var batch []backup.Record
		for _, k := range kinds {
			want.Kind = k
			got, err := s.Catalogue.Records(ctx, want)
			if err != nil {
				return nil, "", err
			}
			batch = append(batch, got...)
		}
		slices.SortFunc(batch, func(a, b backup.Record) int { return strings.Compare(b.ID, a.ID) })
		whole := len(batch) < limit
		batch = batch[:min(len(batch), limit)]
		for _, r := range batch {
			if f.Database != "" && !holds(r, f.Database) {
				continue
			}
			if rows = append(rows, r); len(rows) == limit {
				return rows, r.ID, nil
			}
		}
		if whole {
			return rows, "", nil
		}
		want.Before = batch[len(batch)-1].ID
	}
	return rows, want.Before, nil
}

// holds reports whether a set of a cloud holds a database, as far as is told:
// a set of the whole instance whose databases are not told may.
func holds(r backup.Record, database string) bool {
	if r.Database != "" {
		return strings.EqualFold(r.Database, database)
	}
	if r.Cloud == nil || len(r.Cloud.Databases) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Cloud.Databases, func(d string) bool { return strings.EqualFold(d, database) })
}

// setsList shows the backup sets of an instance.
func (s *Server) setsList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.glimpsed(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	f, here := setFilterOf(c.QueryParam), "/instances/"+in.ID+"/sets"
	before := c.QueryParam("before")
	v := templates.CloudSets{Head: s.listedHead(c, in, "sets"), Filter: setFilterForm(here, f)}
	v.Head.Actions = []templates.Action{{Label: "Copy rule", Href: "/instances/" + in.ID + "/copies"}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Primary: true}}
	rows, next, err := s.cloudSets(ctx, in.ID, f, before, pageSize)
	status := 0
	if fault.Is(err, fault.Invalid) {
		message, _ := fault.Words(err)
		for i := range v.Filter.Fields {
			if v.Filter.Fields[i].Name == "from" {
				v.Filter.Fields[i].Error = message
			}
		}
		status = statusOf(err)
	} else if err != nil {
		return view{}, err
	}
	for _, r := range rows {
		v.Rows = append(v.Rows, s.setRow(z, r))
	}
	v.Empty = emptySets(in.ID, f)
	if next != "" {
		q := f.values()
		q.Set("before", next)
		v.Pager.Older = here + "?" + q.Encode()
	}
	if before != "" {
		v.Pager.Newer = here + "?" + f.values().Encode()
	}
	if err == nil {
		v.Facts = s.setFacts(ctx, z, in.ID)
	}
	if before == "" {
		v.Charts = setCharts(z, slices.DeleteFunc(slices.Clone(rows), func(r backup.Record) bool { return r.Manual() && f.Mode != "manual" }))
	}
	out := cloudPage("Backup sets of "+in.Name, func(fr templates.Frame) templ.Component { return templates.CloudSetsPage(fr, v) })
	out.charts, out.status = len(v.Charts) > 0, status
	return out, nil
}

func emptySets(id string, f setFilter) templates.Empty {
	if len(f.values()) > 0 {
		return templates.Empty{Title: "No set matches.", Text: "Change the filter, or leave it.", Actions: []templates.Action{{Label: "All sets", Href: "/instances/" + id + "/sets"}}}
	}
	return templates.Empty{Title: "No backup sets are known yet.", Text: "The service is asked for them from time to time; Look now asks at once.",
		Actions: []templates.Action{{Label: "Look now", Href: "/instances/" + id + "/look", Post: true, Fields: []templates.Hidden{{Name: "back", Value: "/instances/" + id + "/sets"}}}}}
}

func setFilterForm(action string, f setFilter) templates.Form {
	one := func(name, label, value string, pairs ...string) templates.Field {
		field := templates.Field{Name: name, Label: label, Type: "select", Value: value, Optional: true, Options: []templates.Option{{Value: "", Label: "any"}}}
		for i := 0; i < len(pairs); i += 2 {
			field.Options = append(field.Options, templates.Option{Value: pairs[i], Label: pairs[i+1]})
		}
		return field
	}
	return templates.Form{Action: action, Method: "get", Submit: "Show", Fields: []templates.Field{
		one("type", "Type", f.Type, "full", "full", "differential", "differential"),
		one("method", "Method", f.Method, "physical", "physical", "snapshot", "snapshot"),
		one("mode", "Taken", f.Mode, "automated", "by the policy", "manual", "by hand"),
		one("status", "State", f.Status, "complete", "complete", "failed", "failed", "gone", "gone"),
		{Name: "database", Label: "Database", Value: f.Database, Mono: true, Autocomplete: "off"},
		{Name: "from", Label: "From (UTC)", Value: f.From, Placeholder: "2026-11-01", Autocomplete: "off"},
		{Name: "to", Label: "To (UTC)", Value: f.To, Placeholder: "2026-11-20", Autocomplete: "off"}}}
}

// setRow words one set.
func (s *Server) setRow(z templates.Zone, r backup.Record) templates.CloudSetRow {
	at := z.At(r.Finished())
	row := templates.CloudSetRow{Name: templates.Link{Text: at.UTC, Href: "/instances/" + r.InstanceID + "/sets/" + r.ID}, Kind: setKind(r), Method: "physical", Mode: "by the policy",
		Badge: setBadge(r), Database: setDatabases(r, 3), Size: templates.Bytes(r.Bytes()), Began: at}
	if r.Snapshot() {
		row.Method = "snapshot"
	}
	if r.Manual() {
		row.Mode = "by hand"
	}
	if r.Cloud != nil {
		row.Took = took(r.Cloud.Started, r.Cloud.Finished)
	}
	if expires := expiry(r); expires.IsZero() {
		row.Left = "for ever, or not told"
	} else {
		row.Expires = z.At(expires)
		row.Left, row.LeftTone = left(z.Now, expires)
	}
	if n := len(r.Copies); n > 0 {
		row.Copies = templates.Count(n, "copy", "copies")
	}
	return row
}

// expiry is when the service lets go of a set; zero = not told, or never.
func expiry(r backup.Record) time.Time {
	if r.Cloud != nil && !r.Cloud.Expires.IsZero() {
		return r.Cloud.Expires
	}
	return r.Expires
}

// left words how long something still lasts.
func left(now, until time.Time) (string, templates.Tone) {
	switch d := until.Sub(now); {
	case d <= 0:
		return "expired", ""
	case d < 48*time.Hour:
		return "in " + templates.Span(d), templates.ToneWarn
	default:
		return "in " + templates.Span(d), ""
	}
}

func setKind(r backup.Record) templates.Kind {
	if r.Snapshot() {
		return templates.KindSnapshot
	}
	return kindTag(string(r.Set.Kind))
}

func setBadge(r backup.Record) templates.Badge {
	switch {
	case r.State == backup.Removed || !r.Gone.IsZero():
		return templates.Badge{Text: "gone"}
	case r.State == backup.Broken || r.Cloud != nil && r.Cloud.Failed:
		return templates.Badge{Text: "failed", Tone: templates.ToneBad}
	case r.Cloud != nil && !r.Cloud.Usable:
		return templates.Badge{Text: "not usable", Tone: templates.ToneWarn}
	}
	return templates.Badge{Text: "complete", Tone: templates.ToneOK}
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
