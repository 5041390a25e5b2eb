package servers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// question asks once more before something is ordered about a job.
func (s *Pages) question(c echo.Context) (server.View, error) { return s.questionView(c, nil) }

func (s *Pages) questionView(c echo.Context, refused error) (server.View, error) {
	ctx, w := c.Request().Context(), servermigration.What(c.Param("what"))
	t, err := s.toldOf(ctx, c.Param("account"), c.Param("job"))
	if err != nil {
		return server.View{}, err
	}
	here := jobHref(t.AccountID, t.ID)
	v := kit.Decision{Title: w.Title().String(), Badge: jobBadge(t.Job), Crumbs: crumbs(kit.Link{Text: t.Name, Href: here}, kit.Link{Text: w.Title().String()}),
		Form: &kit.Form{Action: here + "/" + string(w), Submit: w.Title().String(), Cancel: here, Danger: !w.Undone(), Problem: server.ProblemOf(refused)}}
	if w == servermigration.Release {
		s.releaseQuestion(c, t, &v)
		return decision(v), nil
	}
	if !ofJob(w) {
		return server.View{}, fault.Newf(fault.NotFound, "There is no order %q.", w)
	}
	ask := s.askOf(c, t, w)
	verdict := servermigration.Allowed(w, t.facts)
	switch {
	case !verdict.OK && !verdict.Later:
		v.Form, v.Notes = nil, append(v.Notes, kit.Help{Title: verdict.Why.String(), Fix: verdict.Fix.String(), Actions: []kit.Action{{Label: "Back to the job", Href: here}}})
	case !verdict.Why.IsZero():
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: verdict.Why.String()})
	}
	s.wordOrder(t, w, ask, &v)
	if v.Form != nil && !w.Undone() {
		v.Form.Confirm = t.Name
		v.Form.Fields = append(v.Form.Fields, kit.Field{Name: "confirm", Label: "Type " + t.Name + " to confirm", Autocomplete: "off", Mono: true})
	}
	if call := s.ServerCall(servermigration.Order{What: w, JobID: t.ID, Ask: ask}, nil); call != "" {
		v.Calls = []kit.Call{{Title: strings.SplitN(call, "\n", 2)[0], Request: call}}
	}
	return decision(v), nil
}

