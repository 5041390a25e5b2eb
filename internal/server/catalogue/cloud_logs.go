package catalogue

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// logsList shows an instance's log backups and, out of them and its data
// backups, the recovery window.
func (s *Pages) logsList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.Glimpsed(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here, before := "/instances/"+in.ID+"/logs", c.QueryParam("before")
	v := views.CloudLogs{Head: s.ListedHead(c, in, "logs"), Empty: kit.Empty{Title: "No log backups are known yet.", Text: "The service takes them as often as the policy says; it cannot be told to take none. Look now asks for them.",
		Actions: []kit.Action{{Label: "Look now", Href: "/instances/" + in.ID + "/look", Post: true, Fields: []kit.Hidden{{Name: "back", Value: here}}}}}}
	rows, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: in.ID, Origin: backup.InCloud, Kind: backup.Log, Before: before, Limit: server.PageSize})
	if err != nil {
		return server.View{}, err
	}
	for _, r := range rows {
		v.Rows = append(v.Rows, logRow(z, in.ID, r))
	}
	if len(rows) == server.PageSize {
		v.Pager.Older = here + "?before=" + rows[len(rows)-1].ID
	}
	if before != "" {
		v.Pager.Newer = here
	}
	r, err := s.RecoveryOutline(ctx, in.ID, "")
	if err != nil {
		return server.View{}, err
	}
	v.Facts = r.Facts(z)
	if t := r.Timeline(z, "window", "f-at", time.Time{}); t != nil {
		v.Timeline = t
		if w, ok := r.Newest(); ok {
			v.Form = &kit.Form{Action: "/instances/" + in.ID + "/restore", Method: "get", Submit: "Restore to this second…", Fields: []kit.Field{server.MomentField(w.To.UTC().Format(time.DateTime))}}
		}
	}
	if chart := r.RPOChart(z); chart != nil && before == "" {
		v.Charts = append(v.Charts, *chart)
	}
	out := server.CloudPage("Log backups of "+in.Name, func(f kit.Frame) templ.Component { return views.CloudLogsPage(f, v) })
	out.Charts = len(v.Charts) > 0
	return out, nil
}

func logRow(z kit.Zone, instanceID string, r backup.Record) views.CloudLogRow {
	row := views.CloudLogRow{To: z.At(r.Finished()), Size: kit.Bytes(r.Bytes())}
	if r.Cloud != nil {
		row.From, row.Covers = z.At(r.Cloud.Started), server.Took(r.Cloud.Started, r.Cloud.Finished)
		row.Action = &kit.Action{Label: "Links", Href: "/instances/" + instanceID + "/logs/links", Post: true, Small: true, Fields: []kit.Hidden{{Name: "log", Value: r.ID}}}
	}
	return row
}

// logLinks fetches where one log can be downloaded, and shows it once.
func (s *Pages) logLinks(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	r, err := s.Catalogue.Record(ctx, c.FormValue("log"))
	if err != nil || r.InstanceID != in.ID || r.Cloud == nil || r.Set.Kind != backup.Log {
		return server.Invalid("There is no such log backup of this instance.", "Choose one from the list.")
	}
	z := s.Zone(c)
	title := "Log backup of " + z.At(r.Finished()).UTC
	links, err := s.LinksOf(c, in, "log backup from "+r.Cloud.Started.UTC().Format(time.DateTime)+" to "+r.Cloud.Finished.UTC().Format(time.DateTime), func(ctx context.Context, cloud backup.Cloud) ([]backup.Link, error) {
		return cloud.LogLinks(ctx, r.Cloud.Started, r.Cloud.Finished)
	})
	if err != nil {
		return err
	}
	logs := "/instances/" + in.ID + "/logs"
	return s.showLinks(c, in, links, title, kit.Action{Label: "Back to the logs", Href: logs}, kit.Link{Text: "Log backups", Href: logs}, kit.Link{Text: "Download"})
}
