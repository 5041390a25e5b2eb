package servers

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

// told is everything that the page of a job is made of.
type told struct {
	servermigration.KeptJob
	source servermigration.KeptServer
	facts  servermigration.Facts
	orders []servermigration.Order
	ticks  []servermigration.Tick
}

func (s *Pages) toldOf(ctx context.Context, accountID, id string) (t told, err error) {
	if t.KeptJob, err = s.Servers.Store.Job(ctx, accountID, id); err != nil {
		return t, err
	}
	if t.facts, err = s.Servers.Facts(ctx, t.KeptJob); err != nil {
		return t, err
	}
	if t.facts.Server != nil {
		if t.source, err = s.Servers.Store.Server(ctx, accountID, t.SourceID); err != nil {
			return t, err
		}
	}
	if t.orders, err = s.Servers.Store.Orders(ctx, accountID, id, "", 100); err != nil {
		return t, err
	}
	t.ticks, err = s.Servers.Store.Ticks(ctx, accountID, id)
	return t, err
}

// going is the order that is at work about the job; nil = none.
func (t told) going() *servermigration.Order {
	for i, o := range t.orders {
		if o.Going() {
			return &t.orders[i]
		}
	}
	return nil
}

// job shows one job.
func (s *Pages) job(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	t, err := s.toldOf(ctx, c.Param("account"), c.Param("job"))
	if err != nil {
		return server.View{}, err
	}
	here := jobHref(t.AccountID, t.ID)
	v := views.Job{Name: t.Name, Under: t.Target.Words().String() + " in " + t.Region, Badge: jobBadge(t.Job), Crumbs: crumbs(kit.Link{Text: server.FirstOf(label(t.source), t.SourceID), Href: sourceHref(t.AccountID, t.SourceID)}, kit.Link{Text: t.Name})}
	if t.WaveID != "" {
		v.Actions = []kit.Action{{Label: "Its wave", Href: "/servers/waves/" + t.WaveID}}
	}
	v.Age = "As the service told it " + z.Ago(t.Looked) + "."
	if t.Status == servermigration.Gone {
		v.Age = "The service has not listed it since " + z.At(t.Looked).UTC + " UTC; this is what was known of it."
	}
	var pace servermigration.Pace
	v.Progress, pace = progress(t.KeptJob, z.Now)
	v.Phase = t.PhaseNote().String()
	if pace.Left > 0 {
		v.How = "The estimate is made " + pace.How.String() + ". Progress spans all phases of a run and is not of bytes."
	}
	v.Helps = s.jobHelps(z, t, pace)
	v.Facts = s.jobFacts(z, t)
	v.Picture = cyclesPicture(t, z.Now)
	v.Images = images(z, t, here)
	for _, cost := range servermigration.Costs(t.Job, t.Transition, t.orders) {
		v.Costs = append(v.Costs, views.Cost{What: cost.What.String(), ID: cost.ID, Until: cost.Until.String(), Since: z.At(cost.Since)})
	}
	v.NoCosts = "Nothing that is known here."
	s.offers(t, here, &v)
	database := t.source.InstanceID != ""
	v.Before = s.checklist(z, t, "Before it is completed", "Completing cannot be undone: each line is ticked by whoever made it true.", servermigration.BeforeComplete(t.source.Server, database))
	if t.Status == servermigration.Finished || t.Status == servermigration.Gone {
		v.Before = s.checklist(z, t, "After the move", "What the service does not do.", servermigration.AfterMove(t.source.Server, database))
	} else if _, made := t.Last(); made {
		after := s.checklist(z, t, "After the move", "What the service does not do.", servermigration.AfterMove(t.source.Server, database))
		v.After = &after
	}
	v.Pairs = jobPairs(z, t)
	v.Orders = s.orderRows(c, t.orders)
	for i, o := range t.orders {
		if o.What == servermigration.Try && o.Made != "" && !servermigration.Released(t.orders, o.Made) {
			v.Orders[i].Action = &kit.Action{Label: "Release it", Href: here + "/release?order=" + o.ID, Small: true, Danger: true}
		}
		if left := servermigration.LeftBehind(o); len(left) > 0 && !o.Finished.IsZero() {
			for _, l := range left {
				v.Orders[i].Text += " " + l.String()
			}
		}
	}
	happened, err := s.Servers.Store.Happened(ctx, t.AccountID, t.ID, 100)
	if err != nil {
		return server.View{}, err
	}
	for i, h := range happened {
		v.Happened = append(v.Happened, kit.Event{ID: int64(len(happened) - i), Text: h.Text.String(), When: z.Clock(h.At)})
	}
	return server.View{Title: v.Name, Section: "servers", Live: []kit.Fragment{{ID: "job-head", Component: views.JobHead(v)}, {ID: "job", Component: views.JobBody(v)}, {ID: "job-side", Component: views.JobSide(v)}},
		Page: func(f kit.Frame) templ.Component { return views.JobPage(f, v) }}, nil
}

