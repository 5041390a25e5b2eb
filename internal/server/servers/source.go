package servers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

// source shows one source server: what the service tells, its jobs, and the
// databases that live on it.
func (s *Pages) source(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	k, err := s.Servers.Store.Server(ctx, c.Param("account"), c.Param("source"))
	if err != nil {
		return server.View{}, err
	}
	here := sourceHref(k.AccountID, k.ID)
	v := views.Server{Name: label(k), Under: under(k), Badge: serverBadge(k), Crumbs: crumbs(kit.Link{Text: label(k)}),
		NoJobs: kit.Empty{Title: "No job yet.", Text: "A job copies the server into an image or an instance."},
		Pairs: []kit.Pair{{Key: "Id", Value: k.ID}, {Key: "Description", Value: k.Description}, {Key: "Host name", Value: k.Host}, {Key: "Addresses", Value: strings.Join(k.Addresses, ", ")}, {Key: "System", Value: strings.TrimSpace(k.Platform + " " + k.Arch + " " + k.Kernel)},
			{Key: "Processors", Value: orNothing(k.Cores)}, {Key: "Memory", Value: memory(k.MemoryMB)}, {Key: "Agent", Value: k.Agent}, {Key: "Heartbeat", Value: heartbeat(k.Server)},
			{Key: "Registered", When: z.At(k.Created)}, {Key: "As told", When: z.At(k.Looked)}, {Key: "Gone since", When: z.At(k.Gone)}},
		Rename: kit.Form{Action: here + "/rename", Submit: "Rename it", Fields: []kit.Field{{Name: "name", Label: "Name", Value: k.Name}, {Name: "about", Label: "Description", Value: k.Description, Optional: true}}},
		Remove: kit.Form{Action: here + "/remove", Submit: "Remove it", Danger: true, Confirm: k.ID, Fields: []kit.Field{
			{Name: "force", Label: "Its job", Type: "choices", Value: "", Options: []kit.Option{{Value: "", Label: "Only if it has none", Hint: "The service refuses a server with a job."}, {Value: "1", Label: "Delete its job too", Hint: forceHint(k)}}},
			{Name: "confirm", Label: "Type " + k.ID + " to confirm", Autocomplete: "off", Mono: true}}}}
	if k.Gone.IsZero() && k.State == servermigration.ServerAvailable {
		v.Actions = []kit.Action{{Label: "New migration job", Href: here + "/new", Primary: true}}
	}
	if code := servermigration.CauseOf(k.ErrorCode, k.ErrorText); code != "" {
		r := explain.Of(code)
		v.Helps = append(v.Helps, kit.Help{Title: server.Capital(r.Title) + ".", Said: strings.TrimSpace(k.ErrorCode + " " + k.ErrorText), Cause: r.CauseText().String(), Fix: r.FixText().String()})
	} else if k.Gone.IsZero() && k.State == servermigration.ServerUnavailable {
		r := explain.Of("smc-agent")
		v.Helps = append(v.Helps, kit.Help{Title: "The agent is away.", Cause: r.CauseText().String(), Fix: r.FixText().String()})
	}
	for _, d := range k.Disks {
		v.Disks = append(v.Disks, diskView(d))
	}
	jobs, err := s.Servers.Store.JobsOf(ctx, k.AccountID, k.ID)
	if err != nil {
		return server.View{}, err
	}
	for _, j := range jobs {
		v.Jobs = append(v.Jobs, s.jobRow(z, j))
	}
	orders, err := s.Servers.Store.Orders(ctx, k.AccountID, "", k.ID, 20)
	if err != nil {
		return server.View{}, err
	}
	v.Orders = s.orderRows(c, orders)
	if v.Lives, err = s.lives(ctx, z, k); err != nil {
		return server.View{}, err
	}
	return server.View{Title: v.Name, Section: "servers", Page: func(f kit.Frame) templ.Component { return views.ServerPage(f, v) }}, nil
}

