// Package progress reads where migrations and waves stand: what the store has
// of them, and what their sources said a moment ago.
package progress

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
)

// Store keeps what is read: migrations, their waves and their comparisons.
type Store interface {
	wave.Store
	LastComparison(ctx context.Context, migrationID string) (*compare.Comparison, error)
}

// Reader reads migrations and waves as they stand.
type Reader struct {
	Endpoints  endpoint.Store
	Runs       run.Store
	Migrations Store
	Ports      migration.Ports
	Now        func() time.Time
	Glances    Glances
}