// jobHelps is what a person should know first.
func (s *Pages) jobHelps(z kit.Zone, t told, pace servermigration.Pace) (out []kit.Help) {
	here := jobHref(t.AccountID, t.ID)
	if t.Status == servermigration.InError {
		r := explain.Of(servermigration.CauseOf(t.ErrorCode, t.ErrorText))
		h := kit.Help{Title: server.Capital(r.Title) + ".", Said: strings.TrimSpace(t.ErrorCode + " " + t.ErrorText), Cause: r.CauseText().String(), Fix: r.FixText().String(), Actions: []kit.Action{{Label: "Try again", Href: here + "/retry"}}}
		if v := servermigration.Allowed(servermigration.Retry, t.facts); !v.OK && !v.Later {
			h.Actions[0] = kit.Action{Label: "Delete the job", Href: here + "/delete"}
			h.Fix = server.WithFix(v.Why.String(), v.Fix.String())
		}
		out = append(out, h)
	}
	if t.facts.Server != nil && !t.facts.Server.Online() && t.Status.Unfinished() {
		r := explain.Of("smc-agent")
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "The source server is " + t.facts.Server.Words().String() + ".", Cause: r.CauseText().String(), Fix: r.FixText().String()})
	}
	if said := servermigration.Standstill(t.Job, t.facts.Server, pace); !said.IsZero() {
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "Possible cause of a standstill.", Cause: said.String()})
	}
	if !t.Status.Known() {
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "The service tells a state that is not known here: " + string(t.Status) + ".", Fix: "Look at the job in the console. The report of a drill is there, too: the API tells none."})
	}
	if text, soon := servermigration.Validity(t.Job, z.Now); soon && t.Status.Unfinished() {
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: text.String()})
	}
	if t.Transition == servermigration.Missing && t.Status.Unfinished() && t.Status != servermigration.InError {
		out = append(out, kit.Help{Title: "The intermediate instance " + t.TransitionID + " does not exist any more.", Cause: "Somebody released it; the next synchronisation will fail.", Fix: "Complete with the last image, or delete the job and make a new one."})
	}
	return out
}

