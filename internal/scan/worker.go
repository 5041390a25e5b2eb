package scan

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunKind is the kind of runs that look; their subject is a Subject.
const RunKind = "collect"

// Worker carries out looks that a person ordered.
type Worker struct {
	Collector *Collector
	Runs      run.Store
}

var _ run.Worker = (*Worker)(nil)

// Work implements run.Worker. What is seen is in the catalogue page by page,
// so a run that begins again goes on behind the last one.
func (w *Worker) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	subject := Subject(r.Subject)
	kind, id := subject.parts()
	began := w.Collector.Now().UTC()
	if kind == "bucket" && r.Tries == 0 {
		if err := w.Collector.again(ctx, subject); err != nil {
			return run.Outcome{}, err
		}
	}
	steps := map[string]run.Step{}
	var noted time.Time
	note := func(force bool) error {
		if now := w.Collector.Now(); !force && now.Sub(noted) < time.Second {
			return nil
		}
		noted = w.Collector.Now()
		var list []run.Step
		for _, s := range steps {
			list = append(list, s)
		}
		return w.Runs.Note(ctx, g, run.Note{Steps: list})
	}
	var failed error
	err := w.Collector.Scan(ctx, subject, func(key string, title words.Text, done, total int64) {
		steps[key] = run.Step{Key: key, Title: title, State: run.StepActive, Started: began, Done: done, Total: total}
		if e := note(false); e != nil && failed == nil {
			failed = e
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return run.Outcome{}, err
	}
	for key, s := range steps {
		s.State, s.Finished = run.StepDone, w.Collector.Now().UTC()
		steps[key] = s
	}
	if err := note(true); err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{State: run.Succeeded, Message: words.Say("Looked at %s %s.", kind, id)}, nil
}

// again lets the next look walk through a bucket at once.
func (c *Collector) again(ctx context.Context, s Subject) error {
	l, err := c.Store.Visit(ctx, s)
	if err != nil {
		return err
	}
	at := cursor[bucketCursor](&l)
	if at.After != "" {
		return nil // a walk is under way: it goes on
	}
	at.Walked = time.Time{}
	return c.keep(ctx, &l, at)
}

// ScanNow queues a run that looks at a subject at once. A place that is not
// there, or no subject at all, is Invalid.
func ScanNow(ctx context.Context, s Store, places endpoint.Store, subject Subject, id string, who audit.Actor, at time.Time) error {
	var title words.Text
	var err error
	switch kind, of := subject.parts(); kind {
	case "bucket":
		var b endpoint.Bucket
		b, err = places.Bucket(ctx, of)
		title = words.Say("Look for backups in %s", b.Name)
	case "instance":
		var i endpoint.Instance
		i, err = places.Instance(ctx, of)
		title = words.Say("Look for backups of %s", i.Name)
	default:
		return fault.New(fault.Invalid, "Nothing to look at is chosen.", "Choose a bucket or an instance.")
	}
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "That place does not exist any more.", "Choose another.")
	}
	if err != nil {
		return err
	}
	return s.Order(ctx, run.Run{ID: id, Kind: RunKind, Subject: string(subject), Title: title, Created: at.UTC()},
		audit.New(who, at, "collect.look", string(subject), "Ordered a look for backups."))
}
