package backupjob

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// links fetches download links when they are needed, and anew when they have
// expired. Each fetching is audited; none is kept longer than the process.
type links struct {
	copier     *Copier
	request    copyRequest
	instanceID string
	claim      run.Claim
	id         string

	mu  sync.Mutex
	all []backup.Link
}

// fetch asks the service for the links of the set: those by database where
// there are any, else that of the whole.
func (l *links) fetch(ctx context.Context) ([]backup.Link, error) {
	cloud, err := l.copier.Clouds.Cloud(ctx, l.instanceID)
	if err != nil {
		return nil, err
	}
	all, err := cloud.SetLinks(ctx, l.request.SetID, l.request.At)
	if err != nil {
		return nil, err
	}
	var whole, single []backup.Link
	for _, one := range all {
		if one.Database == "" {
			whole = append(whole, one)
		} else {
			single = append(single, one)
		}
	}
	if len(single) == 0 {
		single = whole
	}
	if len(single) == 0 {
		return nil, fault.Newf(fault.Conflict, "The backup set %s cannot be downloaded.", l.request.SetID).WithFix("Only physical backups that are still kept have links.")
	}
	at := l.copier.Now()
	e := audit.New(audit.Engine, at, "backup.link", "set/"+l.request.RecordID, "Fetched download links of backup set "+l.request.SetID+" to copy it.")
	if err := l.copier.Store.NoteOperation(ctx, l.claim, l.id, []byte("{}"), Change{Audit: []audit.Entry{e}}); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.all = single
	l.mu.Unlock()
	return single, nil
}

func (l *links) of(database string) (secret.Text, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.all {
		if one.Database == database {
			return best(one), nil
		}
	}
	return secret.Text{}, fault.Newf(fault.Conflict, "The service has no link for %s any more.", database).WithFix("Look whether the set is still kept.")
}

// use calls f with a link, and once more with a fresh one when it is refused.
func use[T any](ctx context.Context, l *links, database string, f func(secret.Text) (T, error)) (T, error) {
	link, err := l.of(database)
	if err != nil {
		var none T
		return none, err
	}
	v, err := f(link)
	if !fault.Is(err, fault.Denied) {
		return v, err
	}
	if _, err := l.fetch(ctx); err != nil {
		return v, err
	}
	if link, err = l.of(database); err != nil {
		return v, err
	}
	return f(link)
}

func (l *links) size(ctx context.Context, database string) (size int64, etag string, err error) {
	type told struct {
		size int64
		etag string
	}
	t, err := use(ctx, l, database, func(link secret.Text) (told, error) {
		size, etag, err := l.copier.Downloads.Size(ctx, link)
		return told{size, etag}, err
	})
	return t.size, t.etag, err
}

// linkSource is a file behind a link as a source to upload.
type linkSource struct {
	links    *links
	database string
	size     int64
	etag     string
}

var _ objectstore.Source = (*linkSource)(nil)

func (s *linkSource) Size() int64 { return s.size }

func (s *linkSource) Close() error { return nil }

// Open streams a range.
func (s *linkSource) Open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	return use(ctx, s.links, s.database, func(link secret.Text) (io.ReadCloser, error) {
		return s.links.copier.Downloads.Open(ctx, link, offset, length)
	})
}

// ReadAt reads a range; uploads stream instead.
func (s *linkSource) ReadAt(p []byte, off int64) (int, error) {
	r, err := s.Open(context.Background(), off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.ReadFull(r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// Fingerprint is that of the set, which never changes, and of its file's size.
func (s *linkSource) Fingerprint(ctx context.Context) (string, error) {
	size, etag, err := s.links.size(ctx, s.database)
	if err != nil {
		return "", err
	}
	if size != s.size || etag != s.etag {
		return "", objectstore.Changed(s.links.request.SetID)
	}
	return strings.ReplaceAll(fmt.Sprintf("cloud:%s:%s:%d:%s", s.links.request.SetID, s.database, size, etag), " ", "_") + " -", nil
}
