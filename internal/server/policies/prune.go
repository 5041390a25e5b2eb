package policies

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

const (
	pruneDatabases = 30 // databases listed in a preview
	pruneSets      = 40 // sets listed of one of them
	pruneSpans     = 12 // lost stretches listed of one
)

func sortMarks(ms []kit.CalendarMark) {
	slices.SortStableFunc(ms, func(a, b kit.CalendarMark) int { return a.At.Compare(b.At) })
}

// losing words which sets a change lets go of.
func (s *Pages) losing(ctx context.Context, z kit.Zone, p policy.Preview) (v views.PruneView, err error) {
	v.Title, v.Words = "What goes because of it", "No set goes that would otherwise stay."
	names, err := s.InstanceNames(ctx)
	if err != nil || len(p.Loses) == 0 {
		return v, err
	}
	sets := 0
	for _, l := range p.Loses {
		sets += len(l.Goes)
		if len(v.Databases) < pruneDatabases {
			v.Databases = append(v.Databases, pruneDatabase(z, names, l.InstanceID, l.Database, l.Goes, l.Lost))
		}
	}
	v.Words = fmt.Sprintf("%s of %s, %s, would go with the next pruning that the rules in force keep.", kit.Count(sets, "set", "sets"), kit.Count(len(p.Loses), "database", "databases"), kit.Bytes(p.Bytes).Text)
	v.More = moreDatabases(len(p.Loses), p.Beyond)
	return v, nil
}

func moreDatabases(n int, beyond bool) string {
	switch {
	case beyond:
		return "There are more databases than were looked at: theirs go by the same rules."
	case n > pruneDatabases:
		return fmt.Sprintf("And %d more databases.", n-pruneDatabases)
	}
	return ""
}

func pruneDatabase(z kit.Zone, names map[string]string, instanceID, database string, goes []policy.Removal, lost []policy.Span) views.PruneDatabase {
	d := views.PruneDatabase{Name: kit.Link{Text: database + " · " + names[instanceID], Href: server.DatabaseHref(instanceID, database)}}
	for _, r := range goes[:min(len(goes), pruneSets)] {
		d.Sets = append(d.Sets, views.PruneSet{Name: kit.Link{Text: "set", Href: "/sets/" + r.Record.ID}, Kind: server.KindTag(string(r.Record.Set.Kind)), When: z.At(r.Record.Finished()), Size: kit.Bytes(r.Record.Bytes()), Why: r.Why})
	}
	if n := len(goes) - len(d.Sets); n > 0 {
		d.More = fmt.Sprintf("And %d more sets.", n)
	}
	for i, l := range lost {
		if i == pruneSpans {
			d.Lost = append(d.Lost, fmt.Sprintf("and %d more stretches", len(lost)-i))
			break
		}
		d.Lost = append(d.Lost, spanWords(z, l))
	}
	return d
}

func spanWords(z kit.Zone, s policy.Span) string {
	if s.From.Equal(s.To) {
		return "the moment " + z.At(s.From).Exact
	}
	return "every moment from " + z.At(s.From).Exact + " to " + z.At(s.To).Exact
}

// pruneAsk shows exactly what pruning now would remove.
func (s *Pages) pruneAsk(c echo.Context) (server.View, error) { return s.pruneView(c, nil) }

func (s *Pages) pruneView(c echo.Context, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	p, err := s.Policies.Policy(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	at := z.Now.UTC().Truncate(time.Microsecond)
	seen, err := s.Pruner.Preview(ctx, p.ID, at)
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	here := "/policies/" + p.ID
	v := views.Prune{Title: "Prune by " + p.Name, Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Name, Href: here}, {Text: "Prune"}},
		Goes: views.PruneView{Title: "What goes", Words: "Nothing: every set is wanted by a rule, pinned, or needed by one that is.", More: moreDatabases(len(seen.Databases), false)}}
	spans := 0
	for i, d := range seen.Databases {
		spans += len(d.Lost)
		if i < pruneDatabases {
			v.Goes.Databases = append(v.Goes.Databases, pruneDatabase(z, names, d.InstanceID, d.Database, d.Remove, d.Lost))
		}
	}
	v.Facts = []kit.Fact{{Label: "Goes", Value: kit.Count(seen.Sets, "set", "sets"), Note: "of " + kit.Count(len(seen.Databases), "database", "databases"), Words: true},
		{Label: "Freed", Value: kit.Bytes(seen.Bytes).Text, Title: kit.Bytes(seen.Bytes).Exact, Note: "in folders and buckets", Words: true},
		{Label: "Restore points lost", Value: kit.Count(spans, "stretch", "stretches"), Note: "listed below", Words: true}}
	if problem := server.ProblemOf(refused); problem != nil {
		v.Notes = append(v.Notes, *problem)
	}
	if seen.Sets > 0 {
		v.Goes.Words = "Everything else stays: what a rule wants, what is pinned, and what those need for their restore."
		v.Form = &kit.Form{Action: here + "/prune", Submit: "Remove them", Cancel: here, Danger: true, Confirm: p.Name,
			Hidden: []kit.Hidden{{Name: "at", Value: at.Format(time.RFC3339Nano)}, {Name: "digest", Value: seen.Digest}},
			Fields: []kit.Field{{Name: "confirm", Label: "Type " + p.Name + " to confirm", Mono: true, Autocomplete: "off"}}}
	} else {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneOK, Title: "There is nothing to prune now.", Cause: "After each full and differential backup that succeeded, the policy prunes by itself."})
	}
	out := server.View{Title: v.Title, Section: "policies", Page: func(f kit.Frame) templ.Component { return views.PrunePage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// pruneOrder removes what the preview showed and nothing else.
func (s *Pages) pruneOrder(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	p, err := s.Policies.Policy(ctx, id)
	if err != nil {
		return err
	}
	at, timeErr := time.Parse(time.RFC3339Nano, c.FormValue("at"))
	run := ""
	if err = server.Typed(c, p.Name); err == nil && timeErr != nil {
		err = server.Invalid("It is not told which preview is meant.", "Look at the preview again.")
	}
	if err == nil {
		run, err = backupjob.PruneNow(ctx, s.Pruner, id, at, c.FormValue("digest"), s.NewID, backupjob.By{Actor: server.Actor(c), At: s.Now().UTC()})
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.pruneView(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "The pruning is ordered.")
	return server.SeeOther(c, "/runs/"+run)
}
