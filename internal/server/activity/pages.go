// Package activity is the pages of what is going on: the overview, the runs and
// the audit trail.
package activity

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the overview, runs and the audit trail.
type Pages struct {
	*server.Kit
	trail trail
}

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
