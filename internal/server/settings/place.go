package settings

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

const filesShown = 40

// storageFiles lists one place, and what each file really is.
func (s *Pages) storageFiles(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	b, err := s.Endpoints.Bucket(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	prefix, after := c.QueryParam("prefix"), c.QueryParam("after")
	here := "/storage/" + b.ID
	v := views.PlaceFiles{Name: b.Name, Crumbs: []kit.Link{{Text: "Storage", Href: "/storage"}, {Text: b.Name}}, Under: server.PlaceHint(b), Prefix: prefix,
		Filter: kit.Form{Action: here, Submit: "Show", Fields: []kit.Field{{Name: "prefix", Label: "Path begins with", Value: prefix, Optional: true, Mono: true}}},
		Empty:  kit.Empty{Title: "There is no file here.", Text: "Names are case-sensitive. Leave the field empty to see everything."}}
	if b.Service {
		v.Actions = []kit.Action{{Label: "Test it", Href: here + "/test", Post: true}}
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.fillPlace(ctx, z, b, &v, prefix, after); err != nil {
		message, fix := fault.Words(err)
		if fault.Of(err) == fault.Unknown {
			s.Log.Error("read a place", "bucket", b.ID, "err", err)
		}
		v.Problem = &kit.Help{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Try again", Href: c.Request().URL.RequestURI()}, {Label: "Change it", Href: s.settingHref(b)}}}
	}
	return server.View{Title: b.Name, Section: "storage", Page: func(f kit.Frame) templ.Component { return views.PlaceFilesPage(f, v) }}, nil
}

func (s *Pages) fillPlace(ctx context.Context, z kit.Zone, b endpoint.Bucket, v *views.PlaceFiles, prefix, after string) error {
	bucket, err := s.Ports.Bucket(ctx, b.ID)
	if err != nil {
		return err
	}
	info, err := bucket.Info(ctx)
	if err != nil {
		return err
	}
	v.Badge, _ = placeBadge(b, info)
	objects, err := bucket.List(ctx, prefix, after, filesShown)
	if err != nil {
		return err
	}
	seen := s.Look(ctx, b.ID, bucket, objects)
	for _, got := range seen {
		v.Rows = append(v.Rows, storedFile(z, got))
	}
	if len(objects) == filesShown {
		v.Pager.Older = "/storage/" + b.ID + "?" + url.Values{"prefix": {prefix}, "after": {objects[len(objects)-1].Key}}.Encode()
		v.Pager.Words = fmt.Sprintf("%d files, by name", filesShown)
	}
	if after != "" {
		v.Pager.Newer = "/storage/" + b.ID + "?" + url.Values{"prefix": {prefix}}.Encode()
	}
	uploads, err := bucket.Uploads(ctx, "", server.UploadsShown)
	if err != nil {
		v.UploadsE, _ = fault.Words(err)
		return nil
	}
	for _, u := range uploads {
		v.Uploads = append(v.Uploads, views.Upload{Name: u.Key, ID: string(u.ID), Begun: z.At(u.Begun),
			Action: &kit.Action{Label: "Abort…", Danger: true, Small: true,
				Href: "/storage/" + b.ID + "/uploads/abort?" + url.Values{"key": {u.Key}, "upload": {string(u.ID)}}.Encode()}})
	}
	return nil
}

func storedFile(z kit.Zone, got migration.Seen) views.StoredFile {
	row := views.StoredFile{Name: got.Name, Size: kit.Bytes(got.Size), Modified: z.At(got.Modified), Kind: server.KindTag(""), Says: got.Trouble, Tone: kit.ToneWarn}
	if got.File == nil || len(got.File.Sets) == 0 {
		return row
	}
	row.Tone = kit.ToneIdle
	set := migration.Sets([]migration.Seen{got})[0]
	row.Kind, row.Database = server.KindTag(string(set.Kind)), set.Database
	row.Says = fmt.Sprintf("%s on %s · LSN %s to %s", bakfile.Product(set.VersionMajor), set.Server, set.First, set.Last)
	if n := len(got.File.Sets); n > 1 {
		row.Says += fmt.Sprintf(" · first of %d sets", n)
	}
	if n := got.File.Media.FamilyCount; n > 1 {
		row.Says += fmt.Sprintf(" · stripe %d of %d", got.File.Media.FamilySequence, n)
	}
	if got.File.Truncated {
		row.Says += " · its end is missing"
		row.Tone = kit.ToneBad
	}
	return row
}

// storageMigrate begins a new migration from a place.
func (s *Pages) storageMigrate(c echo.Context) error {
	return server.SeeOther(c, "/migrations/new?"+url.Values{"source": {c.Param("id")}, "prefix": {c.QueryParam("prefix")}}.Encode())
}

// uploadAskAbort asks before the parts of an unfinished upload are thrown away.
func (s *Pages) uploadAskAbort(c echo.Context) (server.View, error) {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	key, upload := c.FormValue("key"), c.FormValue("upload")
	return server.Removal{Thing: "upload of", Name: path.Base(key), Verb: "Abort", Section: "storage", Back: "/storage/" + b.ID, Post: "/storage/" + b.ID + "/uploads/abort",
		Hidden: []kit.Hidden{{Name: "key", Value: key}, {Name: "upload", Value: upload}},
		Points: []string{"The parts that were sent are thrown away; an upload of this file begins anew.", "A migration that is sending this file right now stops with a message.", "Complete files in " + b.Name + " stay."}}.Ask(nil), nil
}

// uploadAbort throws away the parts of an unfinished upload.
func (s *Pages) uploadAbort(c echo.Context) error {
	key := c.FormValue("key")
	err := server.Typed(c, path.Base(key))
	if err != nil {
		v, viewErr := s.uploadAskAbort(c)
		return s.AskAgain(c, v, viewErr, err)
	}
	if err := s.Abort(c, key, c.FormValue("upload")); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The upload of "+key+" is aborted and its parts are gone.")
	return server.SeeOther(c, "/storage/"+c.Param("id"))
}
