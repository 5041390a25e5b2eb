package app

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite/sweep"
)

// keep is how long what is over is kept, with the limits of a large house.
func (c Config) keep() sweep.Keep {
	k := sweep.Limits
	k.RunDays, k.RemovedDays, k.AuditDays = c.KeepRuns, c.KeepRemoved, c.KeepAudit
	return k
}

// AuditFolder is where audit entries are exported to before they go.
func (c Config) AuditFolder() string { return cmp.Or(c.AuditTo, filepath.Join(c.Data, "audit")) }

// sweep lets go of what the database need not keep any more, and gives free
// pages back to the disk.
func (a *App) sweep(ctx context.Context) error {
	s := a.DB.Sweeper(a.config.keep())
	swept, err := s.Turn(ctx, a.config.Now())
	if swept != (sweep.Swept{}) {
		a.log.Info("let go of what is over", "runs", swept.Runs, "slots", swept.Slots, "records", swept.Records)
	}
	if err != nil {
		return err
	}
	if err := a.cutAudit(ctx); err != nil {
		return err
	}
	n, err := s.Free(ctx)
	if n > 0 {
		a.log.Info("gave free pages of the database back", "bytes", n)
	}
	return err
}

// cutAudit exports the oldest audit entries and then removes them. A trail that
// is broken is left as it is: the Audit page says so all the time.
func (a *App) cutAudit(ctx context.Context) error {
	k, now := a.config.keep(), a.config.Now()
	before := time.Time{}
	if k.AuditDays > 0 {
		before = now.AddDate(0, 0, -k.AuditDays).Truncate(24 * time.Hour) // a day at a time, not a file for each entry
	}
	for {
		n, err := a.DB.CutAudit(ctx, before, k.Audit, now, func(all []audit.Entry) (string, error) {
			return audit.Export(a.config.AuditFolder(), all)
		})
		var broken *audit.Broken
		if n == 0 || errors.As(err, &broken) {
			if broken != nil {
				return nil
			}
			return err
		}
		if err != nil {
			return err
		}
		a.log.Info("exported the oldest audit entries", "entries", n, "folder", a.config.AuditFolder())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// exported is how many files of audit entries lie in their folder.
func (a *App) exported() int {
	all, _ := os.ReadDir(a.config.AuditFolder()) // there is none before the first
	return len(all)
}
