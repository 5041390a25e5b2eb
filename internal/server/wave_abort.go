package server

import (
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// whyMost is how long a person's reason may be, in characters.
const whyMost = 500

// waveAbortAsk asks for the wave's name before all that is not open is given up.
func (s *Server) waveAbortAsk(c echo.Context) (view, error) { return s.waveAbortView(c, nil) }

func (s *Server) waveAbortView(c echo.Context, refused error) (view, error) {
	got, err := s.readWave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/waves/" + got.wave.ID
	v := templates.WaveDecision{Title: "Abort " + got.wave.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: got.wave.Name, Href: here}, {Text: "Abort"}}}
	able, open, ended := 0, []string{}, 0
	for _, k := range got.members {
		row := decisionRow(k)
		_, not := migration.Abort(k.m)
		switch {
		case !k.m.Opened.IsZero():
			open = append(open, k.row.Database)
			row.Why = "Stays open."
		case k.row.Stage.Ended():
			ended++
			row.Why = "Given up before."
		case k.m.LiveSource != nil && !k.m.LiveSource.AbortAsked.IsZero():
			ended++
			row.Why = "It is being aborted already."
		case not != nil:
			open = append(open, k.row.Database)
			message, fix := fault.Words(not)
			row.Why = strings.TrimSpace(message + " " + fix)
		default:
			able++
			row.Why = "Its source stays writable; what the target holds is given up."
			if !k.m.LiveSource.Frozen.IsZero() {
				row.Why = "Its source is made writable again; what the target holds is given up."
			}
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []templates.Fact{{Label: "Databases", Value: fmt.Sprint(len(got.members)), Note: templates.Count(able, "is aborted", "are aborted")}, sidesFact(got)}
	if able == 0 {
		v.Intro = "There is nothing to abort: every database of it is open, opening or given up."
		v.Notes = []templates.Help{{Tone: templates.ToneRun, Title: "What is open stays open", Cause: "See beside each where it can be written to.", Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return refusedDecision(v, refused), nil
	}
	v.Intro = templates.Count(able, "database is", "databases are") + " given up; after it their sources are writable."
	v.Points = []string{
		"A backup that is being taken is stopped.",
		"A source that was frozen is made writable again. This comes first, and goes on only when the server says so.",
		"The restore task in the cloud is ended; the half-restored database on the target is dropped.",
		"Files that are complete stay, in the backup folder and in the bucket."}
	if len(open) > 0 {
		v.Notes = []templates.Help{{Tone: templates.ToneWarn, Title: templates.Count(len(open), "database stays", "databases stay") + " open or opening", Cause: "They are written to on the target: " + clip(strings.Join(open, ", "), 600) + ".",
			Fix: "Applications that use several of these databases would then meet some here and some there."}}
	}
	v.Form = &templates.Form{Action: here + "/abort", Submit: "Abort " + templates.Count(able, "database", "databases"), Cancel: here, Danger: true, Confirm: got.wave.Name}
	v.Form.Fields = []templates.Field{{Name: "why", Label: "Why", Optional: true, Value: clip(c.FormValue("why"), whyMost), Hint: "Kept with each, and printed in the report."}, confirmField(got.wave.Name, v.Form, refused)}
	return waveDecisionView(v, refused), nil
}

// waveAbortOrder aborts what is not open.
func (s *Server) waveAbortOrder(c echo.Context) error {
	id := c.Param("id")
	results, err := migration.OrderWaveAbort(c.Request().Context(), s.Migrations, id, c.FormValue("confirm"), clip(strings.TrimSpace(c.FormValue("why")), whyMost), s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveAbortView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if err != nil {
		return err
	}
	done, left := split(results)
	words, tone := "Ordered: "+templates.Count(done, "database is", "databases are")+" given up and the sources given back.", templates.ToneOK
	if len(left) > 0 {
		tone, words = templates.ToneWarn, words+" Not these: "+clip(strings.Join(left, "; "), 600)+"."
	}
	s.say(c, tone, words)
	return seeOther(c, "/waves/"+id)
}
