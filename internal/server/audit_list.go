package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/dustin/go-humanize"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
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
	whole, err := s.verify(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Audit{Verdict: whole.words(z), Check: templates.Action{Label: "Check again", Href: "/audit"}}
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

// wholeness is what a walk over the chain of entries found.
type wholeness struct {
	entries int64
	head    audit.Hash
	broken  *audit.Broken
}

func (s *Server) verify(ctx context.Context) (w wholeness, err error) {
	walk, err := s.Audit.VerifyAudit(ctx)
	if err != nil && !errors.As(err, &w.broken) {
		return w, err
	}
	w.entries, w.head = walk.Seq, walk.Head
	return w, nil
}

func (w wholeness) words(z templates.Zone) templates.Help {
	if w.broken != nil {
		return templates.Help{Title: fmt.Sprintf("The chain is broken at entry %d.", w.broken.Seq), Cause: fmt.Sprintf("Entry %d %s. The %s before it are as they were written.", w.broken.Seq, w.broken.Why, templates.Count(int(w.entries), "entry", "entries")),
			Fix: "Somebody or something changed the database file outside of Bakplane. Keep a copy of it as it is, and compare it with your backups of the data folder."}
	}
	return templates.Help{Tone: templates.ToneOK, Title: fmt.Sprintf("The chain of %s entries is whole.", humanize.Comma(w.entries)),
		Cause: "Checked just now, from the first to the last. Newest hash " + w.head.String()[:16] + "…: noted elsewhere, it also shows entries cut off at the end."}
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
