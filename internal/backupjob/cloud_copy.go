package backupjob

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// RunCopy is the kind of runs that copy a cloud's set into a bucket of ours.
const RunCopy = "copy"

// Downloads fetches what a link leads to. Errors are faults: Denied for a link
// that is refused or has expired, NotFound for what is gone, Unavailable for
// what may work later. Neither the link nor a part of it is ever in an error.
type Downloads interface {
	// Size tells how many bytes there are, and the ETag, which may be empty.
	Size(ctx context.Context, link secret.Text) (size int64, etag string, err error)
	// Open streams length bytes from offset.
	Open(ctx context.Context, link secret.Text, offset, length int64) (io.ReadCloser, error)
}

// copyRequest is one set on its way.
type copyRequest struct {
	RecordID string
	SetID    string
	BucketID string
	At       time.Time // when the set finished
}

type copyProgress struct{ Done bool }

// Copier drives runs of kind RunCopy, and sends one for every set that a rule
// wants.
type Copier struct {
	CloudKit
	Copies    CopyRules
	Downloads Downloads
}

var _ run.Worker = (*Copier)(nil)

// Copy orders a copy of one set of a cloud.
func (c *Copier) Copy(ctx context.Context, recordID, bucketID string, by By) (runID string, err error) {
	r, err := c.Catalogue.Record(ctx, recordID)
	if err != nil {
		return "", err
	}
	var wrong []Wrong
	if _, err := c.Ports.Bucket(ctx, bucketID); bucketID == "" || fault.Is(err, fault.NotFound) {
		wrong = append(wrong, Wrong{FieldBucket, words.Say("No bucket is chosen, or it does not exist any more."), words.Say("Choose one.")})
	} else if err != nil {
		return "", err
	}
	if why := uncopiable(r, bucketID); why != "" {
		wrong = append(wrong, Wrong{FieldSet, words.Plain(why), words.Say("Choose a physical backup set that is still kept.")})
	}
	if err := refusal(wrong); err != nil {
		return "", err
	}
	return c.order(ctx, r, bucketID, c.NewID, by)
}

// uncopiable says why a set cannot be copied to a bucket; empty = it can.
func uncopiable(r backup.Record, bucketID string) string {
	switch {
	case r.Cloud == nil || r.Set.Kind == backup.Log:
		return "It is not a data backup set of a cloud."
	case r.State != backup.Complete || !r.Gone.IsZero():
		return "It is not there any more, or not complete."
	case r.Cloud.Snapshot:
		return "A snapshot cannot be downloaded."
	}
	for _, c := range r.Copies {
		if c.BucketID == bucketID {
			return "It lies in that bucket already."
		}
	}
	return ""
}

func (c *Copier) order(ctx context.Context, r backup.Record, bucketID string, newID func() string, by By) (string, error) {
	in, err := c.Ports.Instance(ctx, r.InstanceID)
	if err != nil {
		return "", err
	}
	title := words.Say("Copy backup set %s of %s to a bucket", r.Cloud.ID, in.Name)
	e := by.entry("backup.copy-order", "set/"+r.ID, title.String()+".").With(nil, map[string]string{"bucket": bucketID})
	return send(ctx, c.Store, RunCopy, r.InstanceID, copyRequest{RecordID: r.ID, SetID: r.Cloud.ID, BucketID: bucketID, At: r.Cloud.Finished}, title, newID, e)
}

// once names the operation, so that the store refuses a second one of the name;
// the run's id is new.
func once(newID func() string, name string) func() string {
	first := true
	return func() string {
		if first {
			first = false
			return name
		}
		return newID()
	}
}

