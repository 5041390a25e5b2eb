package servers

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

var jobTabs = []struct {
	key, label string
	states     []servermigration.Status
}{
	{"", "All", nil},
	{"work", "At work", []servermigration.Status{servermigration.Running, servermigration.Deleting}},
	{"waiting", "Waiting", []servermigration.Status{servermigration.Waiting, servermigration.Ready, servermigration.Stopped}},
	{"needs", "Need a person", []servermigration.Status{servermigration.InError, servermigration.Expired}},
	{"over", "Over", []servermigration.Status{servermigration.Finished, servermigration.Gone}},
}

// list shows source servers and their jobs, over all accounts that are watched.
func (s *Pages) list(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	v := views.List{Empty: kit.Empty{Title: "No source server yet.", Text: "Whole servers move by Server Migration Center: its agent is installed on the source with an activation code, and the server appears here."},
		NoJobs: kit.Empty{Title: "No jobs here.", Text: "A job copies a source server into an image or an instance, once or again and again. Choose a source server below."}}
	watches, err := s.Servers.Store.Watches(ctx)
	if err != nil {
		return server.View{}, err
	}
	if err := s.accounts(ctx, z, watches, &v); err != nil {
		return server.View{}, err
	}
	if err := s.sources(c, &v); err != nil {
		return server.View{}, err
	}
	if err := s.jobs(c, &v); err != nil {
		return server.View{}, err
	}
	if len(watches) > 0 {
		v.Actions = []kit.Action{{Label: "Add source servers", Href: "/servers/" + watches[0].AccountID + "/tokens", Primary: true}}
		if v.NewWave, err = s.waveForm(ctx); err != nil {
			return server.View{}, err
		}
	}
	waves, err := s.Servers.Store.Waves(ctx, 20)
	if err != nil {
		return server.View{}, err
	}
	for _, w := range waves {
		v.Waves = append(v.Waves, kit.Link{Text: w.Name, Href: "/servers/waves/" + w.ID})
	}
	return server.View{Title: "Servers", Section: "servers", Live: []kit.Fragment{{ID: "servers", Component: views.ListBody(v)}}, Page: func(f kit.Frame) templ.Component { return views.ListPage(f, v) }}, nil
}

// accounts says how old what is shown is, and offers those that are not watched.
func (s *Pages) accounts(ctx context.Context, z kit.Zone, watches []servermigration.Watched, v *views.List) error {
	all, err := s.Endpoints.Accounts(ctx)
	if err != nil {
		return err
	}
	watched := map[string]servermigration.Watched{}
	for _, w := range watches {
		watched[w.AccountID] = w
	}
	choose := kit.Field{Name: "account", Label: "Account", Type: "select"}
	for _, a := range all {
		if k, err := s.Kinds.Account(a.Kind); err != nil || !k.Servers {
			continue
		}
		w, ok := watched[a.ID]
		if !ok {
			choose.Options = append(choose.Options, kit.Option{Value: a.ID, Label: a.Name})
			continue
		}
		row := views.Account{Name: a.Name, Age: "not looked at yet", Actions: []kit.Action{{Label: "Look now", Href: "/servers/" + a.ID + "/look", Post: true, Small: true},
			{Label: "Stop looking", Href: "/servers/" + a.ID + "/unwatch", Post: true, Small: true}}}
		if !w.Good.IsZero() {
			row.Age = "as the service told it " + z.Ago(w.Good)
		}
		if !w.Why.IsZero() {
			row.Trouble = &kit.Help{Tone: kit.ToneWarn, Title: w.Why.String(), Cause: "The look " + z.Ago(w.Tried) + " failed; what stands below is older.", Fix: w.Fix.String()}
		}
		v.Accounts = append(v.Accounts, row)
	}
	if len(choose.Options) > 0 {
		v.Choose = &kit.Form{Action: "/servers/watch", Submit: "Look at its servers", Fields: []kit.Field{choose}}
	}
	if len(v.Accounts) == 0 {
		v.Empty.Title, v.Empty.Text = "No account is looked at yet.", "Choose an account of Alibaba Cloud below; its RAM user needs AliyunSMCFullAccess."
		if v.Choose == nil {
			v.Empty.Text = "Add an account of Alibaba Cloud first; its RAM user needs AliyunSMCFullAccess."
			v.Empty.Actions = []kit.Action{{Label: "Add an account", Href: "/settings"}}
		}
	}
	return nil
}

