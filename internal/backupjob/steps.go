package backupjob

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Keys of steps.
const (
	stepList  = "list"
	stepPrune = "prune"
)

func stepBackup(o Order) string { return fmt.Sprintf("source-backup/%d", o.Ord) }

func stepCopy(o Order) string { return fmt.Sprintf("copy/%d", o.Ord) }

// title words the taking of one backup.
func title(o Order) words.Text {
	switch {
	case o.Logs != nil:
		return words.Say("Copy log backups of %s", o.Database)
	case o.CopyOnly && o.Kind == backup.Log:
		return words.Say("Copy-only log backup of %s", o.Database)
	case o.CopyOnly:
		return words.Say("Copy-only full backup of %s", o.Database)
	case o.Kind == backup.Log:
		return words.Say("Log backup of %s", o.Database)
	case o.Kind == backup.Differential:
		return words.Say("Differential backup of %s", o.Database)
	}
	return words.Say("Full backup of %s", o.Database)
}

// percent saves a backup's progress at most once a second.
type percent struct {
	job  *job
	step run.Step

	mu    sync.Mutex
	last  time.Time
	marks marks
}

func (p *percent) set(ctx context.Context, percent float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.job.Now()
	if now.Sub(p.last) < time.Second {
		return
	}
	p.last = now
	done := int64(percent / 100 * float64(p.step.Total))
	// A save that fails is made up for by the next one.
	_ = p.job.Runs.Progress(ctx, p.job.claim, p.step.Key, done, p.step.Total, p.marks.rate(now, done))
}

// marks measure a rate over at most the last ten seconds.
type marks []mark

type mark struct {
	at   time.Time
	done int64
}

func (m *marks) rate(now time.Time, done int64) float64 {
	*m = append(*m, mark{now, done})
	for len(*m) > 2 && now.Sub((*m)[0].at) > 10*time.Second {
		*m = (*m)[1:]
	}
	first := (*m)[0]
	if span := now.Sub(first.at).Seconds(); span > 0 {
		return float64(done-first.done) / span
	}
	return 0
}

// meter saves the progress of bytes under way at most once a second, until it
// is stopped.
type meter struct {
	done, total atomic.Int64
	marks       marks
}

// set may be called from several goroutines.
func (m *meter) set(done, total int64) {
	m.done.Store(done)
	m.total.Store(total)
}

func (m *meter) run(ctx context.Context, runs run.Store, g run.Claim, step string, now func() time.Time) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				done := m.done.Load()
				_ = runs.Progress(ctx, g, step, done, m.total.Load(), m.marks.rate(now(), done))
			}
		}
	}()
	return func() { cancel(); <-ended }
}
