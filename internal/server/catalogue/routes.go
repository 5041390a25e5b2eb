package catalogue

import "github.com/bakplane/bakplane/internal/server"

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/protection", s.protectionList)
	get("/instances/:id/sets", s.setsList)
	get("/instances/:id/sets/:set", s.setShow)
	post("/instances/:id/sets/:set/links", s.setLinks)
	get("/instances/:id/sets/:set/extend", s.extendAsk)
	post("/instances/:id/sets/:set/extend", s.extendSet)
	get("/instances/:id/sets/:set/copy", s.copyAsk)
	post("/instances/:id/sets/:set/copy", s.copySet)
	get("/instances/:id/copies", s.copyRuleAsk)
	post("/instances/:id/copies", s.copyRuleSave)
	get("/instances/:id/logs", s.logsList)
	post("/instances/:id/logs/links", s.logLinks)

	get("/sets", s.catalogueList)
	get("/sets/collect", s.collectAsk)
	post("/sets/collect", s.collectOrder)
	on.Add("GET", "/sets/:id", s.catalogueSet)
	post("/sets/:id/pin", s.catalogueSetPin)

	get("/instances/:id/database", s.databaseShow)
	get("/instances/:id/database/backup", s.databaseBackupAsk)
	post("/instances/:id/database/backup", s.databaseBackupOrder)
	get("/instances/:id/database/waiver", s.databaseWaiverAsk)
	post("/instances/:id/database/waiver", s.databaseWaiverSave)
	get("/instances/:id/database/restore", s.databaseRestoreAsk)
	get("/instances/:id/database/restore/check", s.databaseRestoreCheck)
	post("/instances/:id/database/restore", s.databaseRestoreOrder)
}