// sources lists a page of the servers of the accounts that are watched.
func (s *Pages) sources(c echo.Context, v *views.List) error {
	ctx := c.Request().Context()
	f := servermigration.ServerFilter{Limit: server.PageSize}
	if id := c.QueryParam("after"); id != "" {
		f.After = servermigration.ServerKey{Gone: c.QueryParam("gone") != "", AccountID: c.QueryParam("of"), ID: id}
		v.ServerPager.Newer = "/servers"
	}
	found, err := s.Servers.Store.Servers(ctx, f)
	if err != nil {
		return err
	}
	instances, err := s.InstancesByID(ctx)
	if err != nil {
		return err
	}
	inOrder := instancesInOrder(instances)
	for _, src := range found {
		row := views.ServerRow{Name: kit.Link{Text: label(src), Href: sourceHref(src.AccountID, src.ID)}, Under: under(src), Badge: serverBadge(src), Size: kit.Bytes(src.Size()).Text, Agent: src.Agent}
		if src.InstanceID != "" {
			row.Lives = kit.Link{Text: nameOf(instances, src.InstanceID), Href: "/instances/" + src.InstanceID}
		} else if i, ok := matching(inOrder, src.Server); ok {
			row.Lives = kit.Link{Text: i.Label() + "?", Href: sourceHref(src.AccountID, src.ID)}
		}
		if src.Last != nil {
			row.Job, row.JobPill = kit.Link{Text: src.Last.Name, Href: jobHref(src.AccountID, src.Last.ID)}, jobBadge(*src.Last)
		}
		v.Servers = append(v.Servers, row)
	}
	v.ServerPager.Ordered = true
	if n := len(found); n == server.PageSize {
		k := found[n-1].Key()
		v.ServerPager.Older = "/servers?" + url.Values{"after": {k.ID}, "of": {k.AccountID}, "gone": {server.Flag(k.Gone)}}.Encode()
	}
	return nil
}

func label(k servermigration.KeptServer) string { return server.FirstOf(k.Name, k.Host, k.ID) }

func under(k servermigration.KeptServer) string {
	out := k.Platform
	if len(k.Addresses) > 0 {
		out = k.Addresses[0] + " · " + out
	}
	return out
}

func nameOf(all map[string]endpoint.Instance, id string) string {
	if i, ok := all[id]; ok {
		return i.Label()
	}
	return "an instance that was removed"
}

// matching finds the instance that may live on a source server, by address or
// name; a person confirms it.
func matching(inOrder []endpoint.Instance, s servermigration.Server) (endpoint.Instance, bool) {
	for _, i := range inOrder {
		if s.Answers(i.Host) {
			return i, true
		}
	}
	return endpoint.Instance{}, false
}

// jobs lists jobs by state, with what needs somebody first.
func (s *Pages) jobs(c echo.Context, v *views.List) error {
	ctx, z := c.Request().Context(), s.Zone(c)
	counts, err := s.Servers.Store.Counts(ctx, servermigration.Filter{})
	if err != nil {
		return err
	}
	which, f := c.QueryParam("jobs"), servermigration.Filter{Limit: server.PageSize}
	for _, t := range jobTabs {
		n := 0
		for _, st := range t.states {
			n += counts[st]
		}
		if t.states == nil {
			n = -1
		}
		v.Tabs = append(v.Tabs, kit.Tab{Label: t.label, Href: "/servers?jobs=" + t.key, Count: n, Current: t.key == which})
		if t.key == which {
			f.States = t.states
		}
	}
	if f.Before = pageOf(c); f.Before.ID != "" {
		v.Pager.Newer = "/servers?" + url.Values{"jobs": {which}}.Encode()
	}
	found, err := s.Servers.Store.Jobs(ctx, f)
	if err != nil {
		return err
	}
	for _, j := range found {
		v.Jobs = append(v.Jobs, s.jobRow(z, j))
	}
	if n := len(found); n == server.PageSize {
		next := nextPage(found[n-1])
		next.Set("jobs", which)
		v.Pager.Older = "/servers?" + next.Encode()
	}
	if err := s.needing(ctx, z, v); err != nil {
		return err
	}
	cost, err := s.Servers.Store.Costly(ctx)
	if err != nil {
		return err
	}
	needs := counts[servermigration.InError] + counts[servermigration.Expired]
	v.Facts = []kit.Fact{{Label: "At work", Value: fmt.Sprint(counts[servermigration.Running]), Tone: server.ToneIf(counts[servermigration.Running] > 0, kit.ToneRun), Note: fmt.Sprintf("of at most %d at once in an account", servermigration.MostAtWork)},
		{Label: "Waiting for the next run", Value: fmt.Sprint(counts[servermigration.Waiting])},
		{Label: "Need a person", Value: fmt.Sprint(needs), Tone: server.ToneIf(needs > 0, kit.ToneBad)},
		{Label: "Intermediate instances that cost", Value: fmt.Sprint(cost), Note: "while a job runs, waits, is paused or has failed"}}
	return nil
}