// Work implements run.Worker.
func (c *Copier) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j, err := pick[copyRequest, copyProgress](ctx, &c.Kit, r, g)
	if err != nil {
		return run.Outcome{}, err
	}
	alone, err := c.Limits.Enter(ctx, "copy "+j.request.BucketID+" "+j.request.SetID, 1)
	if err != nil {
		return run.Outcome{}, err
	}
	defer alone()
	record, err := c.Catalogue.Record(ctx, j.request.RecordID)
	if err != nil {
		return run.Outcome{}, err
	}
	for _, have := range record.Copies {
		if have.BucketID == j.request.BucketID {
			return run.Outcome{State: run.Succeeded, Message: words.Say("The set lies in the bucket.")}, nil
		}
	}
	in, err := c.Ports.Instance(ctx, j.instanceID)
	if err != nil {
		return run.Outcome{}, err
	}
	to, err := c.Ports.Bucket(ctx, j.request.BucketID)
	if err != nil {
		return run.Outcome{}, err
	}
	links := &links{copier: c, request: j.request, instanceID: j.instanceID, claim: g, id: j.id}
	all, err := links.fetch(ctx)
	if err != nil {
		return run.Outcome{}, err
	}
	leave, err := c.Limits.Enter(ctx, run.AtUploads, c.Rules.Uploads)
	if err != nil {
		return run.Outcome{}, err
	}
	defer leave()
	copied := backup.Copy{BucketID: j.request.BucketID}
	for i, l := range all {
		size, key, err := c.bring(ctx, j, in, record, to, links, l, i+1)
		if err != nil {
			return run.Outcome{}, err
		}
		copied.Keys, copied.Size = append(copied.Keys, key), copied.Size+size
	}
	copied.At = c.Now()
	record.Copies = append(record.Copies, copied)
	text := words.Say("Backup set %s lies in the bucket, %s.", j.request.SetID, words.Bytes(copied.Size))
	e := audit.New(audit.Engine, c.Now(), "backup.copy", "set/"+record.ID, text.String())
	if err := c.Catalogue.Put(ctx, []backup.Record{record}, e); err != nil {
		return run.Outcome{}, err
	}
	j.progress.Done = true
	return run.Outcome{State: run.Succeeded, Message: text}, j.note(ctx, Change{Events: event(c.Now(), "", run.Info, text)})
}

// bring streams one file into the bucket, resumably.
func (c *Copier) bring(ctx context.Context, j *operation[copyRequest, copyProgress], in endpoint.Instance, r backup.Record, to objectstore.Bucket, links *links, l backup.Link, ord int) (int64, string, error) {
	source := &linkSource{links: links, database: l.Database}
	var err error
	if source.size, source.etag, err = links.size(ctx, l.Database); err != nil {
		return 0, "", err
	}
	what, name := l.Database, path.Base(pathOf(l))
	if what == "" {
		what = "instance"
	}
	ending := path.Ext(name)
	if len(ending) < 2 || len(ending) > 6 {
		ending = ".bak"
	}
	key := BucketKey(in.Name, what, r.Set.Kind, plain(what, 60)+"_"+plain(j.request.SetID, 60)+ending)
	step := run.Step{Key: fmt.Sprintf("copy/%d", ord), Title: words.Say("Copy %s", what), State: run.StepActive, Started: c.Now(), Total: source.size, Unit: "bytes"}
	if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
		return 0, "", err
	}
	var m meter
	stop := m.run(ctx, c.Runs, j.claim, step.Key, c.Now)
	o, err := objectstore.Upload{Bucket: to, Key: key, Source: source, Ledger: c.Store.Ledger(j.claim, j.id, ord),
		Parallel: c.Upload.Parallel, PartSize: c.Upload.PartSize, Limit: c.Upload.Limit, Progress: m.set}.Run(ctx)
	stop()
	if err != nil {
		return 0, "", err
	}
	step.State, step.Finished, step.Done = run.StepDone, c.Now(), o.Size
	return o.Size, key, j.note(ctx, Change{Steps: []run.Step{step}})
}

// pathOf is the path of a link, without what makes it a secret.
func pathOf(l backup.Link) string {
	u, err := url.Parse(best(l).Reveal())
	if err != nil {
		return ""
	}
	return u.Path
}

// best is the link that reaches further.
func best(l backup.Link) secret.Text {
	if l.Public.Reveal() != "" {
		return l.Public
	}
	return l.Intranet
}
