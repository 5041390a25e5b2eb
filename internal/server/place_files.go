package server

import (
	"context"
	"fmt"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// UploadsShown is how many unfinished uploads of a place are told.
const UploadsShown = 200

// Look reads headers, four at a time. A file that cannot be read now has its
// trouble beside it.
func (s *Kit) Look(ctx context.Context, id string, bucket objectstore.Bucket, objects []objectstore.Object) []migration.Seen {
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

// Abort throws away the parts of an unfinished upload.
func (s *Kit) Abort(c echo.Context, key, upload string) error {
	ctx := c.Request().Context()
	if key == "" || upload == "" {
		return Invalid("No upload is named.", "Choose one from the list.")
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
	e := audit.New(Actor(c), s.Now(), "upload.abort", "bucket/"+b.ID, fmt.Sprintf("Ordered to abort the unfinished upload of %s.", key)).
		With(map[string]string{"key": key, "upload": upload}, nil)
	if err := s.Audit.Record(ctx, e); err != nil {
		return err
	}
	return bucket.Abort(ctx, key, objectstore.UploadID(upload))
}
