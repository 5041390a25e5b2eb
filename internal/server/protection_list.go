package server

import (
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/web/templates"
)

// protectionList shows every database with its answer, those that are late
// longest first.
func (s *Server) protectionList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	show := c.QueryParam("show")
	f, err := protectionFilterOf(show)
	if err != nil {
		return view{}, err
	}
	f.InstanceID, f.After, f.Now, f.Limit = c.QueryParam("instance"), c.QueryParam("after"), z.Now, pageSize
	instances, err := s.instancesByID(ctx)
	if err != nil {
		return view{}, err
	}
	found, err := s.Catalogue.Protections(ctx, f)
	if err != nil {
		return view{}, err
	}
	t, err := s.Catalogue.Count(ctx, z.Now)
	if err != nil {
		return view{}, err
	}
	v := templates.Protections{Empty: templates.Empty{Title: "No database is in this list.", Text: "Every database of every instance appears under All once its server or service was looked at."}}
	counts := map[string]int{"": t.Databases, "late": t.Late, "unprotected": t.Unprotected, "broken": t.Broken}
	for _, tab := range protectionTabs {
		q := url.Values{"show": {tab.key}}
		one := templates.Tab{Label: tab.label, Count: counts[tab.key], Current: tab.key == show}
		if f.InstanceID != "" {
			q.Set("instance", f.InstanceID)
			one.Count = -1
		}
		one.Href = "/protection?" + q.Encode()
		v.Tabs = append(v.Tabs, one)
	}
	if f.InstanceID != "" {
		v.Under = "of " + firstOf(instanceName(instances[f.InstanceID]), f.InstanceID)
	}
	for _, p := range found {
		row := protectionRow(z, p, instances[p.InstanceID])
		if row.Badge.Tone != templates.ToneOK {
			row.Action = s.nextAction(p)
		}
		v.Rows = append(v.Rows, row)
	}
	q := url.Values{"show": {show}}
	if f.InstanceID != "" {
		q.Set("instance", f.InstanceID)
	}
	v.Pager.Ordered = true
	if f.After != "" {
		v.Pager.Newer = "/protection?" + q.Encode()
	}
	if len(found) == pageSize {
		q.Set("after", found[len(found)-1].Key())
		v.Pager.Older = "/protection?" + q.Encode()
	}
	return view{title: "Protection", section: "overview", live: v.Fragments(), page: func(fr templates.Frame) templ.Component { return templates.ProtectionsPage(fr, v) }}, nil
}