func orNothing(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func memory(mb int64) string {
	if mb == 0 {
		return ""
	}
	return kit.Bytes(mb << 20).Text
}

func heartbeat(s servermigration.Server) string {
	if s.Heartbeat == 0 {
		return ""
	}
	return "every " + kit.Span(s.Heartbeat)
}

// forceHint says what removing with force takes along.
func forceHint(k servermigration.KeptServer) string {
	if k.JobID == "" {
		return "The service tells no job of it."
	}
	return "The job " + k.JobID + " and its intermediate instance go too; its images stay. Not possible while it runs."
}

func diskView(d servermigration.Disk) views.Disk {
	out := views.Disk{Name: fmt.Sprintf("Data disk %d", d.Index), Size: kit.Bytes(int64(d.GiB) << 30).Text}
	if d.System() {
		out.Name = "System disk"
	}
	var parts []string
	for _, p := range d.Parts {
		parts = append(parts, strings.TrimSpace(server.FirstOf(p.Path, p.Device)+" "+kit.Bytes(p.Bytes).Text))
	}
	out.Parts = strings.Join(parts, ", ")
	if used := d.Used(); used > 0 {
		out.Used = &kit.Progress{Label: "Used of " + out.Name, Value: used >> 20, Max: int64(d.GiB) << 10, Words: kit.Bytes(used).Text + " of " + out.Size}
	}
	return out
}

// lives tells which instance lives on the server, and how its databases are.
func (s *Pages) lives(ctx context.Context, z kit.Zone, k servermigration.KeptServer) (v views.Lives, err error) {
	all, err := s.InstancesByID(ctx)
	if err != nil {
		return v, err
	}
	here := sourceHref(k.AccountID, k.ID)
	choose := kit.Field{Name: "instance", Label: "The SQL Server on it", Type: "select", Value: k.InstanceID, Options: []kit.Option{{Label: "none, or none that is known here"}}}
	moved := kit.Field{Name: "instance", Label: "What it has become", Type: "select", Value: k.NewID, Hint: "Add the new server under Settings with its new address; its databases are then compared with what was counted before.", Options: []kit.Option{{Label: "nothing yet"}}}
	for _, i := range instancesInOrder(all) {
		choose.Options = append(choose.Options, kit.Option{Value: i.ID, Label: i.Label()})
		if i.ID != k.InstanceID {
			moved.Options = append(moved.Options, kit.Option{Value: i.ID, Label: i.Label()})
		}
	}
	v.Intro = "No SQL Server that is known here was confirmed to live on it."
	v.Choose = kit.Form{Action: here + "/link", Submit: "Confirm", Fields: []kit.Field{choose}}
	if k.InstanceID == "" {
		if i, ok := s.likely(ctx, all, k.Server); ok {
			v.Intro = i.Label() + " answers at this server's address or name. Confirm it if it is so."
			v.Choose.Fields[0].Value = i.ID
		}
		return v, nil
	}
	v.Link = kit.Link{Text: nameOf(all, k.InstanceID), Href: "/instances/" + k.InstanceID}
	v.Intro = "Its databases, with their last backups and how much could be lost:"
	known, err := s.Catalogue.Protections(ctx, backup.ProtectionFilter{InstanceID: k.InstanceID, Now: z.Now, Limit: 100})
	if err != nil {
		return v, err
	}
	for _, p := range known {
		v.Rows = append(v.Rows, server.ProtectionRow(z, p, all[k.InstanceID]))
	}
	if len(known) == 0 {
		v.Intro = "None of its databases is in the catalogue yet."
	}
	v.Actions = []kit.Action{{Label: "Take a last backup", Href: "/instances/" + k.InstanceID + "/backup"}, {Label: "Count rows now", Href: here + "/count", Post: true}}
	if len(k.Counts) > 0 {
		v.Counted = fmt.Sprintf("%s counted %s, to compare with after the move. Count again once the applications are stopped.", kit.Count(len(k.Counts), "database was", "databases were"), z.Ago(newest(k.Counts)))
	}
	v.Moved = &kit.Form{Action: here + "/moved", Submit: "Compare", Fields: []kit.Field{moved}}
	if k.NewID != "" {
		v.Look, v.Words = s.compared(ctx, k, all)
	}
	return v, nil
}

// machinesAsked bounds how many instances are asked of which machine their
// backups came from.
const machinesAsked = 200

// likely finds the instance that may live on a server: by address or name, else
// by the machine that the headers of its backups name.
func (s *Pages) likely(ctx context.Context, all map[string]endpoint.Instance, src servermigration.Server) (endpoint.Instance, bool) {
	inOrder := instancesInOrder(all)
	if i, ok := matching(inOrder, src); ok {
		return i, true
	}
	for n, i := range inOrder {
		if n == machinesAsked {
			break
		}
		found, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: i.ID, Limit: 1})
		if err == nil && len(found) == 1 && (src.Answers(found[0].Set.Machine) || src.Answers(found[0].Set.Server)) {
			return i, true
		}
	}
	return endpoint.Instance{}, false
}

func newest(all []servermigration.Counted) (at time.Time) {
	for _, c := range all {
		if c.At.After(at) {
			at = c.At
		}
	}
	return at
}

func instancesInOrder(all map[string]endpoint.Instance) (out []endpoint.Instance) {
	for _, i := range all {
		out = append(out, i)
	}
	sortBy(out, func(i endpoint.Instance) string { return i.Label() + i.ID })
	return out
}

