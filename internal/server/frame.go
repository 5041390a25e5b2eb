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

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
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

// zone words times for the reader of this answer: in the zone their browser
// named, else in ours.
func (s *Server) zone(c echo.Context) templates.Zone {
	z := templates.Zone{Local: s.cfg.Zone, Now: s.Now()}
	if l := s.zones.load(cookie(c, "zone")); l != nil {
		z.Local = l
	}
	return z
}

func (s *Server) bareFrame(c echo.Context, title string) templates.Frame {
	z := s.zone(c)
	clock := z.At(z.Now)
	clock.UTC = z.Now.UTC().Format("15:04")
	if clock.Local != "" {
		clock.Local = z.Now.In(z.Local).Format("15:04")
	}
	f := templates.Frame{Title: title, Theme: cookie(c, "theme"), Zone: z.Local.String(), Clock: clock, Assets: s.assets, Here: "/"}
	if c.Request().Method == http.MethodGet {
		f.Here = c.Request().URL.RequestURI()
	}
	return f
}

// signedOutFrame surrounds pages for people who are not signed in.
func (s *Server) signedOutFrame(c echo.Context, title string) templates.Frame {
	return s.bareFrame(c, title)
}

// frame surrounds pages for people who are signed in. stream is empty for
// pages that do not change by themselves.
func (s *Server) frame(c echo.Context, title, section, stream string) templates.Frame {
	f := s.bareFrame(c, title)
	ctx := c.Request().Context()
	p, _ := who(c)
	f.Section, f.Stream, f.Who = section, stream, p.person.Name
	f.Nav = s.nav(ctx)
	if p.via == "web" && !wantsStream(c) {
		if text := s.sessions.PopString(ctx, sessionNotice); text != "" {
			f.Notice = &templates.Notice{Tone: templates.Tone(s.sessions.PopString(ctx, sessionTone)), Text: text}
		}
	}
	return f
}

// standing counts what the rail and the overview tell of.
type activity struct {
	active  []migration.Summary // not ended
	needs   []migration.Summary // of these, those that stand still until a person acts
	running int                 // runs at work
}

// atWork are the stages of migrations that have not ended.
var atWork = []migration.Stage{migration.StagePreflight, migration.StageBackup, migration.StageUploading, migration.StageRestoring,
	migration.StageImporting, migration.StageFollowing, migration.StageCutover, migration.StageOpening, migration.StageChecking}

func (s *Server) activity(ctx context.Context) (st activity, err error) {
	if st.active, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: atWork, Limit: 500}); err != nil {
		return st, err
	}
	for _, m := range st.active {
		if m.RunState.NeedsPerson() {
			st.needs = append(st.needs, m)
		}
		if m.RunState == run.Running || m.RunState == run.Queued {
			st.running++
		}
	}
	return st, nil
}

// nav is the rail with its counts; without an answer from the store it is the
// rail without counts, for a problem page must not need what is broken.
func (s *Server) nav(ctx context.Context) []templates.NavItem {
	st, err := s.activity(ctx)
	if err != nil {
		s.Log.Error("count for the rail", "err", err)
	}
	items := []templates.NavItem{
		{Key: "overview", Label: "Overview", Href: "/", Count: len(st.needs), Tone: templates.ToneBad, CountWords: fmt.Sprintf("%d need a person", len(st.needs))},
		{Key: "instances", Label: "Instances", Href: "/instances"},
		{Key: "policies", Label: "Policies", Href: "/policies"},
		{Key: "sets", Label: "Backup sets", Href: "/sets"},
		{Key: "migrations", Label: "Migrations", Href: "/migrations", Count: len(st.active), CountWords: fmt.Sprintf("%d on their way", len(st.active))},
		{Key: "storage", Label: "Storage", Href: "/storage"},
		{Key: "runs", Label: "Runs", Href: "/runs", Count: st.running, CountWords: fmt.Sprintf("%d at work", st.running)},
		{Key: "audit", Label: "Audit", Href: "/audit"},
		{Key: "settings", Label: "Settings", Href: "/settings"},
	}
	return items
}

// setTheme remembers the colours in a cookie, for browsers without script.
func (s *Server) setTheme(c echo.Context) error {
	theme := c.FormValue("theme")
	if theme != "light" && theme != "dark" {
		theme = "system"
	}
	c.SetCookie(&http.Cookie{Name: "theme", Value: theme, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, Secure: s.cfg.Secure}) //nolint:gosec // app.js reads and writes it
	back := localPath(c.FormValue("back"), "")
	if back == "" || strings.HasPrefix(back, "/theme") {
		back = "/"
	}
	return seeOther(c, back)
}
