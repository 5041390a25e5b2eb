// Package sweep lets go of what the database need not keep any more: runs that
// ended, slots that were decided, and records of backup sets that are gone. It
// deletes a little at a time, so that no page and no writer waits for it, and
// gives free pages back to the disk while nothing is at work. The audit trail is
// cut by the store itself, which has the keys.
package sweep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Keep says how long what is over is kept. Days of 0 keep it for ever. The
// limits let go of the oldest before its days are over, so that a house with
// very many backups does not fill its disk; 0 = no limit.
type Keep struct {
	RunDays     int // runs that ended, with steps and events, and decided slots
	RemovedDays int // records of backup sets that are gone
	AuditDays   int // audit entries, which are exported before

	Runs    int // runs that succeeded
	Orders  int // backups of databases that those had to take
	Slots   int // decided slots
	Removed int // records of backup sets that are gone
	Audit   int // audit entries
}

// Limits are those of a house of 1,000 databases whose logs are backed up every
// quarter of an hour: with them its database stays below 2 GB.
var Limits = Keep{Runs: 200_000, Orders: 300_000, Slots: 500_000, Removed: 300_000, Audit: 1_000_000}

// Sweeper works on one database.
type Sweeper struct {
	Read  *sql.DB
	Write func(ctx context.Context, what string, f func(*sql.Tx) error) error // one transaction
	Keep  Keep
	Pause time.Duration // between two deletions, for others to write
}

// Swept is what one turn let go of.
type Swept struct{ Runs, Slots, Records int64 }

// Turn lets go of everything that is over at now.
func (s *Sweeper) Turn(ctx context.Context, now time.Time) (out Swept, err error) {
	for _, p := range []struct {
		count *int64
		begin func(context.Context, time.Time) (step, error)
	}{{&out.Runs, s.runs}, {&out.Slots, s.slots}, {&out.Records, s.records}} {
		next, err := p.begin(ctx, now)
		if err != nil {
			return out, err
		}
		for next != nil {
			n, more, err := next(ctx)
			if *p.count += n; err != nil {
				return out, err
			}
			if !more {
				break
			}
			select {
			case <-ctx.Done():
				return out, ctx.Err()
			case <-time.After(s.Pause):
			}
		}
	}
	return out, nil
}

// step is one small transaction; more says that another is worth it.
type step func(context.Context) (n int64, more bool, err error)

// before is the moment (µs) from before which rows go: so many days ago, or
// that of the row behind the newest most, whichever is later; 0 = none go. nth
// reads the moment of a row by its place from the newest.
func (s *Sweeper) before(ctx context.Context, now time.Time, days, most int, nth string) (before int64, err error) {
	if at, ok := since(now, days); ok {
		before = at.UnixMicro()
	}
	if most == 0 {
		return before, nil
	}
	var limit int64
	if err := s.Read.QueryRowContext(ctx, nth, most).Scan(&limit); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	return max(before, limit), nil
}

// strings reads one column of text.
func (s *Sweeper) strings(ctx context.Context, q string, args ...any) (out []string, err error) {
	rows, err := s.Read.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("look for what is over: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// since is the moment before which something is over; false = never.
func since(now time.Time, days int) (time.Time, bool) {
	return now.AddDate(0, 0, -days).UTC(), days > 0
}
