// Package server is the face of the house: pages for people, a JSON API for
// programs, one stream of changes for each open page. It reads requests,
// calls use cases and words what they say; it decides nothing.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates"
)

// Config is what an administrator chooses.
type Config struct {
	Secure     bool           // people reach us over TLS: cookies say so
	TrustProxy []netip.Prefix // of reverse proxies in front of us, whose X-Forwarded-For is believed
	Zone       *time.Location // for local times until a browser names its own; nil = the machine's
	Version    string
	Caps       migration.Caps // as the worker keeps to them, to be shown
	Restores   int            // files in the hands of one instance, the same
}

// Deps is what the server needs of the rest of the house.
type Deps struct {
	Endpoints  endpoint.Store
	Kinds      endpoint.Kinds
	Runs       run.Store
	Migrations migration.Store
	Survey     *migration.Survey
	Ports      migration.Ports
	Clouds     Clouds
	Catalogue  backup.Catalogue
	Policies   policy.Store
	Copier     *backupjob.Copier // takes the orders about backups in clouds
	Pruner     *backupjob.Pruner
	Restoring  *backupjob.Restoring // of our own servers
	Scans      scan.Store
	// Collect asks an instance for its backups and puts them into the
	// catalogue; nil = nobody does.
	Collect func(ctx context.Context, instanceID string) error
	// Collected tells when an instance's backups were last listed; zero = never.
	Collected func(ctx context.Context, instanceID string) (time.Time, error)
	People    person.Store
	Audit     AuditLog
	Sessions  scs.CtxStore
	Notifier  *run.Notifier
	Log       *slog.Logger
	Now       func() time.Time
	NewID     func() string // UUIDv7
}

// AuditLog is the chain of entries.
type AuditLog interface {
	// AuditEntries returns at most limit entries numbered below before (0 =
	// newest), newest first; an empty subject means all.
	AuditEntries(ctx context.Context, subject string, before int64, limit int) ([]audit.Entry, error)
	// VerifyAudit walks the whole chain; a broken one is an *audit.Broken.
	VerifyAudit(ctx context.Context) (audit.Walk, error)
	// VerifyAuditFrom goes on where a walk ended.
	VerifyAuditFrom(ctx context.Context, w audit.Walk) (audit.Walk, error)
	// Record writes an entry about something that changes nothing else here.
	Record(ctx context.Context, e audit.Entry) error
}

// Server answers requests.
type Server struct {
	Deps
	cfg      Config
	files    *static.Files
	assets   templates.Assets
	sessions *scs.SessionManager
	limiter  *limiter
	metrics  *metrics
	zones    zones
	glances  glances
	trail    trail
	looks    looks
	peopled  atomic.Bool // somebody can sign in; never becomes false again
	streams  atomic.Int64
}

// New makes the handler of the whole site. Streams to browsers end with their
// request's context: give the http.Server a BaseContext that ends at shutdown.
func New(cfg Config, deps Deps) (http.Handler, error) {
	files, err := static.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	s := &Server{Deps: deps, cfg: cfg, files: files, sessions: newSessions(cfg, deps.Sessions), limiter: newLimiter(deps.Now)}
	s.metrics = newMetrics(s)
	s.assets = templates.Assets{
		Pico: files.URL("pico.min.css"), CSS: files.URL("app.css"), HTMX: files.URL("htmx.min.js"), SSE: files.URL("htmx-ext-sse.min.js"),
		Morph: files.URL("idiomorph-ext.min.js"), JS: files.URL("app.js"), Icon: files.URL("icon.svg"),
		Plot: files.URL("uPlot.iife.min.js"), PlotCSS: files.URL("uPlot.min.css"), Chart: files.URL("chart.js"),
	}
	return s.app(), nil
}

// maxBody bounds every request: forms are small, and files never come this way.
const maxBody = "1M"

func (s *Server) app() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = addresses(s.cfg.TrustProxy)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(errCrossOrigin, e.NewContext(r, w))
	}))
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.fail(err, e.NewContext(r, w)) }
	e.Use(s.observe, s.recover, securityHeaders(s.cfg.Secure), middleware.BodyLimit(maxBody), echo.WrapMiddleware(guard.Handler),
		middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1024, Skipper: func(c echo.Context) bool { return wantsStream(c) || c.Path() == "/metrics" }}))
	e.GET(static.Prefix+"*", echo.WrapHandler(s.files))
	e.HEAD(static.Prefix+"*", echo.WrapHandler(s.files))
	e.GET("/healthz", s.health)
	s.routePages(e.Group("", echo.WrapMiddleware(s.loadSession), s.recognise))
	s.routeAPI(e)
	return e
}
