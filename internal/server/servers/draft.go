package servers

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

// draft is the form of a job to be made; with a query it is judged as typed so
// far.
func (s *Pages) draft(c echo.Context) (server.View, error) {
	q := c.QueryParams()
	k, err := s.Servers.Store.Server(c.Request().Context(), c.Param("account"), c.Param("source"))
	if err != nil {
		return server.View{}, err
	}
	if !q.Has("name") {
		return s.draftView(c, k, standard(k), false)
	}
	return s.draftView(c, k, q, true)
}

// standard is what the form begins with: an image, synchronised every six hours.
func standard(k servermigration.KeptServer) url.Values {
	name := "move-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, label(k))
	v := url.Values{"name": {name}, "image_name": {name}, "target": {string(servermigration.ToImage)}, "network": {"0"}, "once": {"false"}, "every": {"6"}, "keep": {"3"}, "valid": {"30"}}
	for _, d := range k.Disks {
		v.Add("disks", strconv.Itoa(d.Index))
		v.Set("gib"+strconv.Itoa(d.Index), strconv.Itoa(max(d.GiB, 20)))
	}
	return v
}

// draftOf reads the form. What is no number is 0, which the review refuses.
func draftOf(k servermigration.KeptServer, q url.Values, now time.Time) servermigration.Draft {
	number := func(name string) int { n, _ := strconv.Atoi(strings.TrimSpace(q.Get(name))); return n }
	text := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	d := servermigration.Draft{SourceID: k.ID, Region: text("region"), Name: text("name"), Target: servermigration.Target(q.Get("target")), Network: servermigration.Network(number("network")),
		VPC: text("vpc"), VSwitch: text("vswitch"), Type: text("instance_type"), Role: text("role"), Once: q.Get("once") == "true", OwnLicense: q.Get("own_license") == "true"}
	switch d.Target {
	case servermigration.ToImage:
		d.ImageName = text("image_name")
	case servermigration.ToInstance:
		d.InstanceID = text("instance_id")
	case servermigration.ToContainer:
		d.Namespace, d.Repository, d.Tag = text("container_namespace"), text("container_repository"), text("container_tag")
	}
	if !d.Once {
		d.Every, d.Keep = number("every"), number("keep")
	}
	for _, index := range q["disks"] {
		if n, err := strconv.Atoi(index); err == nil && len(d.Disks) < 20 {
			d.Disks = append(d.Disks, servermigration.DraftDisk{Index: n, GiB: number("gib" + index), Parts: q["parts"+index]})
		}
	}
	sortBy(d.Disks, func(k servermigration.DraftDisk) int { return k.Index })
	if days := number("valid"); days > 0 && days < 1000 {
		d.ValidTill = servermigration.ValidFor(days, now)
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.Parse(layout, text("start")); err == nil {
			d.Start = t.UTC()
		}
	}
	return d
}

// draftView words the form with what speaks against it, how it would be
// synchronised, what it costs, and the exact call.
func (s *Pages) draftView(c echo.Context, k servermigration.KeptServer, q url.Values, judged bool) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	a, err := s.named(ctx, k.AccountID)
	if err != nil {
		return server.View{}, err
	}
	if q.Get("region") == "" && !judged {
		q.Set("region", a.Region)
	}
	d, here := draftOf(k, q, z.Now), sourceHref(k.AccountID, k.ID)
	findings, err := s.Servers.Review(ctx, k.AccountID, d)
	if err != nil {
		return server.View{}, err
	}
	v := views.Draft{Title: "Move " + label(k), Recheck: here + "/new", Crumbs: crumbs(kit.Link{Text: label(k), Href: here}, kit.Link{Text: "New job"}),
		Form: kit.Form{Action: here + "/new", Submit: "Make the job", Cancel: here}}
	wrong := map[string]string{}
	for _, f := range findings {
		said := server.WithFix(f.Text.String(), f.Fix.String())
		switch {
		case f.Bars && f.Field != "" && f.Field != "source_id" && judged:
			if wrong[f.Field] == "" {
				wrong[f.Field] = said
			}
		case f.Bars && (f.Field == "" || f.Field == "source_id"):
			v.Helps = append(v.Helps, kit.Help{Title: f.Text.String(), Fix: f.Fix.String()})
		case !f.Bars:
			v.Helps = append(v.Helps, kit.Help{Tone: kit.ToneWarn, Title: f.Text.String(), Fix: f.Fix.String()})
		}
	}
	v.Form.Fields = draftFields(k, q, wrong)
	if !d.Once && d.Every > 0 && d.Keep > 0 && d.Every <= 168 {
		v.Picture, v.Words = plannedPicture(d, k, z.Now)
	}
	for _, c := range servermigration.WillCost(d) {
		v.Costs = append(v.Costs, c.String())
	}
	v.Calls = []kit.Call{{Title: "CreateReplicationJob", Request: s.ServerCall(servermigration.Order{What: servermigration.Create, Ask: servermigration.Ask{Draft: &d}}, &k.Server)}}
	return server.View{Title: v.Title, Section: "servers", Page: func(f kit.Frame) templ.Component { return views.DraftPage(f, v) }}, nil
}

