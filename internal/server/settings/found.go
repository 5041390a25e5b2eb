package settings

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// listPatience bounds a look at what an account holds.
const listPatience = 30 * time.Second

// mostFound are shown of one sort.
const mostFound = 500

// accountFound shows what can be picked from an account's lists. Nothing is
// kept: it is asked anew each time.
func (s *Pages) accountFound(c echo.Context, k endpoint.AccountSpec) (server.View, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), listPatience)
	defer cancel()
	a, err := s.Endpoints.Account(ctx, c.Param("id"))
	if err := ofKind(err, string(a.Kind), k.Key, k.Thing); err != nil {
		return server.View{}, err
	}
	known, err := s.knownPlaces(ctx)
	if err != nil {
		return server.View{}, err
	}
	here := "/settings/" + k.Page + "/" + a.ID + "/found"
	v := views.Found{Title: "What " + a.Name + " holds", Crumbs: []kit.Link{{Text: "Settings", Href: "/settings#" + k.Page}, {Text: a.Name}},
		Again: kit.Action{Label: "Look again", Href: here}, Sorts: make([]views.FoundSort, len(k.Listers))}
	var all sync.WaitGroup
	for i, l := range k.Listers {
		all.Go(func() { v.Sorts[i] = s.sortOf(ctx, c, a, l, known) })
	}
	all.Wait()
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

func (s *Pages) sortOf(ctx context.Context, c echo.Context, a endpoint.Account, l endpoint.Lister, known map[string]bool) views.FoundSort {
	out := views.FoundSort{Title: l.What, Note: "asked just now", Empty: kit.Empty{Title: "There are none in " + a.Region + ".", Text: "Check the region of the account, and whose account it is."}}
	found, err := l.List(ctx, a)
	if err != nil {
		help := s.AskedInVain(c, err)
		if fault.Of(err) == fault.Unknown {
			help.Title = "They cannot be listed: " + help.Title
		}
		out.Problem = &help
		return out
	}
	slices.SortStableFunc(found, func(a, b endpoint.Found) int { return strings.Compare(a.Name, b.Name) })
	if len(found) > mostFound {
		out.Note = "the first 500 by name; type the others"
		found = found[:mostFound]
	}
	for _, f := range found {
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
