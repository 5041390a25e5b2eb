package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one INSERT of insertMany writes.
const rowsAtOnce = 100

// insertMany writes a row for each of all, many with one statement: head up to
// VALUES, tail behind the rows. With a RETURNING in the tail, each is called
// for every row that comes back.
func insertMany[T any](ctx context.Context, tx *sql.Tx, head, tail string, all []T, values func(T) []any, each func(*sql.Rows) error) error {
	var whole *sql.Stmt
	for chunk := range slices.Chunk(all, rowsAtOnce) {
		var args []any
		for _, v := range chunk {
			row := values(v)
			if args == nil {
				args = make([]any, 0, len(chunk)*len(row))
			}
			args = append(args, row...)
		}
		stmt := whole
		if stmt == nil || len(chunk) < rowsAtOnce {
			row := ` (?` + strings.Repeat(`,?`, len(args)/len(chunk)-1) + `)`
			var err error
			if stmt, err = tx.PrepareContext(ctx, head+row+strings.Repeat(`,`+row, len(chunk)-1)+tail); err != nil {
				return err
			}
			defer stmt.Close() // at most two: of whole chunks and of the last
			if len(chunk) == rowsAtOnce {
				whole = stmt
			}
		}
		if err := insertChunk(ctx, stmt, args, each); err != nil {
			return err
		}
	}
	return nil
}

func insertChunk(ctx context.Context, stmt *sql.Stmt, args []any, each func(*sql.Rows) error) error {
	if each == nil {
		_, err := stmt.ExecContext(ctx, args...)
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
