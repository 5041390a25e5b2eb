package migrations

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// wavePage cuts the page out of a wave's databases that comes after one of
// them, and tells the one that the next page comes after.
func wavePage(members []progress.Member, after string) (page []progress.Member, next string) {
	for i, k := range members {
		if k.Row.ID == after {
			members = members[i+1:]
			break
		}
	}
	if len(members) > server.PageSize {
		return members[:server.PageSize], members[server.PageSize-1].Row.ID
	}
	return members, ""
}

// waveShow shows the databases of a wave on their way.
func (s *Pages) waveShow(c echo.Context) (server.View, error) {
	z := s.Zone(c)
	got, err := s.Progress.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here, t := "/waves/"+got.Wave.ID, got.Tally()
	v := views.Wave{Name: got.Wave.Name, Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: got.Wave.Name}}, Path: "begun " + z.At(got.Wave.Created).UTC + " UTC", Badge: tallyBadge(t),
		Facts: waveFacts(z, got, t), Needs: waveNeeds(got), Empty: kit.Empty{Title: "No database of this wave was started.", Text: "Each was refused when the order was given. Make a new wave."}}
	cut := kit.Action{Label: "Cut over…", Href: here + "/cutover", Primary: true}
	if got.Rest() {
		cut.Label = "Cut over the rest…"
	} else if cut.Off = got.NotReady(); cut.Off != "" {
		cut.Primary = false
	}
	v.Actions = []kit.Action{{Label: "Report", Href: here + "/report"}}
	if slices.ContainsFunc(got.Members, func(k progress.Member) bool { return !k.Row.Begun && !k.Row.Stage.Ended() }) {
		v.Actions = append(v.Actions, kit.Action{Label: "Order…", Href: here + "/order"})
	}
	if got.Abortable() {
		v.Actions = append(v.Actions, kit.Action{Label: "Abort…", Href: here + "/abort", Danger: true})
	}
	v.Actions = append(v.Actions, cut)
	v.Checks, v.Bounds = checks(got.Wave.Findings), s.waveBounds(got.Calls())
	after := c.QueryParam("after")
	page, next := wavePage(got.Members, after)
	for _, k := range page {
		v.Members = append(v.Members, s.waveMemberRow(c, k))
	}
	if next != "" {
		v.Pager.Older = here + "?" + url.Values{"after": {next}}.Encode()
	}
	if after != "" {
		v.Pager.Newer = here
	}
	if len(page) < len(got.Members) {
		v.Pager.Ordered = true
		v.Pager.Words = fmt.Sprintf("%d of %d", len(page), len(got.Members))
	}
	return server.View{Title: got.Wave.Name, Section: "migrations", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.WavePage(f, v) }}, nil
}

func (s *Pages) waveMemberRow(c echo.Context, k progress.Member) views.WaveMember {
	row := views.WaveMember{Name: kit.Link{Text: k.Row.Database, Href: "/migrations/" + k.Row.ID}, Badge: migrationBadge(k.M, k.Row.RunState), Progress: s.SummaryProgress(c.Request().Context(), k.Row), Next: server.OneLine(k.Row.Message.String(), 140)}
	side, why := wave.WritableAt(k.M)
	row.Place, row.Writable, row.WritableWhy = strconv.Itoa(k.Row.Rank), sideBadge(side), why
	if !k.Row.Begun && !k.Row.Stage.Ended() && k.M.Ahead > 0 {
		row.Badge = kit.Badge{Text: "waits its turn"}
	}
	if row.Next == "" {
		row.Next = why
	}
	if k.Row.Problem != "" && !k.Row.Stage.Ended() {
		row.Badge = kit.Badge{Text: server.ProblemWords(k.Row.Problem), Tone: kit.ToneBad}
	}
	if progress.Following(k.M) && k.Lag.Since > 0 {
		row.Behind = kit.Span(coarse(max(k.Lag.Since, time.Second)))
	}
	if k.Told && k.Lag.Bytes >= 0 {
		row.Log = kit.Bytes(k.Lag.Bytes).Text + " of log"
	}
	switch stop := migration.Measured(k.M); {
	case stop.Known:
		row.Stop = "Writes were stopped for " + kit.Span(stop.Total()) + "."
	case k.M.LiveSource != nil && !k.M.LiveSource.GivenBack.IsZero():
		row.Stop = "The source is writable again."
	}
	return row
}

// waveFacts are the figures of a wave.
func waveFacts(z kit.Zone, got progress.Wave, t progress.Tally) []kit.Fact {
	facts := []kit.Fact{{Label: "Databases", Value: fmt.Sprint(t.All), Note: tallyWords(t)},
		{Label: "Following", Value: fmt.Sprintf("%d of %d", t.Follow, t.All), Note: "ready for the cutover"}}
	behind, longest, asked := time.Duration(0), time.Duration(0), time.Time{}
	who := ""
	for _, k := range got.Members {
		if progress.Following(k.M) && k.Lag.Since > behind {
			behind, who = k.Lag.Since, k.Row.Database
		}
		if k.At.After(asked) {
			asked = k.At
		}
		longest = max(longest, migration.Measured(k.M).Total())
	}
	switch {
	case behind > 0:
		fact := kit.Fact{Label: "Behind at most", Value: kit.Span(coarse(max(behind, time.Second))), Note: who}
		if !asked.IsZero() {
			fact.Title = "source asked " + z.Clock(asked).UTC + " UTC"
		}
		facts = append(facts, fact)
	case longest > 0:
		facts = append(facts, kit.Fact{Label: "Writes stopped at most", Value: kit.Span(longest), Note: "for one database", Tone: kit.ToneOK})
	}
	if t.Cutting > 0 || t.Ended > 0 || t.Needs > 0 {
		facts = append(facts, sidesFact(got))
	}
	return append(facts, kit.Fact{Label: "Files applied", Value: fmt.Sprintf("%d of %d", t.Applied, t.Files), Note: "over all databases"})
}

// waveNeeds names the databases that stand still until a person acts.
func waveNeeds(got progress.Wave) (out []kit.Help) {
	for _, k := range got.Members {
		if k.Row.Stage.Ended() || !k.Row.RunState.NeedsPerson() {
			continue
		}
		h := kit.Help{Title: k.Row.Database + " stands still", Cause: server.OneLine(k.Row.Message.String(), 300), Actions: []kit.Action{{Label: "Look at it", Href: "/migrations/" + k.Row.ID}}}
		if p := k.M.Problem; p != nil {
			h.Cause, h.Fix = p.Cause.String(), p.Fix.String()
		}
		if k.Row.RunState == run.Paused {
			h.Tone, h.Title = kit.ToneWarn, k.Row.Database+" is paused"
		}
		out = append(out, h)
	}
	if len(out) > 10 {
		more := kit.Help{Tone: kit.ToneWarn, Title: fmt.Sprintf("%d more stand still", len(out)-10), Cause: "They are marked in the table below."}
		out = append(out[:10], more)
	}
	return out
}
