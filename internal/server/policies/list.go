package policies

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// policiesShown is how many policies a page lists; each asks for its slots and
// databases.
const policiesShown = 25

// placeNames names servers and buckets in a text by their ids.
func (s *Pages) placeNames(ctx context.Context) (func(string) string, error) {
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets {
		names[b.ID] = b.Name
	}
	return func(text string) string {
		parts := strings.Split(text, ", ")
		for i, p := range parts {
			if n := names[p]; n != "" {
				parts[i] = n
			}
		}
		return strings.Join(parts, ", ")
	}, nil
}

// list shows every policy of our own.
func (s *Pages) list(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	all, err := s.Policies.Policies(ctx)
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	from, _ := strconv.Atoi(c.QueryParam("from"))
	from = min(max(from, 0), len(all))
	v := views.List{Empty: kit.Empty{Title: "No policies yet.", Text: "A policy says which databases of your own SQL Servers are backed up, when, how, and how long the sets are kept. Bakplane's own cron carries it out. Instances of ApsaraDB RDS have theirs on their own pages.",
		Actions: []kit.Action{{Label: "New policy", Href: "/policies/new", Primary: true}}}}
	for _, p := range all[from:min(from+policiesShown, len(all))] {
		row, err := s.row(ctx, z, p, names)
		if err != nil {
			return server.View{}, err
		}
		v.Rows = append(v.Rows, row)
	}
	v.Pager.Ordered = true
	if len(all) > policiesShown {
		v.Pager.Words = fmt.Sprintf("%d of %d", len(v.Rows), len(all))
	}
	if from+policiesShown < len(all) {
		v.Pager.Older = fmt.Sprintf("/policies?from=%d", from+policiesShown)
	}
	if from > 0 {
		v.Pager.Newer = "/policies"
	}
	return server.View{Title: "Policies", Section: "policies", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.ListPage(f, v) }}, nil
}

func (s *Pages) row(ctx context.Context, z kit.Zone, p policy.Policy, names map[string]string) (views.PolicyRow, error) {
	row := views.PolicyRow{Name: kit.Link{Text: p.Name, Href: "/policies/" + p.ID}, Badge: policyBadge(p), Rules: ruleWords(p), Objective: "none"}
	if p.Objective > 0 {
		row.Objective = kit.Span(p.Objective)
	}
	var servers []string
	for _, id := range p.Servers[:min(len(p.Servers), 3)] {
		servers = append(servers, names[id])
	}
	row.Servers = strings.Join(servers, ", ")
	if n := len(p.Servers) - 3; n > 0 {
		row.Servers += fmt.Sprintf(" and %d more", n)
	}
	databases, more := 0, ""
	for i, id := range p.Servers {
		if i == 10 {
			more = " or more"
			break
		}
		known, err := s.Catalogue.Protections(ctx, backup.ProtectionFilter{InstanceID: id, Now: z.Now, Limit: 200})
		if err != nil {
			return row, err
		}
		for _, d := range known {
			if chosen, _ := p.Databases.Chooses(d.Database, d.Collation); chosen {
				databases++
			}
		}
		if len(known) == 200 {
			more = " or more"
		}
	}
	row.Databases = kit.Count(databases, "database", "databases") + more + " match"
	if databases == 1 {
		row.Databases += "es"
	}
	if p.Enabled {
		row.Next = nextSlots(z, p, 1)
	}
	decided, err := s.Policies.Slots(ctx, p.ID, "", 3)
	if err != nil {
		return row, err
	}
	for _, d := range decided {
		w := slotWords(z, d)
		if d.Verdict == policy.Fired {
			jobs, err := s.Policies.Jobs(ctx, d.Slot)
			if err == nil {
				w.Badge, err = s.became(ctx, w.Badge, jobs)
			}
			if err != nil {
				return row, err
			}
		}
		row.Last = append(row.Last, w)
	}
	return row, nil
}

// became is what became of a slot that fired: the worst of what its runs came
// to. That it fired is no more than that they were ordered.
func (s *Pages) became(ctx context.Context, b kit.Badge, jobs []policy.BackupJob) (kit.Badge, error) {
	count := map[run.State]int{}
	for _, j := range jobs {
		r, err := s.Runs.Run(ctx, j.RunID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return b, err
		}
		count[r.State]++
	}
	all := 0
	for _, n := range count {
		all += n
	}
	of := func(n int, word string) string {
		if n == all {
			return word
		}
		return fmt.Sprintf("%d of %d %s", n, all, word)
	}
	going := count[run.Running] + count[run.Queued] + count[run.Waiting]
	switch {
	case all == 0:
		return kit.Badge{Text: "no server took it", Tone: kit.ToneWarn}, nil
	case count[run.Failed] > 0:
		return kit.Badge{Text: of(count[run.Failed], "failed"), Tone: kit.ToneBad}, nil
	case count[run.Paused] > 0:
		return kit.Badge{Text: of(count[run.Paused], "paused"), Tone: kit.ToneWarn}, nil
	case count[run.Canceled] > 0:
		return kit.Badge{Text: of(count[run.Canceled], "canceled"), Tone: kit.ToneWarn}, nil
	case going > 0:
		return kit.Badge{Text: of(going, "at work"), Tone: kit.ToneRun}, nil
	case b.Tone == kit.ToneWarn: // late
		return kit.Badge{Text: "taken late", Tone: kit.ToneWarn}, nil
	}
	return kit.Badge{Text: "taken", Tone: kit.ToneOK}, nil
}

func policyBadge(p policy.Policy) kit.Badge {
	if p.Enabled {
		return kit.Badge{Text: "enabled", Tone: kit.ToneOK}
	}
	return kit.Badge{Text: "disabled", Tone: kit.ToneWarn}
}

func ruleWords(p policy.Policy) (out []views.RuleWords) {
	for _, kind := range ruleKinds {
		if r, ok := p.Rule(kind); ok {
			out = append(out, views.RuleWords{Kind: server.KindTag(string(kind)), Words: policy.CronWords(r.Cron), Cron: r.Cron, Keep: r.Keep.Words()})
		}
	}
	return out
}

// nextSlots are the next n slots of each rule, by kind.
func nextSlots(z kit.Zone, p policy.Policy, n int) (out []views.SlotWords) {
	c, err := policy.NewCalendar(p)
	if err != nil {
		return nil
	}
	for _, kind := range ruleKinds {
		for _, slot := range c.Next(kind, z.Now, n) {
			out = append(out, views.SlotWords{Kind: server.KindTag(string(kind)), When: z.At(slot.At)})
		}
	}
	return out
}

// slotWords word what became of a slot.
func slotWords(z kit.Zone, d policy.Decided) views.SlotWords {
	w := views.SlotWords{Kind: server.KindTag(string(d.Kind)), When: z.At(d.At), Why: d.Why}
	switch {
	case d.Verdict == policy.Skipped && d.Count > 1:
		w.Badge = kit.Badge{Text: fmt.Sprintf("%d skipped", d.Count), Tone: kit.ToneWarn}
	case d.Verdict == policy.Skipped:
		w.Badge = kit.Badge{Text: "skipped", Tone: kit.ToneWarn}
	case d.Late:
		w.Badge = kit.Badge{Text: "late", Tone: kit.ToneWarn}
	default:
		w.Badge = kit.Badge{Text: "fired"}
	}
	return w
}
