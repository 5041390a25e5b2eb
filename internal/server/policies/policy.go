package policies

import (
	"cmp"
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
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

const (
	slotsShown       = 20
	databasesShown   = 50
	ownVersionsShown = 20
)

// show shows a policy with what came of it.
func (s *Pages) show(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	p, err := s.Policies.Policy(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	here := "/policies/" + p.ID
	v := views.Policy{Name: p.Name, Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Name}}, Badge: policyBadge(p), Under: fmt.Sprintf("version %d", p.Version),
		Rules: ruleWords(p), Calendar: outlookCalendar(z, p),
		Actions:   []kit.Action{{Label: "Change", Href: here + "/edit", Primary: true}, {Label: "Back up now", Href: here + "/run"}, {Label: "Prune now", Href: here + "/prune"}},
		SlotsNone: kit.Empty{Title: "No slot has come yet.", Text: "The first one is drawn on the calendar; what becomes of each appears here."},
		None:      kit.Empty{Title: "No database of its servers is known yet.", Text: "Servers are looked at every minute; their databases appear here."},
		Danger:    []kit.Action{{Label: "Disable", Href: here + "/disable", Post: true}, {Label: "Remove", Href: here + "/remove", Danger: true}}}
	if !p.Enabled {
		v.Danger[0] = kit.Action{Label: "Enable", Href: here + "/enable", Post: true}
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "This policy is disabled: it takes no backups, prunes nothing, and promises nothing.", Actions: []kit.Action{{Label: "Enable", Href: here + "/enable", Post: true, Small: true}}})
	}
	if v.Pairs, err = s.pairs(ctx, p, names); err != nil {
		return server.View{}, err
	}
	if err := s.databases(ctx, z, p, names, &v); err != nil {
		return server.View{}, err
	}
	if err := s.slots(ctx, c, z, p, &v); err != nil {
		return server.View{}, err
	}
	if v.Versions, err = s.versions(ctx, z, p); err != nil {
		return server.View{}, err
	}
	return server.View{Title: p.Name, Section: "policies", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.PolicyPage(f, v) }}, nil
}

func (s *Pages) pairs(ctx context.Context, p policy.Policy, names map[string]string) ([]kit.Pair, error) {
	var servers, how []string
	for _, id := range p.Servers {
		servers = append(servers, server.FirstOf(names[id], id))
	}
	for _, one := range []struct {
		on   bool
		word string
	}{{p.How.Compress, "compressed"}, {p.How.Verify, "verified afterwards"}, {p.How.CopyOnly, "copy-only"}, {p.How.Stripes > 1, fmt.Sprintf("in %d files", p.How.Stripes)},
		{p.How.BlockSize > 0, fmt.Sprintf("in blocks of %d bytes", p.How.BlockSize)}, {p.How.Transfer > 0, fmt.Sprintf("in transfers of %d bytes", p.How.Transfer)}, {p.How.Buffers > 0, fmt.Sprintf("with %d buffers", p.How.Buffers)},
		{p.How.Key != "", "encrypted under " + p.How.Key}, {p.How.AsBucket, "encrypted as their bucket says"}, {p.How.Overwrite, "written over what has their name"}} {
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
		missed = "start late, within " + kit.Span(p.Window)
	}
	all := "every database"
	if len(p.Databases.Include) > 0 {
		all = strings.Join(p.Databases.Include, ", ")
	}
	system := ""
	if p.Databases.System {
		system = "backed up too"
	}
	return []kit.Pair{{Key: "Servers", Value: strings.Join(servers, ", ")}, {Key: "Databases", Value: all}, {Key: "Left out", Value: strings.Join(p.Databases.Exclude, ", ")}, {Key: "System databases", Value: system},
		{Key: "Time zone", Value: p.Zone}, {Key: "Missed times", Value: missed}, {Key: "A run ends after", Value: kit.Span(cmp.Or(p.Longest, policy.UsualLongest))}, {Key: "Backups are", Value: strings.Join(how, ", ")}, {Key: "Copied to", Value: place}}, nil
}

