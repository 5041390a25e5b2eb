// Package api is the JSON API for programs: the use cases behind the pages,
// without the pages.
package api

import "github.com/bakplane/bakplane/internal/server"

// API answers programs.
type API struct{ *server.Kit }

// New makes the API.
func New(kit *server.Kit) *API { return &API{Kit: kit} }
