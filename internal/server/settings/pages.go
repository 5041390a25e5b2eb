// Package settings is the pages where endpoints, people and tokens are kept, and of the places
// where backup files lie.
package settings

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the pages of settings and storage.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