func (s *Pages) jobFacts(z kit.Zone, t told) (out []kit.Fact) {
	last, made := t.Last()
	f := kit.Fact{Label: "Newest image", Value: "none", Words: true}
	if made {
		f = kit.Fact{Label: "Newest image holds the server as of", Value: z.At(last.Start).UTC + " UTC", Note: z.Ago(last.Start), Words: true, Title: z.At(last.Start).Exact}
	}
	out = append(out, f)
	switch next := servermigration.NextSync(t.Job); {
	case !next.IsZero() && next.Before(z.Now):
		out = append(out, kit.Fact{Label: "Next synchronisation", Value: "due", Note: "expected " + z.At(next).UTC + " UTC; the service tells no time", Words: true})
	case !next.IsZero():
		note := fmt.Sprintf("expected: %d h after the end of the last", cmp.Or(t.Until, t.Every))
		if t.Until > 0 {
			note += fmt.Sprintf("; the changed interval of %d h counts after it", t.Every)
		}
		out = append(out, kit.Fact{Label: "Next synchronisation", Value: "in " + kit.Span(next.Sub(z.Now).Round(time.Minute)), Note: note, Words: true, Title: z.At(next).Exact})
	case !t.Once && t.Status == servermigration.Running:
		out = append(out, kit.Fact{Label: "Next synchronisation", Value: fmt.Sprintf("%d h after this one", t.Every), Words: true})
	}
	if took, n := servermigration.Takes(t.Job); n > 0 {
		out = append(out, kit.Fact{Label: "A synchronisation takes", Value: kit.Span(took.Round(time.Minute)), Note: fmt.Sprintf("the middle of the last %d", n), Words: true})
	}
	if text, soon := servermigration.Validity(t.Job, z.Now); !text.IsZero() {
		value := "not told"
		if !t.ValidTill.IsZero() {
			value = z.At(t.ValidTill).UTC + " UTC"
		}
		out = append(out, kit.Fact{Label: "Valid until", Value: value, Note: text.String(), Words: true, Tone: server.ToneIf(soon, kit.ToneWarn)})
	}
	return out
}

// offers are the buttons, or why there are none.
func (s *Pages) offers(t told, here string, v *views.Job) {
	busy := t.going()
	for i, o := range servermigration.Offers(t.facts) {
		a := kit.Action{Label: o.What.Title().String(), Href: here + "/" + string(o.What), Danger: !o.What.Undone(), Primary: i == 0 && o.OK && o.What.Undone(), Small: true}
		row := views.Offer{Action: a}
		switch {
		case busy != nil && o.What != servermigration.Verify && o.What != servermigration.Try:
			row.Action.Off, row.Why = "Another order goes on.", "Another order goes on: "+busy.What.Title().String()+"."
		case !o.OK && !o.Later:
			row.Action.Off = o.Why.String()
			row.Why = server.WithFix(o.Why.String(), o.Fix.String())
		case !o.Why.IsZero():
			row.Why = o.Why.String()
		}
		v.Offers = append(v.Offers, row)
	}
}

func (s *Pages) checklist(z kit.Zone, t told, title, intro string, items []servermigration.Item) views.Checklist {
	out := views.Checklist{Title: title, Intro: intro, Action: "/servers/" + t.AccountID + "/ticks/" + t.ID}
	for _, i := range items {
		row := views.CheckItem{Key: i.Key, Text: i.Text.String()}
		for _, tick := range t.ticks {
			if tick.Item == i.Key {
				row.By = tick.By + ", " + z.At(tick.At).UTC + " UTC"
			}
		}
		out.Items = append(out.Items, row)
	}
	return out
}

func jobPairs(z kit.Zone, t told) []kit.Pair {
	every := "once"
	if !t.Once {
		every = fmt.Sprintf("every %d h, %d images kept", t.Every, t.Keep)
	}
	return []kit.Pair{{Key: "Id", Value: t.ID}, {Key: "Runs", Value: every}, {Key: "Network", Value: strings.TrimSpace(t.Network.Words().String() + " " + t.VPC + " " + t.VSwitch)}, {Key: "Image name", Value: t.ImageName}, {Key: "Target instance", Value: t.InstanceID},
		{Key: "Intermediate instance", Value: t.TransitionID, Badge: presence(t)}, {Key: "Made", When: z.At(t.Created)}, {Key: "First run set for", When: z.At(t.Scheduled)}, {Key: "Started", When: z.At(t.Started)}, {Key: "Ended", When: z.At(t.Ended)}}
}

func presence(t told) kit.Badge {
	if t.TransitionID == "" {
		return kit.Badge{}
	}
	switch t.Transition {
	case servermigration.There:
		return kit.Badge{Text: "exists", Tone: kit.ToneWarn}
	case servermigration.Missing:
		return kit.Badge{Text: "released", Tone: kit.ToneBad}
	}
	return kit.Badge{Text: "not looked at"}
}