// compared sets the databases of the source, as they were counted, beside those
// of the new server, asked now.
func (s *Pages) compared(ctx context.Context, k servermigration.KeptServer, all map[string]endpoint.Instance) (out []views.Compared, words string) {
	if len(k.Counts) == 0 {
		return []views.Compared{{Name: label(k), Badge: kit.Badge{Text: "not counted", Tone: kit.ToneWarn}}}, "Its databases were not counted before the move, so there is nothing to compare with."
	}
	then, err := s.counted(ctx, k.NewID)
	if err != nil {
		_, message, fix := server.WordsOf(err)
		return []views.Compared{{Name: nameOf(all, k.NewID), Then: server.WithFix(message, fix), Badge: kit.Badge{Text: "not reached", Tone: kit.ToneBad}}}, "The new server was asked and did not answer."
	}
	for _, b := range servermigration.SetBeside(k.Counts, then) {
		row := views.Compared{Name: b.Database, Before: rowsOf(b.Before), Then: strings.TrimSpace(rowsOf(b.Then) + " " + b.Says.String()), Badge: kit.Badge{Text: "as counted", Tone: kit.ToneOK}}
		if !b.Same {
			row.Badge = kit.Badge{Text: "look at it", Tone: kit.ToneBad}
		}
		out = append(out, row)
	}
	return out, nameOf(all, k.NewID) + " answers and was read now."
}

func rowsOf(c *servermigration.Counted) string {
	if c == nil || c.At.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s rows, %d objects.", words.Number(c.Rows), c.Objects)
}

// counted counts the databases of an instance now.
func (s *Pages) counted(ctx context.Context, instanceID string) ([]servermigration.Counted, error) {
	asking, cancel := context.WithTimeout(ctx, server.Patience)
	defer cancel()
	reached, _, err := s.Ports.Server(asking, instanceID)
	if err != nil {
		return nil, err
	}
	return servermigration.Count(asking, reached)
}

// count notes what the databases on the server hold, to compare with later.
func (s *Pages) count(c echo.Context) error {
	ctx := c.Request().Context()
	k, err := s.Servers.Store.Server(ctx, c.Param("account"), c.Param("source"))
	if err != nil {
		return err
	}
	here := sourceHref(k.AccountID, k.ID)
	if k.InstanceID == "" {
		return s.told(c, fault.New(fault.Invalid, "No SQL Server on it was confirmed.", "Confirm one first."), "", here)
	}
	all, err := s.counted(ctx, k.InstanceID)
	if err == nil {
		e := s.Entry(c, "server.count", "server/"+k.ID, fmt.Sprintf("Counted %s of %s.", kit.Count(len(all), "database", "databases"), label(k))).With(nil, all)
		err = s.Servers.Store.NoteCounts(ctx, k.AccountID, k.ID, all, e)
	}
	return s.told(c, err, "Rows and objects are counted, to compare with after the move.", here)
}

// link confirms which instance lives on a server, or which it has become.
func (s *Pages) link(moved bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, id := c.Request().Context(), c.FormValue("instance")
		k, err := s.Servers.Store.Server(ctx, c.Param("account"), c.Param("source"))
		if err != nil {
			return err
		}
		said := "No instance lives on " + label(k) + "."
		if id != "" {
			i, err := s.Endpoints.Instance(ctx, id)
			if err != nil {
				return err
			}
			said = i.Label() + " lives on " + label(k) + "."
			if moved {
				said = label(k) + " has become " + i.Label() + "."
			}
		}
		e := s.Entry(c, "server.link", "server/"+k.ID, said)
		if err := s.Servers.Store.Link(ctx, k.AccountID, k.ID, id, moved, e); err != nil {
			return err
		}
		return server.SeeOther(c, sourceHref(k.AccountID, k.ID))
	}
}

func (s *Pages) rename(c echo.Context) error {
	_, err := s.Servers.Rename(c.Request().Context(), c.Param("account"), c.Param("source"), strings.TrimSpace(c.FormValue("name")), strings.TrimSpace(c.FormValue("about")), server.Actor(c))
	return s.told(c, err, "It is being renamed.", sourceHref(c.Param("account"), c.Param("source")))
}

func (s *Pages) remove(c echo.Context) error {
	_, err := s.Servers.Remove(c.Request().Context(), c.Param("account"), c.Param("source"), c.FormValue("force") != "", c.FormValue("confirm"), server.Actor(c))
	return s.told(c, err, "It is being removed.", sourceHref(c.Param("account"), c.Param("source")))
}

// told leads back, with what came of an order or why it was refused.
func (s *Pages) told(c echo.Context, err error, said, to string) error {
	switch {
	case err == nil:
		s.Say(c, kit.ToneOK, said)
	case fault.Of(err) == fault.Unknown || fault.Is(err, fault.NotFound):
		return err
	default:
		message, fix := fault.Texts(err)
		s.Say(c, kit.ToneBad, words.Join(message, fix).String())
	}
	return server.SeeOther(c, to)
}
