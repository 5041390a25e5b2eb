package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// zones remembers the time zones that browsers named.
type zones struct {
	mu    sync.Mutex
	named map[string]*time.Location
}

func (z *zones) load(name string) *time.Location {
	z.mu.Lock()
	defer z.mu.Unlock()
	if l, ok := z.named[name]; ok {
		return l
	}
	if name == "" || len(name) > 64 || len(z.named) > 1000 {
		return nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	if z.named == nil {
		z.named = map[string]*time.Location{}
	}
	z.named[name] = l
	return l
}

func cookie(c echo.Context, name string) string {
	k, err := c.Cookie(name)
	if err != nil {
		return ""
	}
	v, err := url.QueryUnescape(k.Value)
	if err != nil {
		return ""
	}
	return v
}

// Zone words times for the reader of this answer: in the zone their browser
// named, else in ours.
func (s *Kit) Zone(c echo.Context) kit.Zone {
	z := kit.Zone{Local: s.Config.Zone, Now: s.Now()}
	if l := s.zones.load(cookie(c, "zone")); l != nil {
		z.Local = l
	}
	return z
}

func (s *Kit) bareFrame(c echo.Context, title string) kit.Frame {
	z := s.Zone(c)
	clock := z.At(z.Now)
	clock.UTC = z.Now.UTC().Format("15:04")
	if clock.Local != "" {
		clock.Local = z.Now.In(z.Local).Format("15:04")
	}
	f := kit.Frame{Title: title, Theme: cookie(c, "theme"), Zone: z.Local.String(), Clock: clock, Assets: s.assets, Here: "/"}
	if c.Request().Method == http.MethodGet {
		f.Here = c.Request().URL.RequestURI()
	}
	return f
}

// signedOutFrame surrounds pages for people who are not signed in.
func (s *Kit) signedOutFrame(c echo.Context, title string) kit.Frame {
	return s.bareFrame(c, title)
}

// Frame surrounds pages for people who are signed in. stream is empty for
// pages that do not change by themselves.
func (s *Kit) Frame(c echo.Context, title, section, stream string) kit.Frame {
	f := s.bareFrame(c, title)
	ctx := c.Request().Context()
	p, _ := Who(c)
	f.Section, f.Stream, f.Who = section, stream, p.Person.Name
	f.Nav, f.Troubles = s.nav(ctx), s.banner()
	if p.Via == "web" && !wantsStream(c) && !partOnly(c) {
		if text := s.sessions.PopString(ctx, sessionNotice); text != "" {
			f.Notice = &kit.Notice{Tone: kit.Tone(s.sessions.PopString(ctx, sessionTone)), Text: text}
		}
	}
	return f
}

// nav is the rail with its counts; without an answer from the store it is the
// rail without counts, for a problem page must not need what is broken.
func (s *Kit) nav(ctx context.Context) []kit.NavItem {
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		s.Log.Error("count for the rail", "err", err)
	}
	runs, err := s.NeedRuns(ctx)
	if err != nil {
		s.Log.Error("count for the rail", "err", err)
	}
	needs := NeedCount(st, runs)
	jobs, err := s.Servers.Store.Counts(ctx, servermigration.Filter{})
	if err != nil {
		s.Log.Error("count for the rail", "err", err)
	}
	broken := jobs[servermigration.InError] + jobs[servermigration.Expired]
	items := []kit.NavItem{
		{Key: "overview", Label: "Overview", Href: "/", Count: needs, Tone: kit.ToneBad, CountWords: fmt.Sprintf("%d need a person", needs)},
		{Key: "instances", Label: "Instances", Href: "/instances"},
		{Key: "policies", Label: "Policies", Href: "/policies"},
		{Key: "sets", Label: "Backup sets", Href: "/sets"},
		{Key: "migrations", Label: "Migrations", Href: "/migrations", Count: len(st.Active), CountWords: fmt.Sprintf("%d on their way", len(st.Active))},
		{Key: "servers", Label: "Servers", Href: "/servers", Count: broken, Tone: kit.ToneBad, CountWords: fmt.Sprintf("%d jobs failed or expired", broken)},
		{Key: "storage", Label: "Storage", Href: "/storage"},
		{Key: "runs", Label: "Runs", Href: "/runs", Count: st.Running, CountWords: fmt.Sprintf("%d at work", st.Running)},
		{Key: "audit", Label: "Audit", Href: "/audit"},
		{Key: "settings", Label: "Settings", Href: "/settings"},
	}
	return items
}

// setTheme remembers the colours in a cookie, for browsers without script.
func (s *Kit) setTheme(c echo.Context) error {
	theme := c.FormValue("theme")
	if theme != "light" && theme != "dark" {
		theme = "system"
	}
	c.SetCookie(&http.Cookie{Name: "theme", Value: theme, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure}) // app.js reads and writes it
	back := LocalPath(c.FormValue("back"), "")
	if back == "" || strings.HasPrefix(back, "/theme") {
		back = "/"
	}
	return SeeOther(c, back)
}

// partOnly reports whether the browser asks for a part of a page that it shows
// already, such as a form that words itself: what is said once is for the whole
// page that comes.
func partOnly(c echo.Context) bool { return c.Request().Header.Get("HX-Request") != "" }
