package backupjob

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// msdbGrain is how far the server's history cuts times down, and what two
// looks at a clock differ by.
const msdbGrain = 2 * time.Second

// sealed finds the set of an order whose files nobody here reads, as they are
// encrypted under a key of a cloud: the server's history knows it. It is the
// oldest one of the kind that began behind the order; of a database one backup is
// taken at a time, and a snapshot cannot come while it is.
func (j *job) sealed(ctx context.Context, s Plan, o Order, server backup.Server) ([]backup.HistoryRow, error) {
	info, err := server.Describe(ctx)
	if err != nil {
		return nil, err
	}
	since := o.Intended.Add(-msdbGrain)
	if !info.Now.IsZero() {
		since = since.Add(info.Now.Sub(j.Now())) // on the server's clock
	}
	rows, err := server.Recent(ctx, o.Database, 50)
	if err != nil {
		return nil, err
	}
	for i := len(rows) - 1; i >= 0; i-- {
		if r := rows[i]; r.Set.Kind == o.Kind && !r.Set.Started.Time().Before(since) && !r.Set.Snapshot {
			return []backup.HistoryRow{r}, nil
		}
	}
	return nil, nil
}
