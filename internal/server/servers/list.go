package servers

import (
	"context"
	"fmt"
	"net/url"
	"slices"
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
	known, err := s.sources(ctx, z, watches, &v)
	if err != nil {
		return server.View{}, err
	}
	if err := s.jobs(c, known, &v); err != nil {
		return server.View{}, err
	}
	if len(watches) > 0 {
		v.Actions = []kit.Action{{Label: "Add source servers", Href: "/servers/" + watches[0].AccountID + "/tokens", Primary: true}}
		if v.NewWave, err = s.waveForm(ctx, known); err != nil {
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

// known are names by account and id.
type known struct {
	servers []servermigration.KeptServer
	names   map[[2]string]string
}

func (k known) name(accountID, id string) string { return k.names[[2]string{accountID, id}] }

// sources lists the servers of the accounts that are watched.
func (s *Pages) sources(ctx context.Context, z kit.Zone, watches []servermigration.Watched, v *views.List) (known, error) {
	k := known{names: map[[2]string]string{}}
	for _, w := range watches {
		found, err := s.Servers.Store.Servers(ctx, w.AccountID)
		if err != nil {
			return k, err
		}
		k.servers = append(k.servers, found...)
	}
	instances, err := s.InstancesByID(ctx)
	if err != nil {
		return k, err
	}
	for _, src := range k.servers {
		k.names[[2]string{src.AccountID, src.ID}] = label(src)
		if !src.Gone.IsZero() && src.InstanceID == "" {
			continue
		}
		row := views.ServerRow{Name: kit.Link{Text: label(src), Href: sourceHref(src.AccountID, src.ID)}, Under: under(src), Badge: serverBadge(src), Size: kit.Bytes(src.Size()).Text, Agent: src.Agent}
		if src.InstanceID != "" {
			row.Lives = kit.Link{Text: nameOf(instances, src.InstanceID), Href: "/instances/" + src.InstanceID}
		} else if i, ok := matching(instances, src.Server); ok {
			row.Lives = kit.Link{Text: i.Label() + "?", Href: sourceHref(src.AccountID, src.ID)}
		}
		if src.JobID != "" {
			if j, err := s.Servers.Store.Job(ctx, src.AccountID, src.JobID); err == nil {
				row.Job, row.JobPill = kit.Link{Text: j.Name, Href: jobHref(src.AccountID, j.ID)}, jobBadge(j.Job)
			}
		}
		v.Servers = append(v.Servers, row)
	}
	return k, nil
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
func matching(all map[string]endpoint.Instance, s servermigration.Server) (endpoint.Instance, bool) {
	var ids []string
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if s.Answers(all[id].Host) {
			return all[id], true
		}
	}
	return endpoint.Instance{}, false
}

// jobs lists jobs by state, with what needs somebody first.
func (s *Pages) jobs(c echo.Context, k known, v *views.List) error {
	ctx, z := c.Request().Context(), s.Zone(c)
	counts, err := s.Servers.Store.Counts(ctx, "")
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
	if at, err := time.Parse(time.RFC3339Nano, c.QueryParam("at")); err == nil {
		f.Before = servermigration.Key{Created: at, ID: c.QueryParam("before")}
		v.Pager.Newer = "/servers?" + url.Values{"jobs": {which}}.Encode()
	}
	found, err := s.Servers.Store.Jobs(ctx, f)
	if err != nil {
		return err
	}
	cost := 0
	for _, j := range found {
		v.Jobs = append(v.Jobs, s.jobRow(z, j, k.name(j.AccountID, j.SourceID)))
	}
	if n := len(found); n == server.PageSize {
		v.Pager.Older = "/servers?" + url.Values{"jobs": {which}, "before": {found[n-1].ID}, "at": {found[n-1].Created.Format(time.RFC3339Nano)}}.Encode()
	}
	live, err := s.Servers.Store.Jobs(ctx, servermigration.Filter{States: []servermigration.Status{servermigration.InError, servermigration.Expired, servermigration.Waiting, servermigration.Stopped, servermigration.Running}, Limit: 200})
	if err != nil {
		return err
	}
	for _, j := range live {
		for _, one := range servermigration.Costs(j.Job, j.Transition, nil) {
			if one.ID != "" {
				cost++
			}
		}
		if len(v.Needs) < 5 {
			if h, ok := s.needs(z, j); ok {
				v.Needs = append(v.Needs, h)
			}
		}
	}
	needs := counts[servermigration.InError] + counts[servermigration.Expired]
	v.Facts = []kit.Fact{{Label: "At work", Value: fmt.Sprint(counts[servermigration.Running]), Tone: server.ToneIf(counts[servermigration.Running] > 0, kit.ToneRun), Note: fmt.Sprintf("of at most %d at once in an account", servermigration.MostAtWork)},
		{Label: "Waiting for the next run", Value: fmt.Sprint(counts[servermigration.Waiting])},
		{Label: "Need a person", Value: fmt.Sprint(needs), Tone: server.ToneIf(needs > 0, kit.ToneBad)},
		{Label: "Intermediate instances that cost", Value: fmt.Sprint(cost), Note: "while a job runs, waits, is paused or has failed"}}
	return nil
}

// needs is what a person should look at about a job.
func (s *Pages) needs(z kit.Zone, j servermigration.KeptJob) (kit.Help, bool) {
	open := []kit.Action{{Label: "Open the job", Href: jobHref(j.AccountID, j.ID), Small: true}}
	switch valid, soon := servermigration.Validity(j.Job, z.Now); {
	case j.Status == servermigration.InError:
		r := explain.Of(servermigration.CauseOf(j.ErrorCode, j.ErrorText))
		return kit.Help{Title: j.Name + ": " + r.Title + ".", Cause: r.CauseText().String(), Fix: r.FixText().String(), Actions: open}, true
	case soon:
		return kit.Help{Tone: kit.ToneWarn, Title: j.Name + ": its validity ends.", Cause: valid.String(), Actions: open}, true
	}
	return kit.Help{}, false
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
