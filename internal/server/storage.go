package server

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/web/templates"
)

// storage lists the places where backup files lie. Each is asked how it is;
// one that does not answer soon says so instead of holding up the page.
func (s *Server) storage(c echo.Context) (view, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Storage{Rows: make([]templates.Place, len(buckets)),
		Empty: templates.Empty{Title: "No places yet.", Text: "Add a folder that this machine sees, with backup files in it, and the OSS bucket that the cloud restores from.",
			Actions: []templates.Action{{Label: "Add a folder", Href: "/settings/folders/new"}, {Label: "Add a bucket", Href: "/settings/buckets/new"}}}}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i, b := range buckets {
		wg.Go(func() { v.Rows[i] = s.place(ctx, b) })
	}
	wg.Wait()
	return view{title: "Storage", section: "storage", page: func(f templates.Frame) templ.Component { return templates.StoragePage(f, v) }}, nil
}

const uploadsShown = 200

func (s *Server) place(ctx context.Context, b endpoint.Bucket) templates.Place {
	row := templates.Place{Name: templates.Link{Text: b.Name, Href: "/storage/" + b.ID}, Kind: string(b.Kind)}
	if k, err := s.Kinds.Bucket(b.Kind); err == nil {
		row.Kind, row.Where = k.Thing, k.Where(b)
	}
	bucket, err := s.Ports.Bucket(ctx, b.ID)
	if err != nil {
		row.Badge, row.Note = placeTrouble(err)
		return row
	}
	info, err := bucket.Info(ctx)
	if err != nil {
		row.Badge, row.Note = placeTrouble(err)
		return row
	}
	row.Class = info.StorageClass
	row.Badge, row.Note = placeBadge(b, info)
	if b.Service {
		if uploads, err := bucket.Uploads(ctx, "", uploadsShown); err == nil {
			row.Uploads = "none"
			if n := len(uploads); n > 0 {
				row.Uploads, row.UploadsT = fmt.Sprintf("%d unfinished", n), templates.ToneWarn
			}
		}
	}
	return row
}

func placeTrouble(err error) (templates.Badge, string) {
	message, fix := fault.Words(err)
	words := "not readable"
	if fault.Is(err, fault.Unavailable) || fault.Of(err) == fault.Unknown {
		words = "no answer"
	}
	return templates.Badge{Text: words, Tone: templates.ToneBad}, message + " " + fix
}

// placeBadge says whether the cloud can restore from a bucket (RDS for SQL
// Server, incremental migration: class Standard, not encrypted).
func placeBadge(b endpoint.Bucket, info objectstore.Info) (templates.Badge, string) {
	switch {
	case !b.Service:
		return templates.Badge{Text: "readable", Tone: templates.ToneOK}, ""
	case info.StorageClass != "" && info.StorageClass != "Standard":
		return templates.Badge{Text: "not Standard", Tone: templates.ToneBad}, "The cloud restores from buckets of class Standard only."
	case info.Encryption != "":
		return templates.Badge{Text: "encrypted", Tone: templates.ToneBad}, "The cloud does not restore from a bucket with server-side encryption (" + info.Encryption + ")."
	}
	return templates.Badge{Text: "fit for migrations", Tone: templates.ToneOK}, ""
}

const filesShown = 40

// storageFiles lists one place, and what each file really is.
func (s *Server) storageFiles(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	b, err := s.Endpoints.Bucket(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	prefix, after := c.QueryParam("prefix"), c.QueryParam("after")
	here := "/storage/" + b.ID
	v := templates.PlaceFiles{Name: b.Name, Crumbs: []templates.Link{{Text: "Storage", Href: "/storage"}, {Text: b.Name}}, Under: placeHint(b), Prefix: prefix,
		Filter: templates.Form{Action: here, Submit: "Show", Fields: []templates.Field{{Name: "prefix", Label: "Path begins with", Value: prefix, Optional: true, Mono: true}}},
		Empty:  templates.Empty{Title: "There is no file here.", Text: "Names are case-sensitive. Leave the field empty to see everything."}}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.fillPlace(ctx, z, b, &v, prefix, after); err != nil {
		message, fix := fault.Words(err)
		if fault.Of(err) == fault.Unknown {
			s.Log.Error("read a place", "bucket", b.ID, "err", err)
		}
		v.Problem = &templates.Help{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Try again", Href: c.Request().URL.RequestURI()}, {Label: "Change it", Href: s.settingHref(b)}}}
	}
	return view{title: b.Name, section: "storage", page: func(f templates.Frame) templ.Component { return templates.PlaceFilesPage(f, v) }}, nil
}

func (s *Server) fillPlace(ctx context.Context, z templates.Zone, b endpoint.Bucket, v *templates.PlaceFiles, prefix, after string) error {
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
	seen := s.look(ctx, b.ID, bucket, objects)
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
	uploads, err := bucket.Uploads(ctx, "", uploadsShown)
	if err != nil {
		v.UploadsE, _ = fault.Words(err)
		return nil
	}
	for _, u := range uploads {
		v.Uploads = append(v.Uploads, templates.Upload{Name: u.Key, ID: string(u.ID), Begun: z.At(u.Begun),
			Action: &templates.Action{Label: "Abort…", Danger: true, Small: true,
				Href: "/storage/" + b.ID + "/uploads/abort?" + url.Values{"key": {u.Key}, "upload": {string(u.ID)}}.Encode()}})
	}
	return nil
}

// look reads headers, four at a time. A file that cannot be read now has its
// trouble beside it.
func (s *Server) look(ctx context.Context, id string, bucket objectstore.Bucket, objects []objectstore.Object) []migration.Seen {
	out := make([]migration.Seen, len(objects))
	places := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i, o := range objects {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out[i] = migration.Seen{From: id, Key: o.Key, Name: o.Key, Size: o.Size, Modified: o.Modified}
			file, err := bakfile.Read(objectstore.ReaderAt(ctx, bucket, o.Key, o.Size), o.Size)
			if err != nil {
				out[i].Trouble, out[i].Fix = fault.Words(err)
				return
			}
			out[i].File = file
		})
	}
	wg.Wait()
	return out
}

