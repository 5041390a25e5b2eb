package server

import "github.com/labstack/echo/v4"

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
	g.GET("/sign-in", s.showSignIn)
	g.POST("/sign-in", s.signIn)
	g.POST("/sign-out", s.signOut)
	g.GET("/welcome", s.showWelcome)
	g.POST("/welcome", s.welcome)
	g.POST("/theme", s.setTheme)
	g.GET("/metrics", s.showMetrics(), s.Bearer, s.required)
}
