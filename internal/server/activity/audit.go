package activity

import (
	"context"
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
	about, err := s.subjects(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Audit{Verdict: whole.Words(z), Check: kit.Action{Label: "Check from the first on", Href: "/audit/check", Post: true}}
	for _, e := range entries {
		v.Rows = append(v.Rows, views.AuditRow{Seq: strconv.FormatInt(e.Seq, 10), When: z.At(e.At), Who: e.Actor.Name, From: strings.Trim(e.Actor.Via+" · "+e.Actor.Address, " ·"),
			Action: e.Action, Summary: e.Summary, Subject: about.link(e.Subject), Before: string(e.Before), After: string(e.After),
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

// subjects know which things of the audit trail still have a page.
type subjects struct{ instances, buckets, accounts, policies map[string]string }

func (s *Pages) subjects(ctx context.Context) (out subjects, err error) {
	if out.instances, err = s.InstanceNames(ctx); err != nil {
		return out, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return out, err
	}
	accounts, err := s.Endpoints.Accounts(ctx)
	if err != nil {
		return out, err
	}
	policies, err := s.Policies.Policies(ctx)
	if err != nil {
		return out, err
	}
	out.buckets, out.accounts, out.policies = map[string]string{}, map[string]string{}, map[string]string{}
	for _, b := range buckets {
		out.buckets[b.ID] = b.Name
	}
	for _, a := range accounts {
		out.accounts[a.ID] = a.Name
	}
	for _, p := range policies {
		out.policies[p.ID] = p.Name
	}
	return out, nil
}

// link leads to the thing an entry is about; what has no page, or is gone, is
// named alone.
func (s subjects) link(subject string) kit.Link {
	kind, id, _ := strings.Cut(subject, "/")
	l := kit.Link{Text: kind}
	if id == "" {
		return l
	}
	there := func(of map[string]string, href string) {
		if name, ok := of[id]; ok {
			l = kit.Link{Text: kind + " " + name, Href: href + id}
		}
	}
	switch kind {
	case "migration":
		l.Href = "/migrations/" + id
	case "wave":
		l.Href = "/waves/" + id
	case "run":
		l.Href = "/runs/" + id
	case "set":
		l.Href = "/sets/" + id
	case "person":
		l.Href = "/settings#people"
	case "token":
		l.Href = "/settings#tokens"
	case "bucket":
		there(s.buckets, "/storage/")
	case "account":
		there(s.accounts, "/settings/accounts/")
	case "instance":
		there(s.instances, "/instances/")
	case "policy":
		there(s.policies, "/policies/")
	}
	return l
}
