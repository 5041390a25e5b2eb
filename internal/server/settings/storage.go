package settings

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// storage lists the places where backup files lie. Each is asked how it is;
// one that does not answer soon says so instead of holding up the page.
func (s *Pages) storage(c echo.Context) (server.View, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Storage{Rows: make([]views.Place, len(buckets)),
		Empty: kit.Empty{Title: "No places yet.", Text: "Add a folder that this machine sees, with backup files in it, and the OSS bucket that the cloud restores from.",
			Actions: []kit.Action{{Label: "Add a folder", Href: "/settings/folders/new"}, {Label: "Add a bucket", Href: "/settings/buckets/new"}}}}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i, b := range buckets {
		wg.Go(func() { v.Rows[i] = s.place(ctx, b) })
	}
	wg.Wait()
	return server.View{Title: "Storage", Section: "storage", Page: func(f kit.Frame) templ.Component { return views.StoragePage(f, v) }}, nil
}

func (s *Pages) place(ctx context.Context, b endpoint.Bucket) views.Place {
	row := views.Place{Name: kit.Link{Text: b.Name, Href: "/storage/" + b.ID}, Kind: string(b.Kind)}
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
		if uploads, err := bucket.Uploads(ctx, "", server.UploadsShown); err == nil {
			row.Uploads = "none"
			if n := len(uploads); n > 0 {
				row.Uploads, row.UploadsT = fmt.Sprintf("%d unfinished", n), kit.ToneWarn
			}
		}
	}
	return row
}

func placeTrouble(err error) (kit.Badge, string) {
	message, fix := fault.Words(err)
	words := "not readable"
	if fault.Is(err, fault.Unavailable) || fault.Of(err) == fault.Unknown {
		words = "no answer"
	}
	return kit.Badge{Text: words, Tone: kit.ToneBad}, message + " " + fix
}

// placeBadge says whether the cloud can restore from a bucket (RDS for SQL
// Server, incremental migration: class Standard, not encrypted).
func placeBadge(b endpoint.Bucket, info objectstore.Info) (kit.Badge, string) {
	switch {
	case !b.Service:
		return kit.Badge{Text: "readable", Tone: kit.ToneOK}, ""
	case info.StorageClass != "" && info.StorageClass != "Standard":
		return kit.Badge{Text: "not Standard", Tone: kit.ToneBad}, "The cloud restores from buckets of class Standard only."
	case info.Encryption != "":
		return kit.Badge{Text: "encrypted", Tone: kit.ToneBad}, "The cloud does not restore from a bucket with server-side encryption (" + info.Encryption + ")."
	}
	return kit.Badge{Text: "fit for migrations", Tone: kit.ToneOK}, ""
}
