package schema

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// whole gives goose the steps whole: SQLite takes a file of many
// statements at once, and goose's own way of parting them takes 4 MiB for each
// line, which under the race detector is a second for every store. A step that
// must not be within a transaction stays with goose, which runs it on the one
// connection that it holds.
func whole(names []string) (options []goose.ProviderOption, err error) {
	var named []string
	var steps []*goose.Migration
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(string(text), "-- +goose NO TRANSACTION") {
			continue
		}
		number, err := stepOf(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, goose.NewGoMigration(number, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, string(text))
			return err
		}}, nil))
		named = append(named, name)
	}
	return []goose.ProviderOption{goose.WithExcludeNames(named), goose.WithGoMigrations(steps...)}, nil
}

// stepOf is the number a file of the schema begins with.
func stepOf(name string) (int64, error) {
	number, _, _ := strings.Cut(name, "_")
	step, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("schema file %s has no number: %w", name, err)
	}
	return step, nil
}