// databases fills in the protection of the databases it looks after
// and counts them.
func (s *Pages) databases(ctx context.Context, z kit.Zone, p policy.Policy, names map[string]string, v *views.Policy) error {
	var all []backup.Protection
	more := false
	for _, id := range p.Servers[:min(len(p.Servers), 20)] {
		known, err := s.Catalogue.Protections(ctx, backup.ProtectionFilter{InstanceID: id, Now: z.Now, Limit: 200})
		if err != nil {
			return err
		}
		more = more || len(known) == 200
		for _, d := range known {
			if chosen, _ := p.Databases.Chooses(d.Database, d.Collation); chosen {
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
			v.Databases = append(v.Databases, server.ProtectionRow(z, d, endpoint.Instance{ID: d.InstanceID, Traits: endpoint.Traits{Source: true}, Name: names[d.InstanceID]}))
		}
	}
	if n := len(all) - len(v.Databases); n > 0 || more || len(p.Servers) > 20 {
		v.MoreRows = fmt.Sprintf("The %d that are worst are shown.", len(v.Databases))
	}
	facts := []kit.Fact{{Label: "Databases", Value: fmt.Sprint(len(all)), Note: kit.Count(len(p.Servers), "server", "servers")},
		{Label: "Late", Value: fmt.Sprint(late), Note: "past their objective, or a backup is missing", Tone: server.ToneIf(late > 0, kit.ToneBad)},
		{Label: "Cannot be restored", Value: fmt.Sprint(gone), Note: "no whole chain is known", Tone: server.ToneIf(gone > 0, kit.ToneBad)}}
	if c, err := policy.NewCalendar(p); err == nil {
		o, simple := c.WorstRPO(z.Now, nil)
		rpo := kit.Fact{Label: "Worst-case RPO", Value: kit.Span(o), Note: "SIMPLE: " + kit.Span(simple), Words: true}
		if p.Objective > 0 {
			rpo.Note = "objective " + kit.Span(p.Objective)
			rpo.Tone = server.ToneIf(o > p.Objective, kit.ToneWarn)
		}
		facts = append(facts, rpo)
		if next := nextSlots(z, p, 1); len(next) > 0 && p.Enabled {
			slices.SortFunc(next, func(a, b views.SlotWords) int { return strings.Compare(a.When.Machine, b.When.Machine) })
			facts = append(facts, kit.Fact{Label: "Next", Value: next[0].When.UTC, Note: strings.ToLower(next[0].Kind.Text) + " · UTC", Title: next[0].When.Exact, Words: true})
		}
	}
	v.Facts = facts
	return nil
}

// slots fills in what became of slots, and of orders by hand.
func (s *Pages) slots(ctx context.Context, c echo.Context, z kit.Zone, p policy.Policy, v *views.Policy) error {
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
		if d.Verdict == policy.Fired {
			if row.Badge, err = s.became(ctx, row.Badge, of); err != nil {
				return err
			}
		}
		for _, w := range of[:min(len(of), 4)] {
			r, err := s.Runs.Run(ctx, w.RunID)
			if err != nil {
				return err
			}
			row.Runs = append(row.Runs, kit.Link{Text: server.StateBadge(r.State).Text, Href: "/runs/" + r.ID})
		}
		if n := len(of) - 4; n > 0 {
			row.Runs = append(row.Runs, kit.Link{Text: fmt.Sprintf("and %d more servers", n)})
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

// versions word every version with what it changed.
func (s *Pages) versions(ctx context.Context, z kit.Zone, p policy.Policy) (out []views.Version, err error) {
	all, err := s.Policies.Versions(ctx, policy.Subject(p.ID), ownVersionsShown)
	if err != nil {
		return nil, err
	}
	named, err := s.placeNames(ctx)
	if err != nil {
		return nil, err
	}
	for i, ver := range all {
		row := views.Version{Number: fmt.Sprint(ver.Number), When: z.At(ver.At), Who: ver.Actor + " · " + ver.Via, Note: ver.Note, Current: ver.Number == p.Version}
		if !row.Current {
			row.Action = &kit.Action{Label: "Roll back…", Href: fmt.Sprintf("/policies/%s/rollback?number=%d", p.ID, ver.Number), Small: true}
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
