package settings

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
)

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/storage", s.storage)
	get("/storage/:id", s.storageFiles)
	on.Add("GET", "/storage/:id/migrate", s.storageMigrate)
	on.Add("GET", "/storage/:id/test", s.storageTested)
	post("/storage/:id/test", s.storageTest)
	get("/storage/:id/uploads/abort", s.uploadAskAbort)
	post("/storage/:id/uploads/abort", s.uploadAbort)

	get("/settings", s.settings)
	for _, k := range s.settingKinds() {
		kind := k.page
		get("/settings/"+kind+"/new", func(c echo.Context) (server.View, error) { return s.settingForm(c, k) })
		get("/settings/"+kind+"/:id", func(c echo.Context) (server.View, error) { return s.settingForm(c, k) })
		post("/settings/"+kind, func(c echo.Context) error { return s.settingSave(c, k) })
		post("/settings/"+kind+"/:id", func(c echo.Context) error { return s.settingSave(c, k) })
		get("/settings/"+kind+"/:id/remove", func(c echo.Context) (server.View, error) { return s.settingAskRemove(c, k) })
		post("/settings/"+kind+"/:id/remove", func(c echo.Context) error { return s.settingRemove(c, k) })
	}
	for _, k := range s.Kinds.Accounts {
		if len(k.Listers) > 0 {
			get("/settings/"+k.Page+"/:id/found", func(c echo.Context) (server.View, error) { return s.accountFound(c, k.Spec) })
		}
	}
	get("/settings/people/new", s.personForm)
	post("/settings/people", s.personAdd)
	get("/settings/people/:id/remove", s.personAskRemove)
	post("/settings/people/:id/remove", s.personRemove)
	get("/settings/password", s.passwordForm)
	post("/settings/password", s.passwordSet)
	post("/settings/sessions/:id/end", s.sessionEnd)
	post("/settings/tokens", s.tokenAdd)
	get("/settings/tokens/:id/remove", s.tokenAskRemove)
	post("/settings/tokens/:id/remove", s.tokenRemove)
}
