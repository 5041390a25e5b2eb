// Package scan looks at servers, clouds and buckets for what backups there
// are, and tells the catalogue. A look goes on where the last one ended: how
// far it came is kept after every page, so that any death costs one page, and
// what was told twice changes nothing.
//
// Visits that come by themselves are driven by Loop and leave no runs behind:
// 500 instances looked at each minute would make 700,000 runs a day. A look
// that a person orders, and the rebuilding of the catalogue from a bucket, are
// runs (Worker).
package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Ports reaches the places that are looked at, by the ids of their endpoints.
type Ports interface {
	Bucket(ctx context.Context, id string) (objectstore.Bucket, error)
	Server(ctx context.Context, instanceID string) (backup.Server, migration.Place, error)
	Cloud(ctx context.Context, instanceID string) (backup.Cloud, error)
}

// Subject is what a look looks at: "instance/<id>" or "bucket/<id>".
type Subject string

// InstanceSubject and BucketSubject name what is looked at.
func InstanceSubject(id string) Subject { return Subject("instance/" + id) }

// BucketSubject names a bucket.
func BucketSubject(id string) Subject { return Subject("bucket/" + id) }

func (s Subject) parts() (kind, id string) {
	kind, id, _ = strings.Cut(string(s), "/")
	return kind, id
}

// Visit is how far a subject was looked at.
type Visit struct {
	Subject  Subject
	Cursor   string     // JSON, of the kind of subject
	Good     time.Time  // UTC, end of the last look that went through; zero = none did
	Next     time.Time  // UTC, when the next one is due
	Failures int        // since the last good one
	Message  words.Text // why the last one failed, a sentence; empty = it did not
	Fix      words.Text
}

// File is a file of a bucket that was read once.
type File struct {
	Key      string
	Size     int64
	Modified time.Time
	Sets     int    // backup sets in it
	Trouble  string // why it is no backup file; empty = it is one
	// Holds are the sets in it; nil = not noted, as of files that were read
	// before this was, of cut ones, and of those with more than are noted.
	Holds []backup.GUID
}

// Store keeps looks. Every method is one transaction.
type Store interface {
	Visits(ctx context.Context) ([]Visit, error)
	// Visit returns an empty one for a subject that was never looked at.
	Visit(ctx context.Context, s Subject) (Visit, error)
	SaveVisit(ctx context.Context, l Visit) error
	// Files are those known of a bucket with keys after one key, up to another.
	Files(ctx context.Context, bucketID, after, last string) ([]File, error)
	// File is one of them; false when it was never read.
	File(ctx context.Context, bucketID, key string) (File, bool, error)
	NoteFiles(ctx context.Context, bucketID string, files []File) error
	// Order queues a run.
	Order(ctx context.Context, r run.Run, e audit.Entry) error
}

// Collector looks.
type Collector struct {
	Ports     Ports
	Endpoints endpoint.Store
	Catalogue backup.Catalogue
	Store     Store
	Now       func() time.Time
	// Policies notes the policies of instances in the cloud as they are read
	// with each look; nil = they are not read.
	Policies interface {
		See(ctx context.Context, instanceID string, again bool) (differs bool, err error)
	}
	Tasks backup.TaskLog // of services that carry out tasks; nil = they are not kept
	Looks backup.LookLog // at what services hold; nil = they are not asked
}

// Step tells of a part of a look: what it is and how much of it is done.
type Step func(key string, title words.Text, done, total int64)

// Scan looks at a subject until all is seen, and writes down how it went.
func (c *Collector) Scan(ctx context.Context, s Subject, step Step) error {
	l, err := c.Store.Visit(ctx, s)
	if err != nil {
		return err
	}
	if step == nil {
		step = func(string, words.Text, int64, int64) {}
	}
	kind, id := s.parts()
	switch kind {
	case "instance":
		err = c.instance(ctx, &l, id, step)
	case "bucket":
		err = c.bucket(ctx, &l, id, step)
	default:
		err = fault.Newf(fault.Invalid, "%q is nothing that can be looked at.", string(s))
	}
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		l.Failures++
		l.Message, l.Fix = fault.Texts(err)
	} else {
		l.Good, l.Failures, l.Message, l.Fix = c.Now().UTC(), 0, words.Text{}, words.Text{}
	}
	l.Next = c.Now().UTC().Add(pause(kindOf(ctx, c.Endpoints, s), l.Failures, string(s)))
	if e := c.Store.SaveVisit(ctx, l); e != nil {
		return e
	}
	return err
}

func (c *Collector) instance(ctx context.Context, l *Visit, id string, step Step) error {
	in, err := c.Endpoints.Instance(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case in.Traits.Source:
		return c.server(ctx, l, in, step)
	case in.Traits.BacksUpItself:
		return c.cloud(ctx, l, in, step)
	}
	return fault.Newf(fault.Invalid, "Nothing can be asked of %s: its kind %q is not known here.", in.Name, in.Kind)
}

// keep writes how far a look came.
func (c *Collector) keep(ctx context.Context, l *Visit, cursor any) error {
	b, err := json.Marshal(cursor)
	if err != nil {
		return fmt.Errorf("write cursor: %w", err)
	}
	if string(b) == l.Cursor {
		return nil
	}
	l.Cursor = string(b)
	return c.Store.SaveVisit(ctx, *l)
}

func cursor[C any](l *Visit) (c C) {
	// A cursor of another version begins anew: looking twice is harmless.
	if json.Unmarshal([]byte(l.Cursor), &c) != nil {
		var empty C
		return empty
	}
	return c
}

// engineEntry is the audit entry of what a look found out by itself.
func (c *Collector) engineEntry(action, subject, summary string) audit.Entry {
	return audit.New(audit.Engine, c.Now(), action, subject, summary)
}
