// Package catalogue is the pages of what there is to restore from: backup sets, log backups,
// recovery windows, and how each database is protected.
package catalogue

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the pages of the catalogue.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
