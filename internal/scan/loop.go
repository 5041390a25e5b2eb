package scan

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/run"
)

// Intervals between looks.
const (
	serverEvery = time.Minute
	cloudEvery  = 5 * time.Minute
	bucketEvery = 15 * time.Minute
	mostPause   = 30 * time.Minute
)

// pause is the time until the next look: the interval of the kind, doubled
// with every failure, and up to a tenth more or less by the subject's name, so
// that many instances are not looked at in the same second.
func pause(every time.Duration, failures int, name string) time.Duration {
	d := min(every<<min(failures, 6), max(mostPause, every))
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return d + time.Duration(int64(d)/10*(int64(h.Sum32()%200)-100)/100)
}

func kindOf(ctx context.Context, endpoints endpoint.Store, s Subject) time.Duration {
	kind, id := s.parts()
	if kind == "bucket" {
		return bucketEvery
	}
	if in, err := endpoints.Instance(ctx, id); err == nil && in.Traits.Source {
		return serverEvery
	}
	return cloudEvery
}

// Loop looks at every instance and bucket in turn, a few at a time.
type Loop struct {
	Collector *Collector
	Parallel  int           // looks at once
	Every     time.Duration // how often it is seen what is due
	Limit     time.Duration // of one look; the next goes on
	Log       *slog.Logger
}

// Run looks until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	var looking sync.WaitGroup
	defer looking.Wait()
	var mu sync.Mutex
	busy := map[Subject]bool{}
	room := make(chan struct{}, l.Parallel)
	for ctx.Err() == nil {
		due, err := l.Collector.due(ctx)
		if err != nil && ctx.Err() == nil {
			l.Log.Error("see what is to be collected", "err", err)
		}
		for _, s := range due {
			mu.Lock()
			at := busy[s]
			busy[s] = true
			mu.Unlock()
			if at {
				continue
			}
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			looking.Go(func() {
				defer func() {
					mu.Lock()
					delete(busy, s)
					mu.Unlock()
					<-room
				}()
				limited, cancel := context.WithTimeout(ctx, l.Limit)
				defer cancel()
				if err := l.Collector.Scan(limited, s, nil); err != nil && ctx.Err() == nil {
					l.Log.Info("look for backups", "at", s, "err", err)
				}
			})
		}
		select {
		case <-ctx.Done():
		case <-time.After(l.Every):
		}
	}
}

// due lists what has not been looked at for long enough.
func (c *Collector) due(ctx context.Context) (out []Subject, err error) {
	looks, err := c.Store.Visits(ctx)
	if err != nil {
		return nil, err
	}
	next := map[Subject]time.Time{}
	for _, l := range looks {
		next[l.Subject] = l.Next
	}
	instances, err := c.Endpoints.Instances(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := c.Endpoints.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	now := c.Now()
	add := func(s Subject) {
		if !next[s].After(now) {
			out = append(out, s)
		}
	}
	for _, in := range instances {
		add(InstanceSubject(in.ID))
	}
	for _, b := range buckets {
		add(BucketSubject(b.ID))
	}
	return out, nil
}

// Watch notifies whenever a database becomes late, so that open pages
// show it: nothing is written at that moment, it only passes.
func Watch(ctx context.Context, c backup.Catalogue, notifier *run.Notifier, now func() time.Time) {
	changes, stop := notifier.Listen()
	defer stop()
	for ctx.Err() == nil {
		wait := time.Minute
		if at, err := c.NextLate(ctx, now()); err == nil && !at.IsZero() {
			wait = min(at.Sub(now()), time.Minute)
			if !at.After(now()) {
				wait = 0
			}
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-timer.C:
				if !at.After(now()) {
					notifier.Notify()
				}
			case <-changes:
				sleep(ctx, time.Second) // a busy store does not make this busy
			}
			timer.Stop()
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		case <-changes:
			sleep(ctx, time.Second)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
