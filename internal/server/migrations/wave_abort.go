package migrations

import (
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// waveAbortAsk asks for the wave's name before all that is not open is given up.
func (s *Pages) waveAbortAsk(c echo.Context) (server.View, error) { return s.waveAbortView(c, nil) }

func (s *Pages) waveAbortView(c echo.Context, refused error) (server.View, error) {
	got, err := s.Progress.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/waves/" + got.Wave.ID
	v := views.WaveDecision{Title: "Abort " + got.Wave.Name, Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: got.Wave.Name, Href: here}, {Text: "Abort"}}}
	able, open, ended := 0, []string{}, 0
	for _, k := range got.Members {
		row := decisionRow(k)
		_, not := migration.Abort(k.M)
		switch {
		case !k.M.Opened.IsZero():
			open = append(open, k.Row.Database)
			row.Why = "Stays open."
		case k.Row.Stage.Ended():
			ended++
			row.Why = "Given up before."
		case k.M.LiveSource != nil && !k.M.LiveSource.AbortAsked.IsZero():
			ended++
			row.Why = "It is being aborted already."
		case not != nil:
			open = append(open, k.Row.Database)
			message, fix := fault.Words(not)
			row.Why = strings.TrimSpace(message + " " + fix)
		default:
			able++
			row.Why = "Its source stays writable; what the target holds is given up."
			if !k.M.LiveSource.Frozen.IsZero() {
				row.Why = "Its source is made writable again; what the target holds is given up."
			}
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []kit.Fact{{Label: "Databases", Value: fmt.Sprint(len(got.Members)), Note: kit.Count(able, "is aborted", "are aborted")}, sidesFact(got)}
	if able == 0 {
		v.Intro = "There is nothing to abort: every database of it is open, opening or given up."
		v.Notes = []kit.Help{{Tone: kit.ToneRun, Title: "What is open stays open", Cause: "See beside each where it can be written to.", Actions: []kit.Action{{Label: "Back", Href: here}}}}
		return refusedDecision(v, refused), nil
	}
	v.Intro = kit.Count(able, "database is", "databases are") + " given up; after it their sources are writable."
	v.Points = []string{
		"A backup that is being taken is stopped.",
		"A source that was frozen is made writable again. This comes first, and goes on only when the server says so.",
		"The restore task in the cloud is ended; the half-restored database on the target is dropped.",
		"Files that are complete stay, in the backup folder and in the bucket."}
	if len(open) > 0 {
		v.Notes = []kit.Help{{Tone: kit.ToneWarn, Title: kit.Count(len(open), "database stays", "databases stay") + " open or opening", Cause: "They are written to on the target: " + server.Clip(strings.Join(open, ", "), 600) + ".",
			Fix: "Applications that use several of these databases would then meet some here and some there."}}
	}
	v.Form = &kit.Form{Action: here + "/abort", Submit: "Abort " + kit.Count(able, "database", "databases"), Cancel: here, Danger: true, Confirm: got.Wave.Name}
	v.Form.Fields = []kit.Field{{Name: "why", Label: "Why", Optional: true, Value: server.Clip(c.FormValue("why"), drafting.WhyMost), Hint: "Kept with each, and printed in the report."}, confirmField(got.Wave.Name, v.Form, refused)}
	return waveDecisionView(v, refused), nil
}

// waveAbortOrder aborts what is not open.
func (s *Pages) waveAbortOrder(c echo.Context) error {
	id := c.Param("id")
	results, err := wave.OrderAbort(c.Request().Context(), s.Migrations, id, c.FormValue("confirm"), server.Clip(strings.TrimSpace(c.FormValue("why")), drafting.WhyMost), s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveAbortView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	done, left := split(results)
	words, tone := "Ordered: "+kit.Count(done, "database is", "databases are")+" given up and the sources given back.", kit.ToneOK
	if len(left) > 0 {
		tone, words = kit.ToneWarn, words+" Not these: "+server.Clip(strings.Join(left, "; "), 600)+"."
	}
	s.Say(c, tone, words)
	return server.SeeOther(c, "/waves/"+id)
}
