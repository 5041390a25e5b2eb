package catalogue

import (
	"context"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// catalogueQuery is the filter as an address says it.
func catalogueQuery(get func(string) string) url.Values {
	v := url.Values{}
	for _, f := range server.CatalogueFilters {
		if value := strings.TrimSpace(get(f.Name)); value != "" {
			v.Set(f.Name, value)
		}
	}
	return v
}

// catalogueList shows the sets of everything, newest first.
func (s *Pages) catalogueList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	f, wrong := server.CatalogueFilter(c.QueryParam)
	query := catalogueQuery(c.QueryParam)
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Sets{Filter: catalogueForm(query, wrong, all), Actions: []kit.Action{{Label: "Rebuild from a bucket", Href: "/sets/collect"}}}
	v.Empty = kit.Empty{Title: "No backup sets are known yet.", Text: "Servers, clouds and buckets are looked at in turn, and what they have appears here. After a loss the catalogue is rebuilt from a bucket alone.",
		Actions: []kit.Action{{Label: "Rebuild from a bucket", Href: "/sets/collect"}, {Label: "New policy", Href: "/policies/new", Primary: true}}}
	if len(query) > 0 {
		v.Empty = kit.Empty{Title: "No set matches.", Text: "Change the filter, or leave it.", Actions: []kit.Action{{Label: "All sets", Href: "/sets"}}}
	}
	out := server.View{Title: "Backup sets", Section: "sets"}
	if len(wrong) == 0 {
		f.Limit = server.PageSize
		rows, err := s.Catalogue.Records(ctx, f)
		if err != nil {
			return server.View{}, err
		}
		if v.Rows, err = s.setRows(ctx, z, rows); err != nil {
			return server.View{}, err
		}
		if len(rows) == server.PageSize {
			query.Set("before", rows[len(rows)-1].ID)
			v.Pager.Older = "/sets?" + query.Encode()
			query.Del("before")
		}
		if f.Before != "" {
			v.Pager.Newer = "/sets?" + query.Encode()
		}
		sets, bytes, err := s.Catalogue.CountRecords(ctx, f)
		if err != nil {
			return server.View{}, err
		}
		note := "of everything"
		if len(query) > 0 {
			note = "of this instance, kind, state and origin; database and times are not counted"
		}
		v.Facts = []kit.Fact{{Label: "Sets", Value: kit.Count(int(sets), "set", "sets"), Note: note, Words: true},
			{Label: "Size", Value: kit.Bytes(bytes).Text, Title: kit.Bytes(bytes).Exact, Note: "of all their copies", Words: true}}
	} else {
		out.Status = server.StatusOf(server.Invalid("", ""))
	}
	if f.Before == "" { // older pages do not change under the reader
		out.Live = v.Fragments()
	}
	out.Page = func(fr kit.Frame) templ.Component { return views.SetsPage(fr, v) }
	return out, nil
}

func catalogueForm(query url.Values, wrong map[string]string, instances []endpoint.Instance) kit.Form {
	f := kit.Form{Action: "/sets", Method: "get", Submit: "Show"}
	for _, field := range server.CatalogueFilters {
		one := kit.Field{Name: field.Name, Label: field.Label, Value: query.Get(field.Name), Error: wrong[field.Name], Optional: true, Autocomplete: "off"}
		switch {
		case field.Name == "instance":
			one.Type, one.Options = "select", []kit.Option{{Label: "any"}}
			for _, i := range instances {
				one.Options = append(one.Options, kit.Option{Value: i.ID, Label: i.Label()})
			}
		case field.Options != nil:
			one.Type, one.Options = "select", append([]kit.Option{{Label: "any"}}, field.Options...)
		case field.Name == "database":
			one.Mono = true
		default:
			one.Placeholder = "2026-11-01"
		}
		f.Fields = append(f.Fields, one)
	}
	return f
}

// setRows words records of any instance.
func (s *Pages) setRows(ctx context.Context, z kit.Zone, rows []backup.Record) (out []views.SetRow, err error) {
	names, err := s.InstanceNames(ctx)
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

func catalogueRow(z kit.Zone, r backup.Record, names, places map[string]string) views.SetRow {
	at := z.At(r.Finished())
	row := views.SetRow{Name: kit.Link{Text: at.UTC, Href: "/sets/" + r.ID}, Exact: at.Exact, Local: at.Local, Kind: server.SetKind(r), Badge: setBadge(r), Size: kit.Bytes(r.Bytes()),
		Where: server.FirstOf(names[r.InstanceID], "a server that is not known here"), Origin: originWords(r), Mode: "by a policy", Took: server.Took(r.Set.Started.Time(), r.Set.Finished.Time())}
	if r.Cloud != nil {
		row.Name.Href, row.Took = server.SetHref(r), server.Took(r.Cloud.Started, r.Cloud.Finished)
	}
	if row.Database.Text = setDatabases(r, 2); r.Database != "" && r.InstanceID != "" {
		row.Database.Href = server.DatabaseHref(r.InstanceID, r.Database)
	}
	switch {
	case r.Manual():
		row.Mode = "by hand"
	case r.Origin == backup.ByOthers || r.Origin == backup.InBucket:
		row.Mode = ""
	}
	mark := func(on bool, text string, tone kit.Tone) {
		if on {
			row.Marks = append(row.Marks, kit.Badge{Text: text, Tone: tone})
		}
	}
	mark(r.Pinned, "pinned", kit.ToneRun)
	mark(r.Set.CopyOnly, "copy-only", "")
	mark(!r.Verified.IsZero(), "verified", kit.ToneOK)
	mark(r.Apart, "not in files", kit.ToneWarn)
	var at2 []string
	for _, c := range r.Copies {
		at2 = append(at2, server.FirstOf(places[c.BucketID], c.BucketID))
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