// pageOf is behind which job a page of a list begins; the zero key is the newest.
func pageOf(c echo.Context) servermigration.Key {
	at, err := time.Parse(time.RFC3339Nano, c.QueryParam("at"))
	if err != nil {
		return servermigration.Key{}
	}
	return servermigration.Key{Created: at, ID: c.QueryParam("before")}
}

// nextPage is the part of an address that pageOf reads.
func nextPage(last servermigration.KeptJob) url.Values {
	return url.Values{"before": {last.ID}, "at": {last.Created.Format(time.RFC3339Nano)}}
}

// needsShown is how many jobs that need somebody stand above the list.
const needsShown = 5

// needing puts the jobs that failed above the list, then those whose validity
// ends soon.
func (s *Pages) needing(ctx context.Context, z kit.Zone, v *views.List) error {
	for _, f := range []servermigration.Filter{
		{States: []servermigration.Status{servermigration.InError, servermigration.Expired}, Limit: needsShown},
		{States: []servermigration.Status{servermigration.Waiting, servermigration.Stopped, servermigration.Ready}, EndsBefore: z.Now.Add(servermigration.EndsSoon), Limit: needsShown},
	} {
		found, err := s.Servers.Store.Jobs(ctx, f)
		if err != nil {
			return err
		}
		for _, j := range found {
			if len(v.Needs) < needsShown {
				v.Needs = append(v.Needs, needs(z, j))
			}
		}
	}
	return nil
}

// needs is why a person should look at a job.
func needs(z kit.Zone, j servermigration.KeptJob) kit.Help {
	open := []kit.Action{{Label: "Open the job", Href: jobHref(j.AccountID, j.ID), Small: true}}
	if j.Status == servermigration.InError {
		r := explain.Of(servermigration.CauseOf(j.ErrorCode, j.ErrorText))
		return kit.Help{Title: j.Name + ": " + r.Title + ".", Cause: r.CauseText().String(), Fix: r.FixText().String(), Actions: open}
	}
	valid, _ := servermigration.Validity(j.Job, z.Now)
	return kit.Help{Tone: kit.ToneWarn, Title: j.Name + ": its validity ends.", Cause: valid.String(), Actions: open}
}

// watch begins to look at an account.
func (s *Pages) watch(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := s.named(ctx, c.FormValue("account"))
	if err != nil {
		return err
	}
	if err := s.Servers.Store.Watch(ctx, a.ID, true, s.Entry(c, "server.watch", "account/"+a.ID, "Looks at the source servers of "+a.Name+".")); err != nil {
		return err
	}
	s.lookNow(c, a.ID)
	return server.SeeOther(c, "/servers")
}

func (s *Pages) unwatch(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := s.named(ctx, c.Param("account"))
	if err != nil {
		return err
	}
	if err := s.Servers.Store.Watch(ctx, a.ID, false, s.Entry(c, "server.watch", "account/"+a.ID, "Does not look at the source servers of "+a.Name+" any more.")); err != nil {
		return err
	}
	return server.SeeOther(c, "/servers")
}

func (s *Pages) look(c echo.Context) error {
	a, err := s.named(c.Request().Context(), c.Param("account"))
	if err != nil {
		return err
	}
	s.lookNow(c, a.ID)
	return server.SeeOther(c, server.FirstOf(server.LocalPath(c.Request().Referer(), c.Request().Host), "/servers"))
}

// lookNow looks, for as long as somebody waits for a page, and tells how it went.
func (s *Pages) lookNow(c echo.Context, accountID string) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	if err := s.LookServers(ctx, accountID); err != nil {
		_, message, fix := server.WordsOf(err)
		s.Say(c, kit.ToneBad, server.WithFix(message, fix))
		return
	}
	s.Say(c, kit.ToneOK, "The service was asked.")
}
