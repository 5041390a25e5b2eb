package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Family is a family of pages.
type Family interface {
	// Routes adds its pages and what can be done on them.
	Routes(on Router)
}

// API answers programs.
type API interface {
	// Routes adds what programs can ask, under /api/v1.
	Routes(e *echo.Echo)
}

// Router takes the routes of a family. Only people who are signed in get
// through.
type Router struct {
	kit   *Kit
	group *echo.Group
}

// Get adds a page; its address asked as an event stream tells of its changes.
func (r Router) Get(path string, build func(echo.Context) (View, error)) {
	r.Add("GET", path, r.kit.Page(build))
}

// Post adds what can be done on a page.
func (r Router) Post(path string, h echo.HandlerFunc) { r.Add("POST", path, h) }

// Add adds any other route.
func (r Router) Add(method, path string, h echo.HandlerFunc) {
	r.group.Add(method, path, h, r.kit.required)
}

// routes are those of the kit itself: who is there, and the figures.
func (s *Kit) routes(g *echo.Group) {
	little := middleware.BodyLimit(maxStrangers)
	g.GET("/sign-in", s.showSignIn)
	g.POST("/sign-in", s.signIn, little)
	g.POST("/sign-out", s.signOut, little)
	g.GET("/welcome", s.showWelcome)
	g.POST("/welcome", s.welcome, little)
	g.POST("/theme", s.setTheme, little)
	g.GET("/unsent", s.Page(s.showUnsent), s.required)
	g.GET("/metrics", s.showMetrics(), s.Bearer, s.required)
}

// methods are those that any route of ours takes.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// Nowhere answers where no route is: 405 and what the address takes instead, or
// 404. The router would do so itself, were it not that a group with middleware
// catches what is below it.
func (s *Kit) Nowhere(c echo.Context) error {
	var takes []string
	other := c.Echo().AcquireContext()
	defer c.Echo().ReleaseContext(other)
	for _, m := range methods {
		other.Reset(c.Request(), nil)
		c.Echo().Router().Find(m, c.Request().URL.Path, other)
		if p := other.Path(); p != "" && !strings.HasSuffix(p, "/*") {
			takes = append(takes, m)
		}
	}
	if len(takes) == 0 {
		return echo.ErrNotFound
	}
	c.Response().Header().Set(echo.HeaderAllow, strings.Join(takes, ", "))
	return echo.ErrMethodNotAllowed
}
