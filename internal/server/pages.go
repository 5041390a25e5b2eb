package server

import "github.com/labstack/echo/v4"

// routePages lists every page and what can be done on it. A URL is a thing; a
// POST changes it and leads on.
func (s *Server) routePages(g *echo.Group) {
	g.GET("/sign-in", s.showSignIn)
	g.POST("/sign-in", s.signIn)
	g.POST("/sign-out", s.signOut)
	g.GET("/welcome", s.showWelcome)
	g.POST("/welcome", s.welcome)
	g.POST("/theme", s.setTheme)

	in := func(method, path string, h echo.HandlerFunc) { g.Add(method, path, h, s.required) }
	get := func(path string, build func(echo.Context) (view, error)) { in("GET", path, s.page(build)) }
	post := func(path string, h echo.HandlerFunc) { in("POST", path, h) }

	get("/", s.overview)

	get("/migrations", s.migrationList)
	get("/migrations/new", s.pickFiles)
	get("/migrations/new/files", s.planFiles)
	get("/migrations/new/checks", s.preflight)
	post("/migrations", s.migrationStart)
	get("/migrations/new/live", s.pickLive)
	get("/migrations/new/live/checks", s.livePreflight)
	post("/migrations/live", s.liveStart)
	get("/instances/:id/remedies/:remedy", s.remedyAsk)
	post("/instances/:id/remedies/:remedy", s.remedyOrder)
	get("/migrations/:id", s.migrationShow)
	post("/migrations/:id/retry", s.migrationRetry)
	post("/migrations/:id/pause", s.migrationPause)
	post("/migrations/:id/resume", s.migrationResume)
	get("/migrations/:id/files", s.migrationFiles)
	post("/migrations/:id/files", s.migrationExtend)
	get("/migrations/:id/open", s.migrationAskOpen)
	post("/migrations/:id/open", s.migrationOpen)
	get("/migrations/:id/terminate", s.migrationAskTerminate)
	post("/migrations/:id/terminate", s.migrationTerminate)
	get("/migrations/:id/cutover", s.cutoverAsk)
	post("/migrations/:id/cutover", s.cutoverOrder)
	post("/migrations/:id/compare", s.migrationCompare)
	post("/migrations/:id/one-more", s.oneMoreOrder)
	get("/migrations/:id/abort", s.abortAsk)
	post("/migrations/:id/abort", s.abortOrder)
	get("/migrations/:id/details", s.migrationDetails)

	get("/waves", s.waveList)
	get("/waves/new", s.pickWave)
	get("/waves/new/checks", s.wavePreflight)
	post("/waves", s.waveStart)
	get("/waves/:id", s.waveShow)
	get("/waves/:id/cutover", s.waveCutoverAsk)
	post("/waves/:id/cutover", s.waveCutoverOrder)
	post("/waves/:id/rest", s.waveRestOrder)
	get("/waves/:id/abort", s.waveAbortAsk)
	post("/waves/:id/abort", s.waveAbortOrder)
	get("/waves/:id/order", s.waveOrderForm)
	post("/waves/:id/order", s.waveOrderSave)
	get("/waves/:id/report", s.waveReport)

	get("/instances", s.instanceList)
	get("/instances/:id", s.instanceShow)

	get("/storage", s.storage)
	get("/storage/:id", s.storageFiles)
	in("GET", "/storage/:id/migrate", s.storageMigrate)
	get("/storage/:id/uploads/abort", s.uploadAskAbort)
	post("/storage/:id/uploads/abort", s.uploadAbort)

	get("/runs", s.runList)
	get("/runs/:id", s.runShow)

	get("/audit", s.auditList)

	get("/settings", s.settings)
	for _, kind := range []string{"accounts", "instances", "servers", "buckets", "folders"} {
		k := settingKinds[kind]
		get("/settings/"+kind+"/new", func(c echo.Context) (view, error) { return s.settingForm(c, k) })
		get("/settings/"+kind+"/:id", func(c echo.Context) (view, error) { return s.settingForm(c, k) })
		post("/settings/"+kind, func(c echo.Context) error { return s.settingSave(c, k) })
		post("/settings/"+kind+"/:id", func(c echo.Context) error { return s.settingSave(c, k) })
		get("/settings/"+kind+"/:id/remove", func(c echo.Context) (view, error) { return s.settingAskRemove(c, k) })
		post("/settings/"+kind+"/:id/remove", func(c echo.Context) error { return s.settingRemove(c, k) })
	}
	get("/settings/people/new", s.personForm)
	post("/settings/people", s.personAdd)
	get("/settings/people/:id/remove", s.personAskRemove)
	post("/settings/people/:id/remove", s.personRemove)
	get("/settings/password", s.passwordForm)
	post("/settings/password", s.passwordSet)
	post("/settings/tokens", s.tokenAdd)
	get("/settings/tokens/:id/remove", s.tokenAskRemove)
	post("/settings/tokens/:id/remove", s.tokenRemove)

	g.GET("/metrics", s.showMetrics(), s.bearer, s.required)
}
