package server

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// databaseBackupAsk asks how one database is backed up by hand.
func (s *Server) databaseBackupAsk(c echo.Context) (view, error) { return s.databaseBackup(c, nil) }

func (s *Server) databaseBackup(c echo.Context, refused error) (view, error) {
	ctx, name := c.Request().Context(), c.FormValue("name")
	in, err := s.ownInstance(c)
	if err != nil {
		return view{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return view{}, err
	}
	wrong := orderErrors(refused)
	how := []string{"verify"}
	if c.Request().Method == "POST" {
		form, _ := c.FormParams()
		how = form["how"]
	}
	place := templates.Field{Name: "bucket", Label: "Copied to", Type: "select", Value: c.FormValue("bucket"), Optional: true, Error: wrong[backupjob.FieldBucket], Options: []templates.Option{{Label: "nowhere: it stays in the server's folder"}}}
	for _, b := range buckets {
		if b.ID != in.FolderID {
			place.Options = append(place.Options, templates.Option{Value: b.ID, Label: b.Name})
		}
	}
	here := databaseHref(in.ID, name)
	v := templates.Decision{Title: "Back up " + name + " now", Crumbs: []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: name, Href: here}, {Text: "Back up now"}},
		Points: []string{"One backup is taken of " + name + " into the server's backup folder.", "No policy prunes it: it stays until somebody removes it.", "A full backup that is not copy-only becomes what later differentials build on."},
		Form: &templates.Form{Action: "/instances/" + in.ID + "/database/backup", Submit: "Back up now", Cancel: here, Hidden: []templates.Hidden{{Name: "name", Value: name}}, Problem: problemOf(refused), Fields: []templates.Field{
			{Name: "kind", Label: "Kind", Type: "choices", Value: firstOf(c.FormValue("kind"), "full"), Error: wrong[backupjob.FieldKind], Options: []templates.Option{
				{Value: "full", Label: "Full"}, {Value: "differential", Label: "Differential", Hint: "what changed since the last full backup"}, {Value: "log", Label: "Log", Hint: "in recovery model FULL"}}},
			{Name: "how", Label: "It is", Type: "checks", Optional: true, Values: how, Error: wrong[backupjob.FieldCopyOnly], Options: []templates.Option{
				{Value: "verify", Label: "verified afterwards"}, {Value: "compress", Label: "compressed", Hint: "where the edition can"}, {Value: "copyonly", Label: "copy-only"}}},
			place}}}
	out := view{title: v.Title, section: "instances", page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// ownInstance is a self-managed server.
func (s *Server) ownInstance(c echo.Context) (endpoint.Instance, error) {
	in, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err == nil && !in.Traits.Source {
		err = fault.Newf(fault.NotFound, "%s is no self-managed server.", in.Name).WithFix("Backups of ApsaraDB RDS are ordered on the pages of its instance.")
	}
	return in, err
}

// orderErrors are the messages of an order that was refused, by field.
func orderErrors(err error) map[string]string {
	out := map[string]string{}
	for _, w := range wrongs(err) {
		if out[w.Field] == "" {
			out[w.Field] = withFix(w.Message, w.Fix)
		}
	}
	return out
}

func (s *Server) databaseBackupOrder(c echo.Context) error {
	in, err := s.ownInstance(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	id, err := s.backUpNow(c, in.ID, backup.Kind(form.Get("kind")), []string{form.Get("name")}, form)
	if err != nil {
		v, viewErr := s.databaseBackup(c, err)
		return s.shownAgain(c, v, viewErr, err)
	}
	s.say(c, templates.ToneOK, fmt.Sprintf("The backup of %s is ordered.", form.Get("name")))
	return seeOther(c, "/runs/"+id)
}

func (s *Server) backUpNow(c echo.Context, serverID string, kind backup.Kind, databases []string, form url.Values) (string, error) {
	how := policy.How{Compress: slices.Contains(form["how"], "compress"), CopyOnly: slices.Contains(form["how"], "copyonly"), Verify: slices.Contains(form["how"], "verify")}
	return backupjob.BackUpNow(c.Request().Context(), s.Pruner.Store, s.Pruner.Ports, backupjob.BackUp{ServerID: serverID, Kind: kind, Databases: databases, How: how, BucketID: form.Get("bucket")}, s.NewID, s.orderedBy(c))
}
