package server

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// Editing saves endpoints for whoever asks.
func (s *Kit) Editing(c echo.Context) endpoint.Editor {
	return endpoint.Editor{Store: s.Endpoints, Kinds: s.Kinds, NewID: s.NewID, Entry: func(action, subject, summary string) audit.Entry { return s.Entry(c, action, subject, summary) }}
}
