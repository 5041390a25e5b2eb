package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// holdingsEvery is how often a service is asked what it holds of an instance: its
// log backups come every five minutes, and its API is asked for all instances of
// an account.
const holdingsEvery = 5 * time.Minute

// Holdings are what a service was last seen to hold, or why it could not be seen.
type Holdings struct {
	backup.Holdings
	Seen    time.Time // of the last look that went through; zero = none did
	Trouble words.Text
	Fix     words.Text
}

// holdings asks what the service of a server holds of its instance. A look that
// failed leaves what was known before, with its age: that is no reason to know
// less of backups. Without an account nothing is known.
func (c *Collector) holdings(ctx context.Context, at *serverCursor, instanceID string, server backup.Server) (backup.Held, error) {
	holder, ok := server.(backup.Holder)
	if !ok || c.Looks == nil {
		at.Held, at.Asked = backup.Held{}, time.Time{}
		return at.Held, nil
	}
	now := c.Now().UTC()
	if now.Sub(at.Asked) < holdingsEvery && !at.Asked.IsZero() {
		return at.Held, nil
	}
	var seen Holdings
	if _, err := c.Looks.LastLook(ctx, instanceID, backup.LookHoldings, &seen); err != nil {
		return at.Held, err
	}
	told, err := holder.Holdings(ctx)
	switch {
	case ctx.Err() != nil:
		return at.Held, context.Cause(ctx)
	case err != nil:
		seen.Trouble, seen.Fix = fault.Texts(err)
		if fault.Is(err, fault.NotFound) {
			seen = Holdings{Trouble: seen.Trouble, Fix: seen.Fix}
		}
		at.Held = seen.Held()
	default:
		seen = Holdings{Holdings: told, Seen: now}
		at.Held = told.Held()
	}
	at.Asked = now
	if err := c.Looks.KeepLook(ctx, instanceID, backup.LookHoldings, now, seen); err != nil {
		return at.Held, fmt.Errorf("keep what the service holds: %w", err)
	}
	return at.Held, nil
}