func draftFields(k servermigration.KeptServer, q url.Values, wrong map[string]string) []kit.Field {
	windows := k.Windows()
	field := func(f kit.Field, as string) kit.Field {
		f.Value, f.Error = q.Get(f.Name), wrong[as]
		return f
	}
	container := kit.Option{Value: string(servermigration.ToContainer), Label: "Container image", Hint: "Of Linux, into a registry."}
	if windows {
		container.Off, container.Hint = true, "Not of Windows."
	}
	out := []kit.Field{
		field(kit.Field{Name: "name", Label: "Name of the job"}, "name"),
		field(kit.Field{Name: "region", Label: "Region", Mono: true, Placeholder: "cn-hangzhou"}, "region"),
		field(kit.Field{Name: "target", Label: "What is made", Type: "choices", Options: []kit.Option{
			{Value: string(servermigration.ToImage), Label: "ECS image", Hint: "Instances are made of it. Recommended; for Windows outside the Chinese mainland the only way."},
			{Value: string(servermigration.ToInstance), Label: "ECS instance", Hint: "What is on it is overwritten."}, container}}, "target"),
	}
	switch servermigration.Target(q.Get("target")) {
	case servermigration.ToInstance:
		out = append(out, field(kit.Field{Name: "instance_id", Label: "Instance", Mono: true, Placeholder: "i-bp1…"}, "instance_id"))
	case servermigration.ToContainer:
		out = append(out, field(kit.Field{Name: "container_namespace", Label: "Namespace", Mono: true}, ""), field(kit.Field{Name: "container_repository", Label: "Repository", Mono: true}, "container_repository"), field(kit.Field{Name: "container_tag", Label: "Tag", Mono: true}, ""),
			field(kit.Field{Name: "role", Label: "RAM role of the intermediate instance", Mono: true, Optional: true}, ""))
	default:
		out = append(out, field(kit.Field{Name: "image_name", Label: "Name of the image", Hint: "The service adds the number of the run."}, "image_name"))
	}
	under := "All of it goes along unless it is left out here."
	if windows {
		under = "On Windows blocks are always copied: no folder can be left out, only whole volumes."
	}
	out = append(out, diskFields(k, q, wrong, under)...)
	out = append(out,
		field(kit.Field{Heading: "How often", Under: "The interval counts from the end of a synchronisation to the beginning of the next.", Name: "once", Label: "Runs", Type: "choices", Options: []kit.Option{
			{Value: "false", Label: "Synchronise again and again", Hint: "Until it is completed; downtime is the last synchronisation."}, {Value: "true", Label: "Once", Hint: "The server should stand still meanwhile."}}}, ""))
	if q.Get("once") != "true" {
		out = append(out, field(kit.Field{Name: "every", Label: "Every (hours)", Type: "number", Hint: "1 to 168."}, "every_hours"), field(kit.Field{Name: "keep", Label: "Images kept", Type: "number", Hint: "1 to 10; then the oldest unused one is deleted."}, "keep_images"))
	}
	out = append(out,
		field(kit.Field{Name: "start", Label: "First run begins (UTC)", Optional: true, Placeholder: "2026-12-01 22:00", Hint: "Empty: it is started by hand. 10 minutes to 30 days ahead."}, "start"),
		field(kit.Field{Name: "valid", Label: "Valid for (days)", Type: "number", Hint: "7 to 90. Always sent: what the service assumes is told in two ways."}, "valid_till"),
		field(kit.Field{Heading: "Network", Under: "How the data travels.", Name: "network", Label: "Over", Type: "choices", Options: []kit.Option{
			{Value: "0", Label: "The internet", Hint: "At most 100 Mbit/s into the intermediate instance."}, {Value: "2", Label: "A VPC", Hint: "VPN, Express Connect or Smart Access Gateway."}}}, "network"),
		field(kit.Field{Name: "vpc", Label: "VPC", Mono: true, Optional: true, Placeholder: "vpc-bp1…"}, "vpc"),
		field(kit.Field{Name: "vswitch", Label: "Switch", Mono: true, Optional: q.Get("network") != "2", Placeholder: "vsw-bp1…"}, "vswitch"),
		field(kit.Field{Name: "instance_type", Label: "Type of the intermediate instance", Mono: true, Optional: true, Placeholder: "ecs.g6.large", Hint: "Empty: the service chooses a small one."}, ""))
	if windows {
		out = append(out, field(kit.Field{Name: "own_license", Label: "Windows licence", Type: "choices", Options: []kit.Option{{Value: "", Label: "Of the cloud"}, {Value: "true", Label: "One's own (BYOL)"}}}, "own_license"))
	}
	return out
}

