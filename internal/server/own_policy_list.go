package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// policiesShown is how many policies a page lists; each asks for its slots and
// databases.
const policiesShown = 25

// placeNames names servers and buckets in a text by their ids.
func (s *Server) placeNames(ctx context.Context) (func(string) string, error) {
	names, err := s.instanceNames(ctx)
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

// ownPolicyList shows every policy of our own.
func (s *Server) ownPolicyList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	all, err := s.Policies.Policies(ctx)
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	from, _ := strconv.Atoi(c.QueryParam("from"))
	from = min(max(from, 0), len(all))
	v := templates.Policies{Empty: templates.Empty{Title: "No policies yet.", Text: "A policy says which databases of your own SQL Servers are backed up, when, how, and how long the sets are kept. Bakplane's own cron carries it out. Instances of ApsaraDB RDS have theirs on their own pages.",
		Actions: []templates.Action{{Label: "New policy", Href: "/policies/new", Primary: true}}}}
	for _, p := range all[from:min(from+policiesShown, len(all))] {
		row, err := s.ownPolicyRow(ctx, z, p, names)
		if err != nil {
			return view{}, err
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
	return view{title: "Policies", section: "policies", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.PoliciesPage(f, v) }}, nil
}

func (s *Server) ownPolicyRow(ctx context.Context, z templates.Zone, p policy.Policy, names map[string]string) (templates.OwnPolicyRow, error) {
	row := templates.OwnPolicyRow{Name: templates.Link{Text: p.Name, Href: "/policies/" + p.ID}, Badge: policyBadge(p), Rules: ownRuleWords(p), Objective: "none"}
	if p.Objective > 0 {
		row.Objective = templates.Span(p.Objective)
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
			if chosen, _ := p.Databases.Chooses(d.Database); chosen {
				databases++
			}
		}
		if len(known) == 200 {
			more = " or more"
		}
	}
	row.Databases = templates.Count(databases, "database", "databases") + more + " match"
	if databases == 1 {
		row.Databases += "es"
	}
	if p.Enabled {
		row.Next = nextSlots(z, p, 1)
	}
	decided, err := s.Policies.Slots(ctx, p.ID, "", 3)
	for _, d := range decided {
		row.Last = append(row.Last, slotWords(z, d))
	}
	return row, err
}

func policyBadge(p policy.Policy) templates.Badge {
	if p.Enabled {
		return templates.Badge{Text: "enabled", Tone: templates.ToneOK}
	}
	return templates.Badge{Text: "disabled", Tone: templates.ToneWarn}
}

func ownRuleWords(p policy.Policy) (out []templates.RuleWords) {
	for _, kind := range ruleKinds {
		if r, ok := p.Rule(kind); ok {
			out = append(out, templates.RuleWords{Kind: kindTag(string(kind)), Words: policy.CronWords(r.Cron), Cron: r.Cron, Keep: r.Keep.Words()})
		}
	}
	return out
}

// nextSlots are the next n slots of each rule, by kind.
func nextSlots(z templates.Zone, p policy.Policy, n int) (out []templates.SlotWords) {
	c, err := policy.NewCalendar(p)
	if err != nil {
		return nil
	}
	for _, kind := range ruleKinds {
		for _, slot := range c.Next(kind, z.Now, n) {
			out = append(out, templates.SlotWords{Kind: kindTag(string(kind)), When: z.At(slot.At)})
		}
	}
	return out
}

// slotWords word what became of a slot.
func slotWords(z templates.Zone, d policy.Decided) templates.SlotWords {
	w := templates.SlotWords{Kind: kindTag(string(d.Kind)), When: z.At(d.At), Why: d.Why}
	switch {
	case d.Verdict == policy.Skipped && d.Count > 1:
		w.Badge = templates.Badge{Text: fmt.Sprintf("%d skipped", d.Count), Tone: templates.ToneWarn}
	case d.Verdict == policy.Skipped:
		w.Badge = templates.Badge{Text: "skipped", Tone: templates.ToneWarn}
	case d.Late:
		w.Badge = templates.Badge{Text: "late", Tone: templates.ToneWarn}
	default:
		w.Badge = templates.Badge{Text: "fired", Tone: templates.ToneOK}
	}
	return w
}
