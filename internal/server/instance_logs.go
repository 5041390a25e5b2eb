package server

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/web/templates"
)

// logsList shows an instance's log backups and, out of them and its data
// backups, the recovery window.
func (s *Server) logsList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.glimpsed(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here, before := "/instances/"+in.ID+"/logs", c.QueryParam("before")
	v := templates.CloudLogs{Head: s.listedHead(c, in, "logs"), Empty: templates.Empty{Title: "No log backups are known yet.", Text: "The service takes them as often as the policy says; it cannot be told to take none. Look now asks for them.",
		Actions: []templates.Action{{Label: "Look now", Href: "/instances/" + in.ID + "/look", Post: true, Fields: []templates.Hidden{{Name: "back", Value: here}}}}}}
	rows, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: in.ID, Origin: backup.InCloud, Kind: backup.Log, Before: before, Limit: pageSize})
	if err != nil {
		return view{}, err
	}
	for _, r := range rows {
		v.Rows = append(v.Rows, logRow(z, in.ID, r))
	}
	if len(rows) == pageSize {
		v.Pager.Older = here + "?before=" + rows[len(rows)-1].ID
	}
	if before != "" {
		v.Pager.Newer = here
	}
	r, err := s.recoveryOutline(ctx, in.ID, "")
	if err != nil {
		return view{}, err
	}
	v.Facts = r.facts(z)
	if t := r.timeline(z, "window", "f-at", time.Time{}); t != nil {
		v.Timeline = t
		if w, ok := r.newest(); ok {
			v.Form = &templates.Form{Action: "/instances/" + in.ID + "/restore", Method: "get", Submit: "Restore to this second…", Fields: []templates.Field{momentField(w.To.UTC().Format(time.DateTime))}}
		}
	}
	if chart := r.rpoChart(z); chart != nil && before == "" {
		v.Charts = append(v.Charts, *chart)
	}
	out := cloudPage("Log backups of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudLogsPage(f, v) })
	out.charts = len(v.Charts) > 0
	return out, nil
}

func momentField(value string) templates.Field {
	return templates.Field{Name: "at", Label: "Moment to restore to (UTC)", Value: value, Mono: true, Autocomplete: "off", Placeholder: "2026-11-20 13:30:00",
		Hint: "To the second, in UTC. A click on the picture writes it here."}
}

func logRow(z templates.Zone, instanceID string, r backup.Record) templates.CloudLogRow {
	row := templates.CloudLogRow{To: z.At(r.Finished()), Size: templates.Bytes(r.Bytes())}
	if r.Cloud != nil {
		row.From, row.Covers = z.At(r.Cloud.Started), took(r.Cloud.Started, r.Cloud.Finished)
		row.Action = &templates.Action{Label: "Links", Href: "/instances/" + instanceID + "/logs/links", Post: true, Small: true, Fields: []templates.Hidden{{Name: "log", Value: r.ID}}}
	}
	return row
}

// facts answer how far back and how far forward a restore can go.
func (r recovery) facts(z templates.Zone) []templates.Fact {
	w, ok := r.newest()
	if !ok {
		return []templates.Fact{{Label: "Can be restored", Value: "to no moment", Note: "there is no usable data backup", Tone: templates.ToneBad, Words: true}}
	}
	oldest := r.windows[0].From
	age := z.Now.Sub(w.To)
	newest := templates.Fact{Label: "Newest restorable moment", Value: z.Ago(w.To), Note: z.At(w.To).UTC + " UTC", Title: z.At(w.To).Exact, Words: true}
	if age > 24*time.Hour {
		newest.Tone = templates.ToneWarn
	}
	facts := []templates.Fact{newest,
		{Label: "Oldest", Value: z.At(oldest).UTC, Note: "UTC", Title: z.At(oldest).Exact, Words: true},
		{Label: "Unbroken since", Value: z.At(w.From).UTC, Note: "any second from then on", Title: z.At(w.From).Exact, Words: true}}
	if w.From.Equal(w.To) {
		facts[2].Note = "only this moment: no logs behind it"
	}
	return facts
}

// logLinks fetches where one log can be downloaded, and shows it once.
func (s *Server) logLinks(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	r, err := s.Catalogue.Record(ctx, c.FormValue("log"))
	if err != nil || r.InstanceID != in.ID || r.Cloud == nil || r.Set.Kind != backup.Log {
		return invalid("There is no such log backup of this instance.", "Choose one from the list.")
	}
	z := s.zone(c)
	title := "Log backup of " + z.At(r.Finished()).UTC
	links, err := s.linksOf(c, in, "log backup from "+r.Cloud.Started.UTC().Format(time.DateTime)+" to "+r.Cloud.Finished.UTC().Format(time.DateTime), func(ctx context.Context, cloud backup.Cloud) ([]backup.Link, error) {
		return cloud.LogLinks(ctx, r.Cloud.Started, r.Cloud.Finished)
	})
	if err != nil {
		return err
	}
	logs := "/instances/" + in.ID + "/logs"
	return s.showLinks(c, in, links, title, templates.Action{Label: "Back to the logs", Href: logs}, templates.Link{Text: "Log backups", Href: logs}, templates.Link{Text: "Download"})
}
