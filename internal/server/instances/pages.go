// Package instances is the pages of instances: what a server or a service in the cloud tells of
// itself, its tasks, and the backups and restores that are ordered there.
package instances

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the pages of instances.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
