package catalogue

import (
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// protectionList shows every database with its answer, those that are late
// longest first.
func (s *Pages) protectionList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	show := c.QueryParam("show")
	f, err := server.ProtectionFilterOf(show)
	if err != nil {
		return server.View{}, err
	}
	f.InstanceID, f.After, f.Now, f.Limit = c.QueryParam("instance"), c.QueryParam("after"), z.Now, server.PageSize
	instances, err := s.InstancesByID(ctx)
	if err != nil {
		return server.View{}, err
	}
	found, err := s.Catalogue.Protections(ctx, f)
	if err != nil {
		return server.View{}, err
	}
	t, err := s.Catalogue.Count(ctx, z.Now)
	if err != nil {
		return server.View{}, err
	}
	v := views.Protections{Empty: kit.Empty{Title: "No database is in this list.", Text: "Every database of every instance appears under All once its server or service was looked at."}}
	counts := map[string]int{"": t.Databases, "late": t.Late, "unprotected": t.Unprotected, "broken": t.Broken, "not-needed": t.Waived}
	for _, st := range t.States {
		counts["not-open"] += st.Databases
	}
	for _, tab := range server.ProtectionTabs {
		q := url.Values{"show": {tab.Key}}
		one := kit.Tab{Label: tab.Label, Count: counts[tab.Key], Current: tab.Key == show}
		if f.InstanceID != "" {
			q.Set("instance", f.InstanceID)
			one.Count = -1
		}
		one.Href = "/protection?" + q.Encode()
		v.Tabs = append(v.Tabs, one)
	}
	if f.InstanceID != "" {
		v.Under = "of " + server.FirstOf(instances[f.InstanceID].Label(), f.InstanceID)
	}
	for _, p := range found {
		row := server.ProtectionRow(z, p, instances[p.InstanceID])
		if row.Badge.Tone != kit.ToneOK {
			row.Action = s.NextAction(p)
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
	if len(found) == server.PageSize {
		q.Set("after", found[len(found)-1].Key())
		v.Pager.Older = "/protection?" + q.Encode()
	}
	return server.View{Title: "Protection", Section: "overview", Live: v.Fragments(), Page: func(fr kit.Frame) templ.Component { return views.ProtectionsPage(fr, v) }}, nil
}