func storedFile(z templates.Zone, got migration.Seen) templates.StoredFile {
	row := templates.StoredFile{Name: got.Name, Size: templates.Bytes(got.Size), Modified: z.At(got.Modified), Kind: kindTag(""), Says: got.Trouble, Tone: templates.ToneWarn}
	if got.File == nil || len(got.File.Sets) == 0 {
		return row
	}
	row.Tone = templates.ToneIdle
	set := migration.Sets([]migration.Seen{got})[0]
	row.Kind, row.Database = kindTag(string(set.Kind)), set.Database
	row.Says = fmt.Sprintf("%s on %s · LSN %s to %s", migration.Product(set.VersionMajor), set.Server, set.First, set.Last)
	if n := len(got.File.Sets); n > 1 {
		row.Says += fmt.Sprintf(" · first of %d sets", n)
	}
	if n := got.File.Media.FamilyCount; n > 1 {
		row.Says += fmt.Sprintf(" · stripe %d of %d", got.File.Media.FamilySequence, n)
	}
	if got.File.Truncated {
		row.Says += " · its end is missing"
		row.Tone = templates.ToneBad
	}
	return row
}

// storageMigrate begins a new migration from a place.
func (s *Server) storageMigrate(c echo.Context) error {
	return seeOther(c, "/migrations/new?"+url.Values{"source": {c.Param("id")}, "prefix": {c.QueryParam("prefix")}}.Encode())
}

// uploadAskAbort asks before the parts of an unfinished upload are thrown away.
func (s *Server) uploadAskAbort(c echo.Context) (view, error) {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	key, upload := c.FormValue("key"), c.FormValue("upload")
	return removal{thing: "upload of", name: path.Base(key), verb: "Abort", section: "storage", back: "/storage/" + b.ID, post: "/storage/" + b.ID + "/uploads/abort",
		hidden: []templates.Hidden{{Name: "key", Value: key}, {Name: "upload", Value: upload}},
		points: []string{"The parts that were sent are thrown away; an upload of this file begins anew.", "A migration that is sending this file right now stops with a message.", "Complete files in " + b.Name + " stay."}}.ask(nil), nil
}

// uploadAbort throws away the parts of an unfinished upload.
func (s *Server) uploadAbort(c echo.Context) error {
	key := c.FormValue("key")
	err := typed(c, path.Base(key))
	if err != nil {
		v, viewErr := s.uploadAskAbort(c)
		return s.askAgain(c, v, viewErr, err)
	}
	if err := s.abort(c, key, c.FormValue("upload")); err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The upload of "+key+" is aborted and its parts are gone.")
	return seeOther(c, "/storage/"+c.Param("id"))
}

func (s *Server) abort(c echo.Context, key, upload string) error {
	ctx := c.Request().Context()
	if key == "" || upload == "" {
		return invalid("No upload is named.", "Choose one from the list.")
	}
	b, err := s.Endpoints.Bucket(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	bucket, err := s.Ports.Bucket(ctx, b.ID)
	if err != nil {
		return err
	}
	// Written down first: should we die in between, the trail says what was tried.
	e := audit.New(actor(c), s.Now(), "upload.abort", "bucket/"+b.ID, fmt.Sprintf("Ordered to abort the unfinished upload of %s.", key)).
		With(map[string]string{"key": key, "upload": upload}, nil)
	if err := s.Audit.Record(ctx, e); err != nil {
		return err
	}
	return bucket.Abort(ctx, key, objectstore.UploadID(upload))
}
