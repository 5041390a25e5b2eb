package policies

import (
	"context"
	"slices"
	"strconv"
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
	leftoversHere = "/policies/left-over"
	leftoverSets  = 200 // sets listed of one database
)

// leftovers lists the databases of which a policy has backups and takes no more.
func (s *Pages) leftovers(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	all, err := s.Leftovers.Store.Leftovers(ctx, c.QueryParam("after"), server.PageSize+1)
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Leftovers{Looked: "not looked at yet since this program began", Look: kit.Action{Label: "Look now", Href: leftoversHere + "/look", Post: true},
		Empty: kit.Empty{Title: "Nothing is left over.", Text: "Every database of which a policy has backups is still backed up by it. Dropped and moved databases, those that a policy leaves out, servers that left a policy and removed policies show here."}}
	if at := s.Leftovers.Looked(); !at.IsZero() {
		v.Looked = "looked at " + z.Ago(at)
	}
	for _, l := range all[:min(len(all), server.PageSize)] {
		v.Rows = append(v.Rows, leftoverRow(l, names))
	}
	v.Pager.Ordered = true
	if len(all) > server.PageSize {
		v.Pager.Older = leftoversHere + "?after=" + all[server.PageSize-1].ID
	}
	if c.QueryParam("after") != "" {
		v.Pager.Newer = leftoversHere
	}
	return server.View{Title: "Left-over backups", Section: "policies", Page: func(f kit.Frame) templ.Component { return views.LeftoversPage(f, v) }}, nil
}

func leftoverRow(l backupjob.Leftover, names map[string]string) views.LeftoverRow {
	r := views.LeftoverRow{Name: kit.Link{Text: l.Database, Href: leftoversHere + "/" + l.ID}, Server: names[l.InstanceID], Policy: kit.Link{Text: l.Found.Policy},
		Why: l.Found.Why.String(), Sets: strconv.Itoa(l.Sets), Size: kit.Bytes(l.Found.Bytes), Goes: "nothing more goes by itself"}
	if l.Reason != policy.PolicyRemoved {
		r.Policy.Href = "/policies/" + l.PolicyID
	}
	if l.Found.Goes > 0 {
		r.Goes = kit.Count(l.Found.Goes, "set goes", "sets go") + ", " + kit.Bytes(l.Found.GoesBytes).Text
		if !l.Reason.Unattended() {
			r.Goes += ", with the next run of the policy there"
		}
	}
	if l.Found.RunID != "" {
		r.Run = kit.Link{Text: "the pruning that was ordered", Href: "/runs/" + l.Found.RunID}
	}
	return r
}

// leftoversLook judges everything now.
func (s *Pages) leftoversLook(c echo.Context) error {
	if err := s.Leftovers.Turn(c.Request().Context()); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "Everything was looked at.")
	return server.SeeOther(c, leftoversHere)
}

// leftover shows one database: what keeps each set, and what a person may let go of.
func (s *Pages) leftover(c echo.Context) (server.View, error) { return s.leftoverView(c, nil) }

