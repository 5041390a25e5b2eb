package progress

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
)

const (
	glanceEvery = 10 * time.Second       // a source is asked at most this often, however many look
	glanceLasts = 5 * time.Second        // and for at most this long
	glanceWait  = 700 * time.Millisecond // a page waits for the answer at most this long
	glancesMost = 256                    // databases remembered
)

// glance is what a source said of one database, or of all.
type glance struct {
	At        time.Time // when it answered last; zero = never
	Databases []backup.Database
	Err       error // of the newest try
}

// Glances remember what sources said, so that pages that are looked at often
// do not ask them often. A page never waits long: when the answer is late it
// shows the one before.
type Glances struct {
	mu   sync.Mutex
	seen map[string]*glanced
}

type glanced struct {
	glance
	tried  time.Time
	asking chan struct{} // closed when the answer is there; nil = nobody asks
}

// Look returns the newest answer, asking when the last try is long enough ago.
func (g *Glances) Look(ctx context.Context, key string, now func() time.Time, ask func(context.Context) ([]backup.Database, error)) glance {
	g.mu.Lock()
	e := g.seen[key]
	if e == nil {
		g.forget()
		e = &glanced{}
		g.seen[key] = e
	}
	if e.asking == nil && now().Sub(e.tried) >= glanceEvery {
		e.tried, e.asking = now(), make(chan struct{})
		go g.ask(context.WithoutCancel(ctx), e, now, ask)
	}
	asking := e.asking
	g.mu.Unlock()
	if asking != nil {
		t := time.NewTimer(glanceWait)
		defer t.Stop()
		select {
		case <-asking:
		case <-t.C:
		case <-ctx.Done():
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return e.glance
}

func (g *Glances) ask(ctx context.Context, e *glanced, now func() time.Time, ask func(context.Context) ([]backup.Database, error)) {
	ctx, cancel := context.WithTimeout(ctx, glanceLasts)
	defer cancel()
	ds, err := ask(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.Err = err; err == nil {
		e.At, e.Databases = now(), ds
	}
	close(e.asking)
	e.asking = nil
}

// forget makes room: the entry that was tried longest ago goes.
func (g *Glances) forget() {
	if g.seen == nil {
		g.seen = map[string]*glanced{}
	}
	if len(g.seen) < glancesMost {
		return
	}
	oldest := ""
	for key, e := range g.seen {
		if oldest == "" || e.tried.Before(g.seen[oldest].tried) {
			oldest = key
		}
	}
	delete(g.seen, oldest)
}

// glanceAt tells what the source of a migration says of its database now.
func (s *Reader) glanceAt(ctx context.Context, m migration.Migration) glance {
	return s.Glances.Look(ctx, m.LiveSource.ServerID+"/"+m.SourceDatabase, s.Now, func(ctx context.Context) ([]backup.Database, error) {
		server, _, err := s.Ports.Server(ctx, m.LiveSource.ServerID)
		if err != nil {
			return nil, err
		}
		d, err := server.Database(ctx, m.SourceDatabase)
		return []backup.Database{d}, err
	})
}

// glanceAtAll tells what a source says now of the databases of a wave that are
// followed there: one question about all of them, then for each how much log it
// has written, which a server tells only one by one.
func (s *Reader) glanceAtAll(ctx context.Context, serverID, waveID string, rows []migration.Summary) glance {
	followed := map[string]bool{}
	for _, r := range rows {
		followed[r.Database] = true
	}
	return s.Glances.Look(ctx, fmt.Sprintf("%s/wave/%s/%d", serverID, waveID, len(rows)), s.Now, func(ctx context.Context) ([]backup.Database, error) {
		server, _, err := s.Ports.Server(ctx, serverID)
		if err != nil {
			return nil, err
		}
		all, err := server.Databases(ctx)
		if err != nil {
			return nil, err
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(4)
		for i, d := range all {
			if !followed[d.Name] || d.LogBytesSinceBackup >= 0 {
				continue
			}
			g.Go(func() error {
				one, err := server.Database(ctx, d.Name)
				if err == nil {
					all[i] = one
				}
				return nil // what one does not tell leaves the others as they are
			})
		}
		return all, g.Wait()
	})
}

// of is what was said of one database; false when nothing was.
func (g glance) of(name string) (backup.Database, bool) {
	for _, d := range g.Databases {
		if d.Name == name {
			return d, true
		}
	}
	return backup.Database{}, false
}
