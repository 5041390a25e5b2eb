// Package migrations is the pages of migrations: of one database and of waves, from files and
// from servers at work, from the first choice to the report.
package migrations

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the pages of migrations and waves.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
