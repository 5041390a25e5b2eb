package fences

import "slices"

// families are those of the pages; each has its handlers in internal/server and
// its components in web/templates, under the same name.
var families = []string{"activity", "catalogue", "instances", "migrations", "policies", "servers", "settings"}

// site returns the fences inside the web server: a kit, families of pages over
// it that do not know one another, and the API, which knows no page.
func site(below []string) []Fence {
	web := slices.Concat(pure, []string{"github.com/labstack/echo/v4/...", "github.com/a-h/templ/..."})
	apart := []string{"database/sql/...", "os/exec"}
	out := []Fence{
		{
			Name: "the kit of the server imports the floors below and the kit of the templates", Packages: []string{"internal/server"},
			House:   slices.Concat(below, []string{"web/static", "web/templates/kit"}),
			Outside: slices.Concat(web, []string{"github.com/alexedwards/scs/v2/...", "github.com/prometheus/client_golang/..."}), Never: apart,
			Why: "every family of pages and the API stand on it; which store or cloud answers is decided in cmd",
		},
		{
			Name: "the API imports the kit and the floors below, and no page", Packages: []string{"internal/server/api"},
			House: slices.Concat(below, []string{"internal/server"}), Outside: web, Never: apart,
			Why: "what a program can do must not hang on how a page is drawn: both call the same use cases",
		},
		{
			Name: "one package puts kit, pages and API together", Packages: []string{"internal/server/site"}, House: []string{"internal/server/..."}, Never: apart,
			Why: "so that the kit knows none of them",
		},
		{
			Name: "the site for tests stands on everything", Packages: []string{"internal/server/servertest"}, House: []string{"internal/..."}, Outside: []string{"/..."},
			Why: "tests of every family meet the site as people do; nothing but tests imports it",
		},
		{
			Name: "the kit of the templates imports nothing of the house but how things are worded", Packages: []string{"web/templates/kit", "web/templates"}, House: []string{"internal/words"},
			Outside: []string{"github.com/a-h/templ/..."}, Never: slices.Concat(effects, []string{"os"}),
			Why: "components show plain views and call nothing: what a page says is decided before it is drawn",
		},
	}
	for _, name := range families {
		out = append(out, Fence{
			Name: "pages of " + name + " import the kits, their own components and the floors below", Packages: []string{"internal/server/" + name},
			House: slices.Concat(below, []string{"internal/server", "web/templates/kit", "web/templates/" + name}), Outside: web, Never: apart,
			Why: "families do not know one another: what two of them need is missing in the kit or downstairs",
		}, Fence{
			Name: "components of " + name + " import the kit of the templates", Packages: []string{"web/templates/" + name}, House: []string{"internal/words", "web/templates/kit"},
			Outside: []string{"github.com/a-h/templ/..."}, Never: slices.Concat(effects, []string{"os"}),
			Why: "what two families draw alike is a part of the kit",
		})
	}
	return out
}
