package smc

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/fault"
)

// pageSize is the most rows of a page, and the most ids of a call.
const pageSize = 50

// maxPages bounds a walk, should a service always send more: an account has at
// most 1,000 jobs and 1,000 sources unless it asked for more.
const maxPages = 400

// fetch reads one page of rows, of all or of those named, and how many there
// are on all pages.
type fetch[T any] func(ctx context.Context, ids []string, page int) (rows []T, total int, err error)

// walk reads all pages. Rows that come and go meanwhile shift the others from
// page to page, so a list that is not whole is read again.
func walk[T any](ctx context.Context, what string, ids []string, read fetch[T], idOf func(T) string) ([]T, error) {
	if len(ids) > 0 {
		var out []T
		for some := range slices.Chunk(ids, pageSize) {
			rows, _, err := read(ctx, some, 1)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				if slices.Contains(some, idOf(r)) { // one that ignores the filter is not believed
					out = append(out, r)
				}
			}
		}
		return out, nil
	}
	for range 3 {
		out, whole, err := once(ctx, read, idOf)
		if err != nil || whole {
			return out, err
		}
	}
	return nil, fault.Newf(fault.Unavailable, "The list of %s changed each time while it was read.", what).WithFix("It is read again by itself.")
}

func once[T any](ctx context.Context, read fetch[T], idOf func(T) string) (out []T, whole bool, err error) {
	seen, first := map[string]bool{}, 0
	for page := 1; page <= maxPages; page++ {
		rows, total, err := read(ctx, nil, page)
		if err != nil {
			return nil, false, err
		}
		if page == 1 {
			first = total
		} else if total != first {
			return nil, false, nil
		}
		fresh := 0
		for _, r := range rows {
			if id := idOf(r); !seen[id] {
				seen[id] = true
				out = append(out, r)
				fresh++
			}
		}
		if fresh == 0 || len(out) >= total && total > 0 || len(rows) < pageSize {
			break
		}
	}
	return out, len(out) >= first, nil
}
