package instances

import "github.com/bakplane/bakplane/internal/server"

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/instances", s.instanceList)
	get("/instances/:id", s.instanceShow)
	post("/instances/:id/look", s.cloudLook)
	get("/instances/:id/backup", s.backupAsk)
	post("/instances/:id/backup", s.backupOrder)
	get("/instances/:id/tasks", s.cloudTasks)
	get("/instances/:id/service-tasks", s.serviceTasks)
	post("/instances/:id/service-tasks/:task/cancel", s.cancelServiceTask)
	post("/instances/:id/compression", s.setCompression)
	get("/instances/:id/log-copies", s.logCopies)
	post("/instances/:id/log-copies/target", s.setLogTarget)
	get("/instances/:id/restore", s.restoreAsk)
	get("/instances/:id/restore/check", s.restoreCheck)
	post("/instances/:id/restore", s.restoreOrder)
}
