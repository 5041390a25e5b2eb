package app

import (
	"context"
	"errors"

	"github.com/bakplane/bakplane/internal/audit"
)

// noteHead notes the newest audit entry beside the database and in the log:
// there it tells of entries cut off when both the database and its note were
// replaced by older ones, as it does beside the copies of the data folder.
func (a *App) noteHead(ctx context.Context) error {
	h, another, err := a.DB.NoteHead(ctx)
	var broken *audit.Broken
	if errors.As(err, &broken) {
		if a.broken.Swap(true) {
			return nil // said once; the Audit page says it all the time
		}
		return err
	}
	if err == nil && another {
		a.broken.Store(false)
		a.log.Info("newest audit entry", "seq", h.Seq, "hash", h.Hash.String())
	}
	if err == nil {
		err = a.farHead(ctx, h, a.config.Now())
	}
	if errors.As(err, &broken) && a.broken.Swap(true) {
		return nil
	}
	return err
}
