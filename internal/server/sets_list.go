package server

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// catalogueFilters are the fields by which the catalogue is searched, with the
// values they take.
var catalogueFilters = []struct {
	name, label string
	options     []templates.Option
}{
	{"instance", "Instance", nil},
	{"database", "Database", nil},
	{"kind", "Kind", []templates.Option{{Value: "full", Label: "full"}, {Value: "differential", Label: "differential"}, {Value: "log", Label: "log"}}},
	{"method", "Method", []templates.Option{{Value: "files", Label: "backup files"}, {Value: "snapshot", Label: "snapshot"}}},
	{"mode", "Taken", []templates.Option{{Value: "policy", Label: "by a policy"}, {Value: "manual", Label: "by hand"}}},
	{"state", "State", []templates.Option{{Value: "complete", Label: "complete"}, {Value: "broken", Label: "broken"}, {Value: "removed", Label: "gone"}}},
	{"origin", "Found", []templates.Option{{Value: "us", Label: "taken by Bakplane"}, {Value: "others", Label: "taken by others"}, {Value: "bucket", Label: "as files in a bucket"}, {Value: "cloud", Label: "in the cloud"}}},
	{"from", "From (UTC)", nil},
	{"to", "To (UTC)", nil},
}

// catalogueFilter reads what is looked for; wrong tells by field what cannot
// be read.
func catalogueFilter(get func(string) string) (f backup.RecordFilter, wrong map[string]string) {
	wrong = map[string]string{}
	yes, no := true, false
	f = backup.RecordFilter{InstanceID: get("instance"), Database: strings.TrimSpace(get("database")), Before: get("before")}
	for _, field := range catalogueFilters {
		value, known := get(field.name), field.options == nil
		for _, o := range field.options {
			known = known || o.Value == value
		}
		if value != "" && !known {
			wrong[field.name] = fmt.Sprintf("%q is none of the choices.", value)
		}
	}
	f.Kind, f.State, f.Origin = backup.Kind(get("kind")), backup.RecordState(get("state")), backup.Origin(get("origin"))
	switch get("method") {
	case "files":
		f.Snapshot = &no
	case "snapshot":
		f.Snapshot = &yes
	}
	switch get("mode") {
	case "policy":
		f.Manual = &no
	case "manual":
		f.Manual = &yes
	}
	for name, to := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		at, err := dayOrTime(strings.TrimSpace(get(name)), name == "to")
		if err != nil {
			wrong[name], _ = fault.Words(err)
		}
		*to = at
	}
	return f, wrong
}

// catalogueQuery is the filter as an address says it.
func catalogueQuery(get func(string) string) url.Values {
	v := url.Values{}
	for _, f := range catalogueFilters {
		if value := strings.TrimSpace(get(f.name)); value != "" {
			v.Set(f.name, value)
		}
	}
	return v
}

// catalogueList shows the sets of everything, newest first.
func (s *Server) catalogueList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	f, wrong := catalogueFilter(c.QueryParam)
	query := catalogueQuery(c.QueryParam)
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Sets{Filter: catalogueForm(query, wrong, all), Actions: []templates.Action{{Label: "Rebuild from a bucket", Href: "/sets/collect"}}}
	v.Empty = templates.Empty{Title: "No backup sets are known yet.", Text: "Servers, clouds and buckets are looked at in turn, and what they have appears here. After a loss the catalogue is rebuilt from a bucket alone.",
		Actions: []templates.Action{{Label: "Rebuild from a bucket", Href: "/sets/collect"}, {Label: "New policy", Href: "/policies/new", Primary: true}}}
	if len(query) > 0 {
		v.Empty = templates.Empty{Title: "No set matches.", Text: "Change the filter, or leave it.", Actions: []templates.Action{{Label: "All sets", Href: "/sets"}}}
	}
	out := view{title: "Backup sets", section: "sets"}
	if len(wrong) == 0 {
		f.Limit = pageSize
		rows, err := s.Catalogue.Records(ctx, f)
		if err != nil {
			return view{}, err
		}
		if v.Rows, err = s.setRows(ctx, z, rows); err != nil {
			return view{}, err
		}
		if len(rows) == pageSize {
			query.Set("before", rows[len(rows)-1].ID)
			v.Pager.Older = "/sets?" + query.Encode()
			query.Del("before")
		}
		if f.Before != "" {
			v.Pager.Newer = "/sets?" + query.Encode()
		}
		sets, bytes, err := s.Catalogue.CountRecords(ctx, f)
		if err != nil {
			return view{}, err
		}
		note := "of everything"
		if len(query) > 0 {
			note = "of this instance, kind, state and origin; database and times are not counted"
		}
		v.Facts = []templates.Fact{{Label: "Sets", Value: templates.Count(int(sets), "set", "sets"), Note: note, Words: true},
			{Label: "Size", Value: templates.Bytes(bytes).Text, Title: templates.Bytes(bytes).Exact, Note: "of all their copies", Words: true}}
	} else {
		out.status = statusOf(invalid("", ""))
	}
	if f.Before == "" { // older pages do not change under the reader
		out.live = v.Fragments()
	}
	out.page = func(fr templates.Frame) templ.Component { return templates.SetsPage(fr, v) }
	return out, nil
}

