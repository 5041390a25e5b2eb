package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// waveCutoverAsk asks once more before the writes to many databases are stopped.
func (s *Server) waveCutoverAsk(c echo.Context) (view, error) {
	return s.waveCutoverView(c, nil, nil)
}

// waveCutoverView is the question; after an order that was refused it says
// beside each database what became of it.
func (s *Server) waveCutoverView(c echo.Context, results []migration.Result, refused error) (view, error) {
	got, err := s.readWave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/waves/" + got.wave.ID
	v := templates.WaveCutover{Title: "Cut over " + got.wave.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: got.wave.Name, Href: here}, {Text: "Cut over"}}}
	became := map[string]error{}
	for _, r := range results {
		became[r.ID] = r.Err
	}
	var longest, sum time.Duration
	able, untold := 0, 0
	for _, k := range got.members {
		if k.row.Stage.Ended() {
			continue
		}
		row := templates.WaveStop{Name: templates.Link{Text: k.row.Database, Href: "/migrations/" + k.row.ID}, Badge: templates.Badge{Text: "ready", Tone: templates.ToneOK}}
		_, why := migration.Cutover(k.m)
		if err := became[k.row.ID]; err != nil {
			why = err
		}
		switch {
		case why != nil:
			message, fix := fault.Words(why)
			row.Badge, row.Why = templates.Badge{Text: "not ready", Tone: templates.ToneWarn}, strings.TrimSpace(message+" "+fix)
			if !k.m.Feed.CutoverAsked.IsZero() {
				row.Badge = templates.Badge{Text: "ordered", Tone: templates.ToneRun}
			}
		case k.stop.Known:
			able++
			longest, sum = max(longest, k.stop.Total()), sum+k.stop.Total()
			row.Stop, row.Tail, row.Parts = "≈ "+roundly(k.stop.Total()), templates.Bytes(k.stop.Bytes).Text, stopParts(k.stop)
		default:
			able++
			untold++
			row.Stop, row.Why = "not told", k.stop.Why
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []templates.Fact{{Label: "Databases", Value: fmt.Sprint(len(v.Rows)), Note: fmt.Sprintf("%d ready", able)}}
	if longest > 0 {
		v.Facts = append(v.Facts, templates.Fact{Label: "Writes stop at most", Value: "≈ " + roundly(longest), Note: "the longest of them, alone"},
			templates.Fact{Label: "One after the other", Value: "≈ " + roundly(sum), Note: "if nothing could run side by side"})
	}
	if first := firstLive(got); first != nil {
		v.Points = cutoverPoints(*first, first.SourceServer)
	}
	out := view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.WaveCutoverPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	if why := got.notReady(); why != "" {
		v.Intro = "It cannot be cut over now. " + why
		v.Notes = []templates.Help{{Tone: templates.ToneWarn, Title: "All or none", Cause: "While one cannot be cut over, the others keep following.", Fix: "See beside each what it waits for, or abort or cut over those that must not wait on their own pages.", Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return out, nil
	}
	v.Intro = fmt.Sprintf("Writes to %s stop, and their last logs go to the target.", templates.Count(able, "database", "databases"))
	v.Notes = waveCutoverNotes(untold)
	field := templates.Field{Name: "confirm", Label: "Type " + got.wave.Name + " to confirm", Mono: true, Autocomplete: "off"}
	v.Form = &templates.Form{Action: here + "/cutover", Submit: "Cut over " + templates.Count(able, "database", "databases"), Cancel: here, Danger: true, Confirm: got.wave.Name}
	if fault.Is(refused, fault.Invalid) {
		message, fix := fault.Words(refused)
		field.Error = strings.TrimSpace(message + " " + fix)
	} else {
		v.Form.Problem = problemOf(refused)
	}
	v.Form.Fields = []templates.Field{field}
	return out, nil
}

// firstLive is a migration of the wave that has not ended; they are alike in
// what happens to them.
func firstLive(got waveSight) *migration.Migration {
	for i := range got.members {
		if m := &got.members[i].m; !m.Stage.Ended() && m.Feed != nil {
			return m
		}
	}
	return nil
}

func waveCutoverNotes(untold int) (out []templates.Help) {
	if untold > 0 {
		out = append(out, templates.Help{Tone: templates.ToneWarn, Title: "For " + templates.Count(untold, "database", "databases") + " it cannot be told how long it takes", Cause: "See beside them why."})
	}
	return append(out,
		templates.Help{Tone: templates.ToneRun, Title: "They share the way", Cause: "Each figure is for a database that goes alone. The server, the line and the instance are shared and uploads take turns, so together each takes longer: between the longest figure and the sum of all."},
		templates.Help{Tone: templates.ToneRun, Title: "Each has its own gate", Cause: "A target is opened only if its last LSN equals that of its tail. One that stops does not hold the others.", Fix: "Until the order to open is given, each can be aborted on its own page, which makes its source writable again."})
}

func stopParts(stop migration.Stop) string {
	var parts []string
	for _, p := range []struct {
		name string
		took time.Duration
	}{{"tail", stop.Tail}, {"upload", stop.Upload}, {"apply", stop.Apply}, {"open", stop.Open}, {"ours", stop.Ours}} {
		parts = append(parts, p.name+" "+spanOf(max(p.took, 0)))
	}
	return strings.Join(parts, ", ")
}

// waveCutoverOrder orders the cutover of all databases of a wave.
func (s *Server) waveCutoverOrder(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	w, err := s.Migrations.Wave(ctx, id)
	if err != nil {
		return err
	}
	var results []migration.Result
	if typed := c.FormValue("confirm"); typed != w.Name {
		err = fault.Newf(fault.Invalid, "The name typed is not %s.", w.Name).WithFix("Type the name of the wave to cut it over.")
	} else {
		results, err = migration.OrderWaveCutover(ctx, s.Migrations, id, s.by(c))
		err = wholly(results, err)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveCutoverView(c, results, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "Ordered: the cutover of "+templates.Count(len(results), "database", "databases")+" begins.")
	return seeOther(c, "/waves/"+id)
}

// wholly turns an order that some databases did not take into a conflict.
func wholly(results []migration.Result, err error) error {
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return fault.Newf(fault.Conflict, "%d of %d databases did not take the order.", failed, len(results)).WithFix("See beside each why; the others are being cut over. Order it for these on their own pages.")
}
