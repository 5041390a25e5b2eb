package catalogue

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// databaseBackupAsk asks how one database is backed up by hand.
func (s *Pages) databaseBackupAsk(c echo.Context) (server.View, error) {
	return s.databaseBackup(c, nil)
}

func (s *Pages) databaseBackup(c echo.Context, refused error) (server.View, error) {
	ctx, name := c.Request().Context(), c.FormValue("name")
	in, err := s.ownInstance(c)
	if err != nil {
		return server.View{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	wrong := server.OrderErrors(refused)
	asked, how := c.QueryParams(), []string{"verify"}
	if c.Request().Method == "POST" {
		form, _ := c.FormParams()
		asked, how = form, form["how"]
	}
	place := kit.Field{Name: "bucket", Label: "Copied to", Type: "select", Value: c.FormValue("bucket"), Optional: true, Error: wrong[backupjob.FieldBucket], Options: []kit.Option{{Label: "nowhere: it stays in the server's folder"}}}
	for _, b := range buckets {
		if b.ID != in.FolderID {
			place.Options = append(place.Options, kit.Option{Value: b.ID, Label: b.Name})
		}
	}
	here := server.DatabaseHref(in.ID, name)
	v := kit.Decision{Title: "Back up " + name + " now", Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: name, Href: here}, {Text: "Back up now"}},
		Points: []string{"One backup is taken of " + name + " into the server's backup folder.", "No policy prunes it: it stays until somebody removes it.", "A full backup that is not copy-only becomes what later differentials build on."},
		Form: &kit.Form{Action: "/instances/" + in.ID + "/database/backup", Submit: "Back up now", Cancel: here, Hidden: []kit.Hidden{{Name: "name", Value: name}}, Problem: server.ProblemOf(refused), Fields: []kit.Field{
			{Name: "kind", Label: "Kind", Type: "choices", Value: server.FirstOf(c.FormValue("kind"), "full"), Error: wrong[backupjob.FieldKind], Options: []kit.Option{
				{Value: "full", Label: "Full"}, {Value: "differential", Label: "Differential", Hint: "what changed since the last full backup"}, {Value: "log", Label: "Log", Hint: "in recovery model FULL"}}},
			{Name: "how", Label: "It is", Type: "checks", Optional: true, Values: how, Error: wrong[backupjob.FieldCopyOnly], Options: []kit.Option{
				{Value: "verify", Label: "verified afterwards"}, {Value: "compress", Label: "compressed", Hint: "where the edition can"}, {Value: "copyonly", Label: "copy-only"}}},
			place, {Name: "stripes", Label: "Files of the set", Type: "number", Optional: true, Value: server.FirstOf(c.FormValue("stripes"), "1"), Error: wrong[backupjob.FieldStripes]}}}}
	v.Form.Fields = append(v.Form.Fields, server.HowFields(asked, wrong)...)
	out := server.View{Title: v.Title, Section: "instances", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// ownInstance is a self-managed server.
func (s *Pages) ownInstance(c echo.Context) (endpoint.Instance, error) {
	in, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err == nil && !in.Traits.Source {
		err = fault.Newf(fault.NotFound, "%s is no self-managed server.", in.Name).WithFix("Backups of ApsaraDB RDS are ordered on the pages of its instance.")
	}
	return in, err
}

func (s *Pages) databaseBackupOrder(c echo.Context) error {
	in, err := s.ownInstance(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	id, err := s.BackUpNow(c, in.ID, backup.Kind(form.Get("kind")), []string{form.Get("name")}, form)
	if err != nil {
		v, viewErr := s.databaseBackup(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, fmt.Sprintf("The backup of %s is ordered.", form.Get("name")))
	return server.SeeOther(c, "/runs/"+id)
}
