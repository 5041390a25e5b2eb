// Package policies is the pages of backup policies: our own, and those that a service in the
// cloud carries out.
package policies

import "github.com/bakplane/bakplane/internal/server"

// Pages answers for the pages of policies.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }
