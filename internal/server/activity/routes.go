package activity

import (
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
)

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/", s.overview)

	get("/runs", s.runList)
	get("/runs/:id", s.runShow)
	post("/runs/:id/retry", s.runOrder(run.Queued))
	post("/runs/:id/cancel", s.runOrder(run.Canceled))

	get("/audit", s.auditList)
	post("/audit/check", s.auditCheck)
}