func (s *Pages) leftoverView(c echo.Context, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	seen, err := s.Leftovers.Clearing(ctx, c.Param("leftover"), z.Now.UTC().Truncate(time.Microsecond))
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Leftover{Title: "Left-over backups of " + seen.Database, Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: "Left-over backups", Href: leftoversHere}, {Text: seen.Database}},
		Words: seen.Found.Why.String(), Facts: leftoverFacts(seen, names)}
	v.Sets, v.More = leftoverSetsOf(z, seen)
	if problem := server.ProblemOf(refused); problem != nil {
		v.Notes = append(v.Notes, *problem)
	}
	if n := len(seen.Goes.Remove); n > 0 {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "The last backups of a database go with this.",
			Cause: "The newest chain, which no rule lets go of, is among the " + kit.Count(n, "set", "sets") + ". What is pinned, what was taken to be kept until a day, and what sets of others stand on stays.", Fix: "Pin first what may still be asked for, such as the newest full backup."})
		v.Form = &kit.Form{Action: leftoversHere + "/" + seen.ID, Submit: "Remove " + kit.Count(n, "set", "sets") + ", " + kit.Bytes(seen.Goes.Bytes).Text, Cancel: leftoversHere, Danger: true, Confirm: seen.Database,
			Hidden: []kit.Hidden{{Name: "at", Value: seen.At.Format(time.RFC3339Nano)}, {Name: "digest", Value: seen.Digest}},
			Fields: []kit.Field{{Name: "confirm", Label: "Type " + seen.Database + " to confirm", Mono: true, Autocomplete: "off"}}}
	} else {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneOK, Title: "There is nothing to let go of.", Cause: "Every set is pinned, kept until a day, or needed by one that is."})
	}
	out := server.View{Title: v.Title, Section: "policies", Page: func(f kit.Frame) templ.Component { return views.LeftoverPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

func leftoverFacts(seen backupjob.Clearing, names map[string]string) []kit.Fact {
	goes := kit.Fact{Label: "By the last rule", Value: "nothing more goes", Words: true}
	if n := len(seen.Stays.Remove); n > 0 {
		goes.Value, goes.Note = kit.Count(n, "set goes", "sets go"), kit.Bytes(seen.Stays.Bytes).Text
	}
	return []kit.Fact{
		{Label: "Database", Value: seen.Database, Note: "at " + names[seen.InstanceID], Words: true},
		{Label: "Policy", Value: seen.Found.Policy, Note: "as it was last saved", Words: true},
		{Label: "Held", Value: kit.Count(len(seen.Stays.Keep)+len(seen.Stays.Remove), "set", "sets"), Note: kit.Bytes(seen.Found.Bytes).Text, Words: true},
		goes,
	}
}

// leftoverSetsOf lists the sets, newest first, with what keeps each.
func leftoverSetsOf(z kit.Zone, seen backupjob.Clearing) (out []views.LeftoverSet, more string) {
	add := func(k policy.Kept, badge kit.Badge) {
		r := k.Record
		out = append(out, views.LeftoverSet{Badge: badge, PruneSet: views.PruneSet{Name: kit.Link{Text: "set", Href: "/sets/" + r.ID}, Kind: server.KindTag(string(r.Set.Kind)), When: z.At(r.Finished()), Size: kit.Bytes(r.Bytes()), Why: k.Why}})
	}
	for _, k := range slices.Backward(seen.Stays.Keep) {
		add(k, kit.Badge{Text: "stays", Tone: kit.ToneOK})
	}
	for _, r := range slices.Backward(seen.Stays.Remove) {
		add(policy.Kept{Record: r.Record, Why: r.Why}, kit.Badge{Text: "goes", Tone: kit.ToneWarn})
	}
	if n := len(out) - leftoverSets; n > 0 {
		return out[:leftoverSets], "And " + kit.Count(n, "older set", "older sets") + "."
	}
	return out, ""
}

// leftoverClear removes what the page showed and nothing else.
func (s *Pages) leftoverClear(c echo.Context) error {
	run, err := s.clear(c.Request().Context(), c)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.leftoverView(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "The removal is ordered.")
	return server.SeeOther(c, "/runs/"+run)
}

func (s *Pages) clear(ctx context.Context, c echo.Context) (run string, err error) {
	l, err := s.Leftovers.Store.Leftover(ctx, c.Param("leftover"))
	if err != nil {
		return "", err
	}
	if err := server.Typed(c, l.Database); err != nil {
		return "", err
	}
	at, err := time.Parse(time.RFC3339Nano, c.FormValue("at"))
	if err != nil {
		return "", server.Invalid("It is not told which look is meant.", "Look at it again.")
	}
	return s.Leftovers.Clear(ctx, l.ID, at, c.FormValue("digest"), backupjob.By{Actor: server.Actor(c), At: s.Now().UTC()})
}
