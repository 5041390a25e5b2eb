package settings

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// accountFound shows what can be picked from an account's lists.
func (s *Pages) accountFound(c echo.Context, want endpoint.Spec[endpoint.Account]) (server.View, error) {
	a, k, held, err := s.Holds(c, c.Param("id"))
	if err := ofKind(err, k.Key, want.Key, want.Thing); err != nil {
		return server.View{}, err
	}
	known, err := s.knownPlaces(c.Request().Context())
	if err != nil {
		return server.View{}, err
	}
	here := "/settings/" + k.Page + "/" + a.ID + "/found"
	v := views.Found{Title: "What " + a.Name + " holds", Crumbs: []kit.Link{{Text: "Settings", Href: "/settings#" + k.Page}, {Text: a.Name}},
		Again: kit.Action{Label: "Look again", Href: here}}
	for _, l := range held {
		v.Sorts = append(v.Sorts, s.sortOf(c, a, l, known))
	}
	return server.View{Title: v.Title, Section: "settings", Page: func(f kit.Frame) templ.Component { return views.FoundPage(f, v) }}, nil
}

// knownPlaces are the hosts of instances and the names of buckets that were
// added already.
func (s *Pages) knownPlaces(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	instances, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range instances {
		out[hostKey(i.Host, strconv.Itoa(i.Port))] = true
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	for _, b := range buckets {
		out["bucket "+b.Bucket] = true
	}
	return out, err
}

// hostKey is an address as SQL clients reach it: port 1433 where none is said.
func hostKey(host, port string) string {
	if port == "" || port == "0" {
		port = "1433"
	}
	return "host " + strings.ToLower(host) + ":" + port
}

func (s *Pages) sortOf(c echo.Context, a endpoint.Account, l server.Listed, known map[string]bool) views.FoundSort {
	out := views.FoundSort{Title: l.What, Note: "asked just now", Empty: kit.Empty{Title: "There are none in " + a.Region + ".", Text: "Check the region of the account, and whose account it is."}}
	if l.Err != nil {
		help := s.AskedInVain(c, l.Err)
		if fault.Of(l.Err) == fault.Unknown {
			help.Title = "They cannot be listed: " + help.Title
		}
		out.Problem = &help
		return out
	}
	if l.More {
		out.Note = fmt.Sprintf("the first %d by name; type the others", len(l.Found))
	}
	for _, f := range l.Found {
		t := views.FoundThing{Name: f.Name, Action: kit.Action{Label: "Add", Href: addHref(f), Small: true}}
		if known[hostKey(f.Form["host"], f.Form["port"])] && f.Form["host"] != "" || known["bucket "+f.Form["bucket"]] && f.Form["bucket"] != "" {
			t.Badge, t.Action = kit.Badge{Text: "added", Tone: kit.ToneOK}, kit.Action{Label: "Settings", Href: "/settings#" + f.Page, Small: true}
		}
		for _, fact := range f.Facts {
			t.Facts = append(t.Facts, views.FoundFact{Name: fact.Name, Value: fact.Value.String()})
		}
		for _, n := range f.Notes {
			h := kit.Help{Title: n.Text.String(), Fix: n.Fix.String(), Tone: kit.ToneWarn}
			if n.Bad {
				h.Tone = kit.ToneBad
			}
			t.Notes = append(t.Notes, h)
		}
		out.Things = append(out.Things, t)
	}
	return out
}

// addHref is the form of its kind with what is known filled in.
func addHref(f endpoint.Found) string {
	q := url.Values{}
	for name, value := range f.Form {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/settings/" + f.Page + "/new?" + q.Encode()
}
