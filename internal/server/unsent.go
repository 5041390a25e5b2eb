package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates/kit"
)

const (
	sessionUnsent = "unsent"
	unsentMost    = 32 << 10 // bytes of a form that is kept
	unsentLasts   = time.Hour
)

// unsent is an order that came after its person's session had ended. It waits in
// what the browser's session carries until the same person signs in again.
type unsent struct {
	Path     string
	PersonID string
	At       time.Time
	Form     url.Values
	Secrets  []string // fields that were left out: they are typed again
}

// secretField reports whether a field may hold what must not be kept.
func secretField(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"password", "secret", "passphrase", "again", "old", "code", "key_pem"}, func(w string) bool { return strings.Contains(name, w) })
}

// keepUnsent keeps an order of a session that is over; false when nobody knows
// whose it was, or it is too large. Of strangers nothing is kept.
func (s *Kit) keepUnsent(c echo.Context) bool {
	ctx, r := c.Request().Context(), c.Request()
	id := s.sessions.GetString(ctx, sessionID)
	if id == "" || r.Header.Get("HX-Request") != "" {
		return false
	}
	p, _, err := s.People.PersonOfSession(ctx, id)
	if err != nil {
		return false
	}
	r.Body = http.MaxBytesReader(nil, r.Body, unsentMost)
	form, err := c.FormParams()
	if err != nil {
		return false
	}
	u := unsent{Path: r.URL.RequestURI(), PersonID: p.ID, At: s.Now(), Form: url.Values{}}
	for name, values := range form {
		if secretField(name) {
			u.Secrets = append(u.Secrets, name)
		} else if !r.URL.Query().Has(name) {
			u.Form[name] = values
		}
	}
	slices.Sort(u.Secrets)
	b, err := json.Marshal(u)
	if err != nil {
		return false
	}
	s.sessions.Put(ctx, sessionUnsent, string(b))
	return true
}

var errNothingUnsent = fault.New(fault.NotFound, "No order waits to be sent.", "It was sent, or more than an hour has passed. Give it again on its page.")

// showUnsent shows the order that waits, to be given again or let go.
func (s *Kit) showUnsent(c echo.Context) (View, error) {
	ctx := c.Request().Context()
	text := s.sessions.PopString(ctx, sessionUnsent)
	var u unsent
	if text == "" {
		return View{}, errNothingUnsent
	}
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		return View{}, errors.Join(errNothingUnsent, err)
	}
	who, _ := Who(c)
	if u.PersonID != who.Person.ID || s.Now().Sub(u.At).Abs() > unsentLasts || LocalPath(u.Path, "") == "" {
		return View{}, errNothingUnsent
	}
	v := kit.Decision{Title: "This order was not carried out", Crumbs: []kit.Link{{Text: "Overview", Href: "/"}, {Text: "Order"}},
		Intro: "Your session had ended when it came, " + s.Zone(c).Ago(u.At) + ". Nothing was done. Look whether it is still right, and give it again, or go on without it.",
		Form:  &kit.Form{Action: u.Path, Submit: "Give this order", Cancel: "/", Hidden: HiddenOf(u.Form), Danger: strings.Contains(u.Path, "remove")}}
	for _, h := range v.Form.Hidden {
		if h.Value != "" {
			v.Points = append(v.Points, fmt.Sprintf("%s: %s", h.Name, OneLine(h.Value, 200)))
		}
	}
	v.Calls = []kit.Call{{Title: "What your browser sent", Request: "POST " + Clip(u.Path, 300)}}
	for _, name := range u.Secrets {
		v.Form.Fields = append(v.Form.Fields, kit.Field{Name: name, Label: Capital(name) + ", which was not kept", Type: "password", Optional: true, Autocomplete: "off"})
	}
	return View{Title: v.Title, Section: "overview", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}, nil
}
