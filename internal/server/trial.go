package server

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// trialPatience bounds a trial of a bucket.
const trialPatience = 90 * time.Second

// BucketTried is what a trial of a bucket has shown.
type BucketTried struct {
	Bucket  endpoint.Bucket
	Steps   []objectstore.Trial
	Remarks []objectstore.Remark
}

// TryBucket tries in a bucket what backups and migrations do there. It is
// written down first: should we die in between, the trail says what was tried.
func (s *Kit) TryBucket(c echo.Context) (t BucketTried, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), trialPatience)
	defer cancel()
	if t.Bucket, err = s.Endpoints.Bucket(ctx, c.Param("id")); err != nil {
		return t, err
	}
	if !t.Bucket.Service {
		return t, Invalid("A folder is read and never changed, so nothing is tried in it.", "Look at its files instead.")
	}
	bucket, err := s.Ports.Bucket(ctx, t.Bucket.ID)
	if err != nil {
		return t, err
	}
	key := "bakplane-test/" + s.NewID()
	if err := s.Audit.Record(ctx, s.Entry(c, "bucket.test", "bucket/"+t.Bucket.ID, "Tested the bucket "+t.Bucket.Name+" with the file "+key+".")); err != nil {
		return t, err
	}
	t.Steps = objectstore.Try(ctx, bucket, key)
	if r, ok := bucket.(objectstore.Remarker); ok {
		t.Remarks = r.Remarks(ctx)
	}
	return t, nil
}
