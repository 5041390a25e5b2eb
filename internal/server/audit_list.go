package server

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/web/templates"
)

// auditList shows who did what, and whether the chain of entries is whole.
func (s *Server) auditList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	subject := c.QueryParam("subject")
	entries, err := s.Audit.AuditEntries(ctx, subject, max(before, 0), pageSize)
	if err != nil {
		return view{}, err
	}
	whole, err := s.wholeness(ctx, false)
	if err != nil {
		return view{}, err
	}
	v := templates.Audit{Verdict: whole.words(z), Check: templates.Action{Label: "Check from the first on", Href: "/audit/check", Post: true}}
	for _, e := range entries {
		v.Rows = append(v.Rows, templates.AuditRow{Seq: strconv.FormatInt(e.Seq, 10), When: z.At(e.At), Who: e.Actor.Name, From: strings.Trim(e.Actor.Via+" · "+e.Actor.Address, " ·"),
			Action: e.Action, Summary: e.Summary, Subject: subjectLink(e.Subject), Before: string(e.Before), After: string(e.After),
			Hash: e.Hash.String()[:12], HashAll: e.Hash.String(), Broken: whole.broken != nil && whole.broken.Seq == e.Seq})
	}
	q := ""
	if subject != "" {
		q = "&subject=" + subject
	}
	if len(entries) == pageSize {
		v.Pager.Older = fmt.Sprintf("/audit?before=%d%s", entries[len(entries)-1].Seq, q)
	}
	if before > 0 {
		v.Pager.Newer = "/audit?" + strings.TrimPrefix(q, "&")
	}
	return view{title: "Audit", section: "audit", page: func(f templates.Frame) templ.Component { return templates.AuditPage(f, v) }}, nil
}

// subjectLink leads to the thing an entry is about, where it has a page.
func subjectLink(subject string) templates.Link {
	kind, id, _ := strings.Cut(subject, "/")
	l := templates.Link{Text: kind}
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
