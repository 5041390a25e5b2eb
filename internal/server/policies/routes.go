package policies

import "github.com/bakplane/bakplane/internal/server"

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/instances/:id/policy", s.cloudShow)
	post("/instances/:id/policy", s.cloudSave)
	get("/instances/:id/policy/edit", s.cloudEdit)
	get("/instances/:id/policy/review", s.cloudReview)
	post("/instances/:id/policy/accept", s.cloudAccept)
	get("/instances/:id/policy/apply", s.cloudApplyAsk)
	post("/instances/:id/policy/apply", s.cloudApply)
	get("/instances/:id/policy/applied", s.cloudApplied)
	get("/instances/:id/policy/advanced", s.cloudAdvanced)
	get("/instances/:id/policy/advanced/review", s.cloudAdvancedReview)
	post("/instances/:id/policy/advanced", s.cloudAdvancedSave)

	get("/policies", s.list)
	get("/policies/new", s.create)
	get("/policies/review", s.review)
	post("/policies", s.save)
	get("/policies/left-over", s.leftovers)
	post("/policies/left-over/look", s.leftoversLook)
	get("/policies/left-over/:leftover", s.leftover)
	post("/policies/left-over/:leftover", s.leftoverClear)
	get("/policies/:id", s.show)
	post("/policies/:id", s.save)
	get("/policies/:id/edit", s.edit)
	get("/policies/:id/review", s.review)
	get("/policies/:id/rollback", s.rollBackAsk)
	post("/policies/:id/rollback", s.rollBack)
	get("/policies/:id/run", s.runAsk)
	post("/policies/:id/run", s.runOrder)
	get("/policies/:id/prune", s.pruneAsk)
	post("/policies/:id/prune", s.pruneOrder)
	post("/policies/:id/enable", s.switchTo(true))
	post("/policies/:id/disable", s.switchTo(false))
	get("/policies/:id/remove", s.removeAsk)
	post("/policies/:id/remove", s.removeOrder)
}
