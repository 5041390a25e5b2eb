// Package drafting makes what a person or a program asks for into a migration
// or a wave: it reads the request, looks up the places it names, plans, asks
// everybody concerned whether it can work, and starts it. Pages and the JSON
// API call it alike.
package drafting

import (
	"log/slog"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
)

// Drafting makes and starts migrations and waves.
type Drafting struct {
	Endpoints  endpoint.Store
	Kinds      endpoint.Kinds
	Migrations wave.Store
	Survey     *Survey
	Ports      migration.Ports
	Progress   *progress.Reader // tells what is on its way already
	Log        *slog.Logger
	Now        func() time.Time
	NewID      func() string // UUIDv7
}