func decision(v kit.Decision) server.View {
	return server.View{Title: v.Title, Section: "servers", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
}

// ofJob reports whether an order is one about a job.
func ofJob(w servermigration.What) bool {
	for _, o := range servermigration.OfJobs() {
		if o == w {
			return true
		}
	}
	return false
}

// wordOrder says what will happen, and asks for what an order needs.
func (s *Pages) wordOrder(t told, w servermigration.What, ask servermigration.Ask, v *kit.Decision) {
	field := func(f kit.Field) {
		if v.Form != nil {
			v.Form.Fields = append(v.Form.Fields, f)
		}
	}
	switch w {
	case servermigration.Start:
		v.Points = []string{"An intermediate instance is made in " + t.Region + " and costs from then on.", "The agent copies every disk that goes along; the source server goes on working.", "An image is made of it."}
	case servermigration.Resume, servermigration.Retry:
		v.Points = []string{"The run goes on where it stopped."}
	case servermigration.Pause:
		v.Points = []string{"The run stops; what is copied stays.", "The intermediate instance stays and costs."}
	case servermigration.Sync:
		v.Points = []string{"Data is compared first, which takes as long as the disks need to be read; then what changed is sent.", "An image is made that holds the server as it is now."}
	case servermigration.Complete:
		missing := servermigration.AllTicked(servermigration.BeforeComplete(t.source.Server, t.source.InstanceID != ""), t.ticks)
		for _, i := range missing {
			v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "Not ticked: " + i.Text.String(), Actions: []kit.Action{{Label: "To the checklist", Href: jobHref(t.AccountID, t.ID)}}})
		}
		if len(missing) > 0 {
			v.Form = nil
		}
		v.Points = []string{"With a last synchronisation: what has changed since the last one is copied, and an image is made of it.", "The intermediate instance is released by the service.", "The job is completed: nothing is synchronised any more, by itself or by hand. This cannot be undone; a new job begins from the start."}
		field(kit.Field{Name: "last", Label: "Last synchronisation", Type: "choices", Value: server.Flag(ask.Last), Options: []kit.Option{{Value: "1", Label: "One last synchronisation", Hint: "Services on the source are stopped, nothing is written any more."}, {Value: "", Label: "Finish now, keep the last image", Hint: lastHint(t)}}})
	case servermigration.Adjust:
		every, keep := t.Every, t.Keep
		if ask.Change != nil && ask.Change.Every > 0 {
			every, keep = ask.Change.Every, ask.Change.Keep
		}
		v.Points = []string{"A new interval takes effect after the next synchronisation has ended, not at once.", "If fewer images are kept, the oldest unused ones are deleted by the service."}
		field(kit.Field{Name: "every", Label: "Every (hours)", Type: "number", Value: strconv.Itoa(every), Hint: "1 to 168."})
		field(kit.Field{Name: "keep", Label: "Images kept", Type: "number", Value: strconv.Itoa(keep), Hint: "1 to 10."})
	case servermigration.Delete:
		v.Points = []string{"The job disappears from the service, with its intermediate instance. What is known of it stays here.", "Its images stay in the account, and cost, until somebody deletes them there.", "Synchronising again needs a new job, which copies everything."}
		if t.Status == servermigration.Waiting {
			v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "The console calls this Cancel Migration.", Cause: "It is not a completion: to keep the last image as the result, complete the job."})
		}
	case servermigration.Verify:
		c := ask.Check
		v.Points = []string{"OOS makes a VPC, a switch, a security group and an instance of the image, starts it and runs its checks.", "It ends as a success also when a check failed: its marks are read here, and without all three it is not verified.", "Instance and network are removed afterwards where that works."}
		if c.Windows {
			v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "The template opens port 3389 of a Windows instance to the world while it lives."})
		}
		field(imageField(t, c.ImageID))
		field(kit.Field{Name: "zone", Label: "Zone", Mono: true, Value: c.Zone, Placeholder: t.Region + "-h"})
		field(kit.Field{Name: "type", Label: "Instance type", Mono: true, Value: c.Type, Placeholder: "ecs.g6.large"})
		field(kit.Field{Name: "host", Label: "Host name", Mono: true, Value: c.Host})
		field(kit.Field{Name: "private", Label: "Private address", Mono: true, Value: c.Private, Hint: "In the VPC made for it; begins with 10., 172. or 192."})
		field(kit.Field{Name: "folder", Label: "Folder for the commands", Mono: true, Value: c.Folder, Hint: "The template assumes /root, where nothing is checked on Windows."})
		field(kit.Field{Name: "command", Label: "A command of your own", Type: "area", Value: c.Command, Optional: true, Mono: true, Hint: "It is kept with the order and in the audit trail: no passwords."})
		field(kit.Field{Name: "keep_instance", Label: "Afterwards", Type: "choices", Value: server.Flag(c.Keep), Options: []kit.Option{{Value: "", Label: "Remove the instance"}, {Value: "1", Label: "Keep it", Hint: "It costs until somebody removes it."}}})
	case servermigration.Try:
		m := ask.Machine
		v.Points = []string{"A pay-as-you-go instance is made of the image in " + t.Region + ".", "It costs until it is released; a button for that stands beside the order."}
		if t.source.Windows() {
			v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "A copy of a server that reaches the network of the original answers in its name.", Fix: "Choose a switch and security group that keep it apart."})
		}
		field(imageField(t, m.ImageID))
		field(kit.Field{Name: "type", Label: "Instance type", Mono: true, Value: m.Type, Placeholder: "ecs.g6.large"})
		field(kit.Field{Name: "vswitch", Label: "Switch", Mono: true, Value: m.VSwitch, Placeholder: "vsw-bp1…"})
		field(kit.Field{Name: "security", Label: "Security group", Mono: true, Value: m.Security, Placeholder: "sg-bp1…"})
		field(kit.Field{Name: "instance_name", Label: "Name", Value: m.Name})
	}
}

func lastHint(t told) string {
	if last, ok := t.Last(); ok {
		return "It holds the server as of " + last.Start.UTC().Format("2 Jan 15:04") + " UTC; what was written since is not in it."
	}
	return ""
}

func imageField(t told, chosen string) kit.Field {
	f := kit.Field{Name: "image", Label: "Image", Type: "select", Value: chosen}
	kept := servermigration.Kept(t.Job, servermigration.Tried(t.orders))
	for i := len(kept) - 1; i >= 0; i-- {
		if c := kept[i]; c.ImageID != "" {
			f.Options = append(f.Options, kit.Option{Value: c.ImageID, Label: fmt.Sprintf("%s, %s UTC", c.ImageID, c.End.UTC().Format("2 Jan 15:04"))})
		}
	}
	if len(f.Options) == 0 && t.ImageID != "" {
		f.Options = []kit.Option{{Value: t.ImageID, Label: t.ImageID}}
	}
	return f
}

