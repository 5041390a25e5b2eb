package activity

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// auditList shows who did what, and whether the chain of entries is whole.
func (s *Pages) auditList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	subject := c.QueryParam("subject")
	entries, err := s.Audit.AuditEntries(ctx, subject, max(before, 0), server.PageSize)
	if err != nil {
		return server.View{}, err
	}
	whole, err := s.wholeness(ctx, false)
	if err != nil {
		return server.View{}, err
	}
	v := views.Audit{Verdict: whole.Words(z), Check: kit.Action{Label: "Check from the first on", Href: "/audit/check", Post: true}}
	for _, e := range entries {
		v.Rows = append(v.Rows, views.AuditRow{Seq: strconv.FormatInt(e.Seq, 10), When: z.At(e.At), Who: e.Actor.Name, From: strings.Trim(e.Actor.Via+" · "+e.Actor.Address, " ·"),
			Action: e.Action, Summary: e.Summary, Subject: subjectLink(e.Subject), Before: string(e.Before), After: string(e.After),
			Hash: e.Hash.String()[:12], HashAll: e.Hash.String(), Broken: whole.Broken != nil && whole.Broken.Seq == e.Seq})
	}
	q := ""
	if subject != "" {
		q = "&subject=" + subject
	}
	if len(entries) == server.PageSize {
		v.Pager.Older = fmt.Sprintf("/audit?before=%d%s", entries[len(entries)-1].Seq, q)
	}
	if before > 0 {
		v.Pager.Newer = "/audit?" + strings.TrimPrefix(q, "&")
	}
	return server.View{Title: "Audit", Section: "audit", Page: func(f kit.Frame) templ.Component { return views.AuditPage(f, v) }}, nil
}

// subjectLink leads to the thing an entry is about, where it has a page.
func subjectLink(subject string) kit.Link {
	kind, id, _ := strings.Cut(subject, "/")
	l := kit.Link{Text: kind}
	switch kind {
	case "migration":
		l.Href = "/migrations/" + id
	case "run":
		l.Href = "/runs/" + id
	case "bucket":
		l.Href = "/storage/" + id
	case "account":
		l.Href = "/settings/accounts/" + id
	case "instance":
		l.Href = "/settings/instances/" + id
	}
	return l
}
