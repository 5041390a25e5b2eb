package server

import (
	"cmp"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Kit is what families of pages and the API have in common.
type Kit struct {
	Deps
	Config   Config
	Drafting *drafting.Drafting
	Progress *progress.Reader
	files    *static.Files
	assets   kit.Assets
	sessions *scs.SessionManager
	Limiter  *limiter
	metrics  *metrics
	zones    zones
	looks    looks
	peopled  atomic.Bool // somebody can sign in; never becomes false again
	streams  atomic.Int64
	refusals refusals
}

// New makes the kit.
func New(cfg Config, deps Deps) (*Kit, error) {
	files, err := static.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	cfg.Secure = cfg.Secure || cfg.PublicURL != nil && cfg.PublicURL.Scheme == "https"
	cfg.Sessions.Idle = cmp.Or(cfg.Sessions.Idle, 4*time.Hour)
	cfg.Sessions.Most = cmp.Or(cfg.Sessions.Most, 12*time.Hour)
	s := &Kit{Deps: deps, Config: cfg, files: files, sessions: newSessions(cfg, deps.Sessions), Limiter: newLimiter(deps.Now)}
	s.Progress = &progress.Reader{Endpoints: deps.Endpoints, Runs: deps.Runs, Migrations: deps.Migrations, Ports: deps.Ports, Now: deps.Now}
	s.Drafting = &drafting.Drafting{Endpoints: deps.Endpoints, Kinds: deps.Kinds, Migrations: deps.Migrations, Survey: deps.Survey, Ports: deps.Ports, Progress: s.Progress, Log: deps.Log, Now: deps.Now, NewID: deps.NewID}
	s.metrics = newMetrics(s)
	s.assets = kit.Assets{
		Pico: files.URL("pico.min.css"), CSS: files.URL("app.css"), HTMX: files.URL("htmx.min.js"), SSE: files.URL("htmx-ext-sse.min.js"),
		Morph: files.URL("idiomorph-ext.min.js"), JS: files.URL("app.js"), Icon: files.URL("icon.svg"),
		Plot: files.URL("uPlot.iife.min.js"), PlotCSS: files.URL("uPlot.min.css"), Chart: files.URL("chart.js"),
	}
	return s, nil
}

// Handler is the whole site: the kit's own routes, those of the API, and those
// of families of pages. Streams to browsers end with their request's context:
// give the http.Server a BaseContext that ends at shutdown.
func (s *Kit) Handler(api API, families ...Family) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = addresses(s.Config.TrustProxy)
	guard := http.NewCrossOriginProtection()
	if u := s.Config.PublicURL; u != nil {
		if err := guard.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			s.Log.Error("trust the public address", "err", err) // the configuration let nothing else through
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(errCrossOrigin, e.NewContext(r, w))
	}))
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.fail(err, e.NewContext(r, w)) }
	e.Use(s.observe, s.recover, securityHeaders(s.Config.Secure), hosts(s.Config.PublicURL), middleware.BodyLimit(maxBody), echo.WrapMiddleware(guard.Handler),
		middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1024, Skipper: func(c echo.Context) bool { return wantsStream(c) || c.Path() == "/metrics" }}))
	e.GET(static.Prefix+"*", echo.WrapHandler(s.files))
	e.HEAD(static.Prefix+"*", echo.WrapHandler(s.files))
	e.GET("/healthz", s.health)
	pages := e.Group("", echo.WrapMiddleware(s.LoadSession), s.recognise)
	s.routes(pages)
	for _, f := range families {
		f.Routes(Router{s, pages})
	}
	api.Routes(e)
	e.RouteNotFound("/*", s.Nowhere)
	pages.RouteNotFound("", s.Nowhere)
	pages.RouteNotFound("/*", s.Nowhere)
	return e
}