// images are what runs made, newest first.
func images(z kit.Zone, t told, here string) (out []views.Image) {
	drop, drops := servermigration.DropsNext(t.Job, servermigration.Tried(t.orders))
	used := servermigration.Tried(t.orders)
	kept := map[string]bool{}
	for _, c := range servermigration.Kept(t.Job, used) {
		kept[c.ImageID] = true
	}
	for i := len(t.Cycles) - 1; i >= 0; i-- {
		cycle := t.Cycles[i]
		if cycle.End.IsZero() {
			continue
		}
		row := views.Image{ID: cycle.ImageID, Made: z.At(cycle.End), Took: kit.Span(cycle.End.Sub(cycle.Start)), How: "by itself", Actions: []kit.Action{{Label: "Verify", Href: here + "/verify?image=" + cycle.ImageID, Small: true}, {Label: "Try", Href: here + "/try?image=" + cycle.ImageID, Small: true}}}
		if cycle.Manual {
			row.How = "by hand"
		}
		switch {
		case cycle.Unlisted:
			row.Note, row.Actions = "No longer listed by the service: the limit may have deleted it.", nil
		case !kept[cycle.ImageID]:
			row.Note, row.Actions = fmt.Sprintf("Beyond the %d that are kept: the service should have deleted it, if nobody used it.", t.Keep), nil
		case used[cycle.ImageID]:
			row.Note = "An instance was made of it: the limit passes it over."
		case drops && cycle.ImageID == drop.ImageID:
			row.Note = "The next synchronisation deletes it, as the oldest unused one, if nobody else uses it."
		}
		out = append(out, row)
	}
	return out
}

// cyclesPicture draws the runs that ended, the one at work and those expected.
func cyclesPicture(t told, now time.Time) *kit.Cycles {
	kept := map[string]bool{}
	for _, c := range servermigration.Kept(t.Job, servermigration.Tried(t.orders)) {
		kept[c.ImageID] = true
	}
	p := &kit.Cycles{ID: "cycles", Now: now, End: t.ValidTill, EndText: "valid until here"}
	for i, c := range t.Cycles {
		m := kit.CycleMark{From: c.Start, To: c.End, Class: "diff", Title: c.ImageID + ", " + kit.Span(c.End.Sub(c.Start))}
		switch {
		case c.End.IsZero():
			continue
		case c.Unlisted, !kept[c.ImageID]:
			m.Class = "off"
		case i == 0:
			m.Class = "full"
		case c.Manual:
			m.Class = "log"
		}
		p.Runs = append(p.Runs, m)
	}
	done := len(p.Runs)
	if t.Status == servermigration.Running && len(t.Samples) > 0 {
		p.Runs = append(p.Runs, kit.CycleMark{From: t.Samples[0].At, To: now, Class: "window", Title: "At work"})
	}
	for _, c := range servermigration.Expected(t.Job, 4, now.Add(60*24*time.Hour)) {
		p.Runs = append(p.Runs, kit.CycleMark{From: c.Start, To: c.End, Class: "missing", Title: "Expected"})
	}
	if len(p.Runs) == 0 {
		return nil
	}
	if len(p.Runs) > 60 {
		p.Runs = p.Runs[len(p.Runs)-60:]
	}
	p.From, p.To = p.Runs[0].From, now
	for _, r := range p.Runs {
		if r.To.After(p.To) {
			p.To = r.To
		}
	}
	margin := max(p.To.Sub(p.From)/40, time.Minute)
	p.From, p.To = p.From.Add(-margin), p.To.Add(margin)
	p.Label = fmt.Sprintf("%d synchronisations that ended and %d expected, from %s to %s UTC.", done, len(p.Runs)-done, p.From.UTC().Format("2 Jan 15:04"), p.To.UTC().Format("2 Jan 15:04"))
	return p
}

// tick notes that somebody made a line of a checklist true, or takes it back.
func (s *Pages) tick(c echo.Context) error {
	account, job := c.Param("account"), c.Param("job")
	if err := s.Servers.Mark(c.Request().Context(), account, job, c.FormValue("item"), c.FormValue("off") == "", server.Actor(c)); err != nil {
		return err
	}
	return server.SeeOther(c, jobHref(account, job))
}
