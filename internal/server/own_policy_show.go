package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

const (
	slotsShown       = 20
	databasesShown   = 50
	ownVersionsShown = 20
)

// ownPolicyShow shows a policy with what came of it.
func (s *Server) ownPolicyShow(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	p, err := s.Policies.Policy(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	here := "/policies/" + p.ID
	v := templates.OwnPolicy{Name: p.Name, Crumbs: []templates.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Name}}, Badge: policyBadge(p), Under: fmt.Sprintf("version %d", p.Version),
		Rules: ownRuleWords(p), Calendar: outlookCalendar(z, p),
		Actions:   []templates.Action{{Label: "Change", Href: here + "/edit", Primary: true}, {Label: "Back up now", Href: here + "/run"}, {Label: "Prune now", Href: here + "/prune"}},
		SlotsNone: templates.Empty{Title: "No slot has come yet.", Text: "The first one is drawn on the calendar; what becomes of each appears here."},
		None:      templates.Empty{Title: "No database of its servers is known yet.", Text: "Servers are looked at every minute; their databases appear here."},
		Danger:    []templates.Action{{Label: "Disable", Href: here + "/disable", Post: true}, {Label: "Remove", Href: here + "/remove", Danger: true}}}
	if !p.Enabled {
		v.Danger[0] = templates.Action{Label: "Enable", Href: here + "/enable", Post: true}
		v.Notes = append(v.Notes, templates.Help{Tone: templates.ToneWarn, Title: "This policy is disabled: it takes no backups, prunes nothing, and promises nothing.", Actions: []templates.Action{{Label: "Enable", Href: here + "/enable", Post: true, Small: true}}})
	}
	if v.Pairs, err = s.ownPolicyPairs(ctx, p, names); err != nil {
		return view{}, err
	}
	if err := s.ownPolicyDatabases(ctx, z, p, names, &v); err != nil {
		return view{}, err
	}
	if err := s.ownPolicySlots(ctx, c, z, p, &v); err != nil {
		return view{}, err
	}
	if v.Versions, err = s.ownVersions(ctx, z, p); err != nil {
		return view{}, err
	}
	return view{title: p.Name, section: "policies", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.PolicyPage(f, v) }}, nil
}

func (s *Server) ownPolicyPairs(ctx context.Context, p policy.Policy, names map[string]string) ([]templates.Pair, error) {
	var servers, how []string
	for _, id := range p.Servers {
		servers = append(servers, firstOf(names[id], id))
	}
	for _, one := range []struct {
		on   bool
		word string
	}{{p.How.Compress, "compressed"}, {p.How.Verify, "verified afterwards"}, {p.How.CopyOnly, "copy-only"}, {p.How.Stripes > 1, fmt.Sprintf("in %d files", p.How.Stripes)}} {
		if one.on {
			how = append(how, one.word)
		}
	}
	place := "nowhere: sets stay in the server's folder"
	if p.BucketID != "" {
		b, err := s.Endpoints.Bucket(ctx, p.BucketID)
		if err != nil {
			return nil, err
		}
		place = b.Name
	}
	missed := "skipped"
	if p.Missed == policy.MissedLate {
		missed = "start late, within " + templates.Span(p.Window)
	}
	all := "every database"
	if len(p.Databases.Include) > 0 {
		all = strings.Join(p.Databases.Include, ", ")
	}
	system := ""
	if p.Databases.System {
		system = "backed up too"
	}
	return []templates.Pair{{Key: "Servers", Value: strings.Join(servers, ", ")}, {Key: "Databases", Value: all}, {Key: "Left out", Value: strings.Join(p.Databases.Exclude, ", ")}, {Key: "System databases", Value: system},
		{Key: "Time zone", Value: p.Zone}, {Key: "Missed times", Value: missed}, {Key: "Backups are", Value: strings.Join(how, ", ")}, {Key: "Copied to", Value: place}}, nil
}

