package migrations

import "github.com/bakplane/bakplane/internal/server"

// Routes lists these pages and what can be done on them. A URL is a thing; a
// POST changes it and leads on.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
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
	get("/migrations/:id/bridge", s.gapDifferentialAsk)
	post("/migrations/:id/bridge", s.gapDifferentialOrder)
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
	get("/instances/:id/migrations", s.cloudMigrations)
}