// askOf reads what an order wants, from a form or the address; what is missing
// is what a form begins with.
func (s *Pages) askOf(c echo.Context, t told, w servermigration.What) (a servermigration.Ask) {
	sent := c.Request().Method == "POST"
	text := func(name, standard string) string {
		if v := strings.TrimSpace(c.FormValue(name)); v != "" || sent {
			return v
		}
		return standard
	}
	newest := t.ImageID
	if last, ok := t.Last(); ok {
		newest = last.ImageID
	}
	switch w {
	case servermigration.Complete:
		a.Last = c.FormValue("last") != "" || !sent
	case servermigration.Adjust:
		every, _ := strconv.Atoi(c.FormValue("every"))
		keep, _ := strconv.Atoi(c.FormValue("keep"))
		if !sent {
			every, keep = t.Every, t.Keep
		}
		a.Change = &servermigration.Change{Every: every, Keep: keep}
	case servermigration.Verify:
		folder := "/root"
		if t.source.Windows() {
			folder = `C:\Windows\Temp`
		}
		a.Region = t.Region
		a.Check = &servermigration.Check{ImageID: text("image", newest), Zone: text("zone", ""), Host: text("host", "verify-1"), Type: text("type", ""), Private: text("private", "192.168.1.10"), Windows: t.source.Windows(),
			Folder: text("folder", folder), Command: c.FormValue("command"), Keep: c.FormValue("keep_instance") != ""}
	case servermigration.Try:
		a.Region = t.Region
		a.Machine = &servermigration.MachineDraft{ImageID: text("image", newest), Type: text("type", ""), VSwitch: text("vswitch", t.VSwitch), Security: text("security", ""), Name: text("instance_name", server.Clip("try-"+t.Name, 60))}
	}
	return a
}

// order orders it, or shows the question again with what is wrong.
func (s *Pages) order(c echo.Context) error {
	ctx, w := c.Request().Context(), servermigration.What(c.Param("what"))
	account, job := c.Param("account"), c.Param("job")
	if !ofJob(w) {
		return fault.Newf(fault.NotFound, "There is no order %q.", w)
	}
	t, err := s.toldOf(ctx, account, job)
	if err != nil {
		return err
	}
	if _, err := s.Servers.Order(ctx, account, job, w, s.askOf(c, t, w), c.FormValue("confirm"), server.Actor(c)); err != nil {
		v, viewErr := s.questionView(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, w.Title().String()+": it is ordered; what comes of it stands below.")
	return server.SeeOther(c, jobHref(account, job))
}

// releaseQuestion asks before an instance made to try an image is released.
func (s *Pages) releaseQuestion(c echo.Context, t told, v *kit.Decision) {
	v.Form = nil
	for _, o := range t.orders {
		if o.ID == c.QueryParam("order") && o.What == servermigration.Try && o.Made != "" {
			v.Points = []string{"The instance " + o.Made + " and what is on it are removed for good."}
			v.Form = &kit.Form{Action: "/servers/" + t.AccountID + "/release/" + o.ID, Submit: "Release it", Cancel: jobHref(t.AccountID, t.ID), Danger: true, Confirm: o.Made,
				Fields: []kit.Field{{Name: "confirm", Label: "Type " + o.Made + " to confirm", Autocomplete: "off", Mono: true}}}
			call := s.ServerCall(servermigration.Order{What: servermigration.Release, Ask: servermigration.Ask{Name: o.Made, Region: o.Ask.Region}}, nil)
			v.Calls = []kit.Call{{Title: "DeleteInstance", Request: call}}
		}
	}
	if v.Form == nil {
		v.Notes = []kit.Help{{Title: "This order made no instance.", Actions: []kit.Action{{Label: "Back to the job", Href: jobHref(t.AccountID, t.ID)}}}}
	}
}

func (s *Pages) release(c echo.Context) error {
	made, err := s.Servers.Store.Order(c.Request().Context(), c.Param("order"))
	if err != nil {
		return err
	}
	_, err = s.Servers.Release(c.Request().Context(), c.Param("account"), made.ID, c.FormValue("confirm"), server.Actor(c))
	return s.told(c, err, "The instance is being released.", jobHref(made.AccountID, made.JobID))
}
