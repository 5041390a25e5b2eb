package backupjob

import (
	"context"
	"errors"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// start goes on with one database beside the others.
func (j *job) start(ctx context.Context, s Plan, o Order) {
	j.mu.Lock()
	j.pace.Busy[o.Ord] = true
	j.mu.Unlock()
	j.hands.Go(func() {
		err := j.through(ctx, s, o)
		j.mu.Lock()
		delete(j.pace.Busy, o.Ord)
		j.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			j.fail(err) // the store or the claim: nobody can go on
		}
		select {
		case j.ends <- struct{}{}:
		default:
		}
	})
}

// through takes one database as far as it goes.
func (j *job) through(ctx context.Context, s Plan, o Order) error {
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part := NextPart(s, o)
		var err error
		switch part {
		case PartReconcile:
			err = j.seek(ctx, s, &o)
		case PartBackUp:
			err = j.take(ctx, s, &o)
		case PartVerify:
			err = j.verify(ctx, s, &o)
		case PartLogs:
			err = j.copyLogs(ctx, s, &o)
		case PartCopy:
			if o.Logs != nil {
				err = j.copyLogsOn(ctx, s, &o)
			} else {
				err = j.copyOn(ctx, s, &o)
			}
		case PartGiveUp:
			return j.lost(ctx, o, fault.Newf(fault.Conflict, "The backup of %s was ordered %d times and never carried out.", o.Database, o.Attempts).
				WithFix("Look at the server's error log, then retry."))
		case PartDone:
			return j.done(ctx, o)
		}
		var noted *noteError
		switch {
		case err == nil:
			j.mu.Lock()
			j.progress = true
			j.mu.Unlock()
			if o.Ended() {
				return nil
			}
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &noted):
			return err
		case fault.Is(err, fault.Unavailable) && j.mayWait(s, o, part):
			j.later(o, err)
			return nil
		default:
			return j.lost(ctx, o, err)
		}
	}
}

// mayWait tells whether what does not answer now is asked again: a server
// while the window is open, a bucket for some hours.
func (j *job) mayWait(s Plan, o Order, part Part) bool {
	if part == PartCopy {
		return j.run.Tries < 60
	}
	return j.Now().Before(s.Until) || o.Unanswered() && j.run.Tries < 60
}

func (j *job) later(o Order, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pace.Later[o.Ord] = j.Now().Add(run.Backoff(j.run.Tries))
	j.waits = err
}