func catalogueForm(query url.Values, wrong map[string]string, instances []endpoint.Instance) templates.Form {
	f := templates.Form{Action: "/sets", Method: "get", Submit: "Show"}
	for _, field := range catalogueFilters {
		one := templates.Field{Name: field.name, Label: field.label, Value: query.Get(field.name), Error: wrong[field.name], Optional: true, Autocomplete: "off"}
		switch {
		case field.name == "instance":
			one.Type, one.Options = "select", []templates.Option{{Label: "any"}}
			for _, i := range instances {
				one.Options = append(one.Options, templates.Option{Value: i.ID, Label: instanceName(i)})
			}
		case field.options != nil:
			one.Type, one.Options = "select", append([]templates.Option{{Label: "any"}}, field.options...)
		case field.name == "database":
			one.Mono = true
		default:
			one.Placeholder = "2026-11-01"
		}
		f.Fields = append(f.Fields, one)
	}
	return f
}

// setRows words records of any instance.
func (s *Server) setRows(ctx context.Context, z templates.Zone, rows []backup.Record) (out []templates.SetRow, err error) {
	names, err := s.instanceNames(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	places := map[string]string{}
	for _, b := range buckets {
		places[b.ID] = b.Name
	}
	for _, r := range rows {
		out = append(out, catalogueRow(z, r, names, places))
	}
	return out, nil
}

func catalogueRow(z templates.Zone, r backup.Record, names, places map[string]string) templates.SetRow {
	at := z.At(r.Finished())
	row := templates.SetRow{Name: templates.Link{Text: at.UTC, Href: "/sets/" + r.ID}, Exact: at.Exact, Local: at.Local, Kind: setKind(r), Badge: setBadge(r), Size: templates.Bytes(r.Bytes()),
		Where: firstOf(names[r.InstanceID], "a server that is not known here"), Origin: originWords(r), Mode: "by a policy", Took: took(r.Set.Started.Time(), r.Set.Finished.Time())}
	if r.Cloud != nil {
		row.Name.Href, row.Took = setHref(r), took(r.Cloud.Started, r.Cloud.Finished)
	}
	if row.Database.Text = setDatabases(r, 2); r.Database != "" && r.InstanceID != "" {
		row.Database.Href = databaseHref(r.InstanceID, r.Database)
	}
	switch {
	case r.Manual():
		row.Mode = "by hand"
	case r.Origin == backup.ByOthers || r.Origin == backup.InBucket:
		row.Mode = ""
	}
	mark := func(on bool, text string, tone templates.Tone) {
		if on {
			row.Marks = append(row.Marks, templates.Badge{Text: text, Tone: tone})
		}
	}
	mark(r.Pinned, "pinned", templates.ToneRun)
	mark(r.Set.CopyOnly, "copy-only", "")
	mark(!r.Verified.IsZero(), "verified", templates.ToneOK)
	mark(r.Apart, "not in files", templates.ToneWarn)
	var at2 []string
	for _, c := range r.Copies {
		at2 = append(at2, firstOf(places[c.BucketID], c.BucketID))
	}
	row.Copies = strings.Join(at2, ", ")
	return row
}

func originWords(r backup.Record) string {
	switch r.Origin {
	case backup.ByUs:
		return "Bakplane"
	case backup.ByOthers:
		return "another tool"
	case backup.InBucket:
		return "unknown, found in a bucket"
	}
	return "the service"
}
