package sweep

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

const (
	pagesAtOnce = 256     // 1 MB
	freeAtLeast = 4 << 20 // bytes worth giving back
	freePart    = 5       // less than a fifth is used again soon
)

// Free gives free pages at the end of the file back to the disk, a megabyte at
// a time, when there are many and no run is at work. A database whose pages
// cannot be given back that way keeps them for what comes next.
func (s *Sweeper) Free(ctx context.Context) (bytes int64, err error) {
	for {
		var pages, free, size int64
		if err := s.Read.QueryRowContext(ctx, `SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)`).Scan(&pages, &free, &size); err != nil {
			return bytes, err
		}
		var busy bool
		if err := s.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM runs WHERE state = 'running')`).Scan(&busy); err != nil {
			return bytes, err
		}
		if busy || free*size < freeAtLeast || free*freePart < pages {
			return bytes, nil
		}
		err := s.Write(ctx, "give free pages back", func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(ctx, `PRAGMA incremental_vacuum(`+strconv.Itoa(pagesAtOnce)+`)`) // a page for each step
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		})
		if err != nil {
			return bytes, err
		}
		var left int64
		if err := s.Read.QueryRowContext(ctx, `SELECT page_count FROM pragma_page_count`).Scan(&left); err != nil {
			return bytes, err
		}
		if left >= pages {
			return bytes, nil
		}
		bytes += (pages - left) * size
		select {
		case <-ctx.Done():
			return bytes, ctx.Err()
		case <-time.After(s.Pause):
		}
	}
}