func diskFields(k servermigration.KeptServer, q url.Values, wrong map[string]string, under string) (out []kit.Field) {
	disks := kit.Field{Heading: "Disks", Under: under, Name: "disks", Label: "Go along", Type: "checks", Values: q["disks"], Error: wrong["disks"]}
	for _, d := range k.Disks {
		label := fmt.Sprintf("Data disk %d, %d GiB", d.Index, d.GiB)
		if d.System() {
			label = fmt.Sprintf("System disk, %d GiB", d.GiB)
		}
		hint := ""
		if used := d.Used(); used > 0 {
			hint = kit.Bytes(used).Text + " used"
		}
		disks.Options = append(disks.Options, kit.Option{Value: strconv.Itoa(d.Index), Label: label, Hint: hint})
	}
	out = append(out, disks)
	for _, d := range k.Disks {
		index := strconv.Itoa(d.Index)
		out = append(out, kit.Field{Name: "gib" + index, Label: "Size of disk " + index + " at the target (GiB)", Type: "number", Value: q.Get("gib" + index), Hint: "More than what is used."})
		if len(d.Parts) < 2 {
			continue
		}
		parts := kit.Field{Name: "parts" + index, Label: "Partitions of disk " + index, Type: "checks", Values: q["parts"+index], Hint: "None chosen: all.", Optional: true}
		for _, p := range d.Parts {
			hint := kit.Bytes(p.Bytes).Text
			if p.Needed {
				hint += ", cannot be left out"
			}
			parts.Options = append(parts.Options, kit.Option{Value: p.Device, Label: server.FirstOf(p.Path, p.Device), Hint: hint})
		}
		out = append(out, parts)
	}
	return out
}

// plannedPicture draws the runs as they would follow one another.
func plannedPicture(d servermigration.Draft, k servermigration.KeptServer, now time.Time) (*kit.Cycles, string) {
	runs, bytes := servermigration.Planned(d, k.Server, now, 6)
	p := &kit.Cycles{ID: "planned", Label: "The first run and the synchronisations after it, as they would follow one another.", From: runs[0].Start.Add(-time.Hour), To: runs[5].End.Add(time.Hour), Now: now, End: d.ValidTill, EndText: "valid until here"}
	for i, r := range runs {
		title := fmt.Sprintf("Synchronisation %d", i)
		if i == 0 {
			title = "First run: everything"
		}
		p.Runs = append(p.Runs, kit.CycleMark{From: r.Start, To: r.End, Class: "missing", Title: title})
	}
	return p, fmt.Sprintf("A forecast: the first run copies %s, about %s with its image, at 100 Mbit/s if the line gives that; how long a synchronisation takes depends on what has changed. %d images are kept, then the oldest unused one is deleted.",
		kit.Bytes(bytes).Text, kit.Span(runs[0].End.Sub(runs[0].Start)), d.Keep)
}

// create makes the job, or shows the form again with what is wrong.
func (s *Pages) create(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return server.Invalid("The form cannot be read.", "Send it again.")
	}
	k, err := s.Servers.Store.Server(c.Request().Context(), c.Param("account"), c.Param("source"))
	if err != nil {
		return err
	}
	id, _, err := s.Servers.Draft(c.Request().Context(), k.AccountID, draftOf(k, form, s.Now()), server.Actor(c))
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.draftView(c, k, form, true)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "The job is being made.")
	return server.SeeOther(c, "/runs/"+id)
}