// ownPolicyDatabases fills in the protection of the databases it looks after
// and counts them.
func (s *Server) ownPolicyDatabases(ctx context.Context, z templates.Zone, p policy.Policy, names map[string]string, v *templates.OwnPolicy) error {
	var all []backup.Protection
	more := false
	for _, id := range p.Servers[:min(len(p.Servers), 20)] {
		known, err := s.Catalogue.Protections(ctx, backup.ProtectionFilter{InstanceID: id, Now: z.Now, Limit: 200})
		if err != nil {
			return err
		}
		more = more || len(known) == 200
		for _, d := range known {
			if chosen, _ := p.Databases.Chooses(d.Database); chosen {
				all = append(all, d)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b backup.Protection) int { return strings.Compare(a.Key(), b.Key()) })
	late, gone := 0, 0
	for i, d := range all {
		if d.Late(z.Now) {
			late++
		}
		if d.Unprotected() {
			gone++
		}
		if i < databasesShown {
			v.Databases = append(v.Databases, protectionRow(z, d, endpoint.Instance{ID: d.InstanceID, Traits: endpoint.Traits{Source: true}, Name: names[d.InstanceID]}))
		}
	}
	if n := len(all) - len(v.Databases); n > 0 || more || len(p.Servers) > 20 {
		v.MoreRows = fmt.Sprintf("The %d that are worst are shown.", len(v.Databases))
	}
	facts := []templates.Fact{{Label: "Databases", Value: fmt.Sprint(len(all)), Note: templates.Count(len(p.Servers), "server", "servers")},
		{Label: "Late", Value: fmt.Sprint(late), Note: "past their objective, or a backup is missing", Tone: toneIf(late > 0, templates.ToneBad)},
		{Label: "Cannot be restored", Value: fmt.Sprint(gone), Note: "no whole chain is known", Tone: toneIf(gone > 0, templates.ToneBad)}}
	if c, err := policy.NewCalendar(p); err == nil {
		o, simple := c.WorstRPO(z.Now, nil)
		rpo := templates.Fact{Label: "Worst-case RPO", Value: templates.Span(o), Note: "SIMPLE: " + templates.Span(simple), Words: true}
		if p.Objective > 0 {
			rpo.Note = "objective " + templates.Span(p.Objective)
			rpo.Tone = toneIf(o > p.Objective, templates.ToneWarn)
		}
		facts = append(facts, rpo)
		if next := nextSlots(z, p, 1); len(next) > 0 && p.Enabled {
			slices.SortFunc(next, func(a, b templates.SlotWords) int { return strings.Compare(a.When.Machine, b.When.Machine) })
			facts = append(facts, templates.Fact{Label: "Next", Value: next[0].When.UTC, Note: strings.ToLower(next[0].Kind.Text) + " · UTC", Title: next[0].When.Exact, Words: true})
		}
	}
	v.Facts = facts
	return nil
}

func toneIf(on bool, t templates.Tone) templates.Tone {
	if on {
		return t
	}
	return ""
}

// ownPolicySlots fills in what became of slots, and of orders by hand.
func (s *Server) ownPolicySlots(ctx context.Context, c echo.Context, z templates.Zone, p policy.Policy, v *templates.OwnPolicy) error {
	before := c.QueryParam("before")
	decided, err := s.Policies.Slots(ctx, p.ID, before, slotsShown)
	if err != nil {
		return err
	}
	works := map[string][]policy.BackupJob{}
	if before == "" {
		recent, err := s.Policies.Recent(ctx, p.ID, 5*slotsShown)
		if err != nil {
			return err
		}
		for _, w := range recent {
			if works[w.Slot.Key()] == nil && w.Slot.ByHand() {
				decided = append(decided, policy.Decided{Slot: w.Slot, Verdict: policy.Fired, Why: "Ordered by hand."})
			}
			works[w.Slot.Key()] = append(works[w.Slot.Key()], w)
		}
		slices.SortStableFunc(decided, func(a, b policy.Decided) int { return strings.Compare(b.Key(), a.Key()) })
	}
	for i, d := range decided {
		if i == slotsShown {
			break
		}
		row := slotWords(z, d)
		of, ok := works[d.Key()]
		if !ok && d.Verdict == policy.Fired {
			if of, err = s.Policies.Jobs(ctx, d.Slot); err != nil {
				return err
			}
		}
		for _, w := range of[:min(len(of), 4)] {
			r, err := s.Runs.Run(ctx, w.RunID)
			if err != nil {
				return err
			}
			row.Runs = append(row.Runs, templates.Link{Text: stateBadge(r.State).Text, Href: "/runs/" + r.ID})
		}
		if n := len(of) - 4; n > 0 {
			row.Runs = append(row.Runs, templates.Link{Text: fmt.Sprintf("and %d more servers", n)})
		}
		v.Slots = append(v.Slots, row)
	}
	if len(decided) >= slotsShown {
		last := decided[min(len(decided), slotsShown)-1]
		v.Older.Older = "/policies/" + p.ID + "?" + url.Values{"before": {last.Key()}}.Encode()
	}
	if before != "" {
		v.Older.Newer = "/policies/" + p.ID
	}
	return nil
}

// ownVersions word every version with what it changed.
func (s *Server) ownVersions(ctx context.Context, z templates.Zone, p policy.Policy) (out []templates.OwnVersion, err error) {
	all, err := s.Policies.Versions(ctx, policy.Subject(p.ID), ownVersionsShown)
	if err != nil {
		return nil, err
	}
	named, err := s.placeNames(ctx)
	if err != nil {
		return nil, err
	}
	for i, ver := range all {
		row := templates.OwnVersion{Number: fmt.Sprint(ver.Number), When: z.At(ver.At), Who: ver.Actor + " · " + ver.Via, Note: ver.Note, Current: ver.Number == p.Version}
		if !row.Current {
			row.Action = &templates.Action{Label: "Roll back…", Href: fmt.Sprintf("/policies/%s/rollback?number=%d", p.ID, ver.Number), Small: true}
		}
		switch {
		case ver.Number == 1:
			row.Changes = []string{"Made."}
		case i+1 < len(all):
			was, err := policy.ReadVersion(all[i+1])
			if err != nil {
				return nil, err
			}
			is, err := policy.ReadVersion(ver)
			if err != nil {
				return nil, err
			}
			for _, d := range policy.DiffPolicies(was, is) {
				if d.Field == policy.FieldServers || d.Field == policy.FieldBucket {
					d.Before, d.After = named(d.Before), named(d.After)
				}
				row.Changes = append(row.Changes, d.Words())
			}
		}
		out = append(out, row)
	}
	return out, nil
}
