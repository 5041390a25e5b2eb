package server

import (
	"context"
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

// waveCutoverView is the question: for all of them, or for the rest once the
// joint cutover began and some stopped. After an order that was refused it says
// beside each database what became of it.
func (s *Server) waveCutoverView(c echo.Context, results []migration.Result, refused error) (view, error) {
	got, err := s.readWave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here, rest, why := "/waves/"+got.wave.ID, got.rest(), got.notReady()
	v := templates.WaveDecision{Title: "Cut over " + got.wave.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: got.wave.Name, Href: here}, {Text: "Cut over"}}, Timed: true}
	decide := migration.Cutover
	if rest {
		v.Title, decide = "Cut over the rest of "+got.wave.Name, migration.Resume
	}
	became := map[string]error{}
	for _, r := range results {
		became[r.ID] = r.Err
	}
	var longest, sum time.Duration
	able, untold := 0, 0
	for _, k := range got.members {
		row := decisionRow(k)
		if k.row.Stage.Ended() {
			if rest {
				v.Rows = append(v.Rows, row)
			}
			continue
		}
		_, not := decide(k.m)
		if err := became[k.row.ID]; err != nil {
			not = err
		}
		switch {
		case not != nil:
			message, fix := fault.Words(not)
			row.Badge, row.Why = templates.Badge{Text: "not ready", Tone: templates.ToneWarn}, strings.TrimSpace(message+" "+fix)
			if k.m.LiveSource != nil && !k.m.LiveSource.CutoverAsked.IsZero() {
				row.Badge = templates.Badge{Text: "ordered", Tone: templates.ToneRun}
			}
		case k.m.LiveSource != nil && !k.m.LiveSource.CutoverAsked.IsZero():
			able++
			row.Badge, row.Why = templates.Badge{Text: "goes on", Tone: templates.ToneOK}, "It stands still and is tried again."
			if p := k.m.Problem; p != nil {
				row.Why = "It stands still: " + p.Cause + " It is tried again."
			}
		case k.stop.Known:
			able++
			row.Badge = templates.Badge{Text: "ready", Tone: templates.ToneOK}
			longest, sum = max(longest, k.stop.Total()), sum+k.stop.Total()
			row.Stop, row.Tail, row.Parts = "≈ "+roundly(k.stop.Total()), templates.Bytes(k.stop.Bytes).Text, stopParts(k.stop)
		default:
			able++
			untold++
			row.Badge = templates.Badge{Text: "ready", Tone: templates.ToneOK}
			row.Stop, row.Why = "not told", k.stop.Why
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []templates.Fact{{Label: "Databases", Value: fmt.Sprint(len(v.Rows)), Note: fmt.Sprintf("%d ready", able)}}
	if longest > 0 {
		v.Facts = append(v.Facts, templates.Fact{Label: "Writes stop at most", Value: "≈ " + roundly(longest), Note: "the longest of them, alone"},
			templates.Fact{Label: "One after the other", Value: "≈ " + roundly(sum), Note: "if nothing could run side by side"})
	}
	if rest {
		v.Facts = append(v.Facts, sidesFact(got))
	}
	if first := firstLive(got); first != nil {
		v.Points = cutoverPoints(*first, first.SourceServer)
	}
	if why != "" && !rest {
		v.Intro = "It cannot be cut over now. " + why
		v.Notes = []templates.Help{{Tone: templates.ToneWarn, Title: "All or none", Cause: "While one cannot be cut over, the others keep following.", Fix: "See beside each what it waits for, or abort or cut over those that must not wait on their own pages.", Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return refusedDecision(v, refused), nil
	}
	v.Intro = fmt.Sprintf("Writes to %s stop, and their last logs go to the target.", templates.Count(able, "database", "databases"))
	v.Notes = waveCutoverNotes(untold)
	submit, action := "Cut over "+templates.Count(able, "database", "databases"), here+"/cutover"
	if rest {
		action = here + "/rest"
		v.Intro += " The others stay as they are."
		v.Notes = append([]templates.Help{{Tone: templates.ToneWarn, Title: "The joint cutover began", Cause: "Some are through or under way, so what is left no longer waits for all: those marked ready go, the others stay as they are.",
			Fix: "Or give up what is left.", Actions: []templates.Action{{Label: "Abort what is not open…", Href: here + "/abort", Danger: true}}}}, v.Notes...)
	}
	v.Form = &templates.Form{Action: action, Submit: submit, Cancel: here, Danger: true, Confirm: got.wave.Name}
	v.Form.Fields = []templates.Field{confirmField(got.wave.Name, v.Form, refused)}
	return waveDecisionView(v, refused), nil
}

func waveDecisionView(v templates.WaveDecision, refused error) view {
	out := view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.WaveDecisionPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out
}

// refusedDecision is a decision that has no form any more: what was wrong with
// the order stands among the notes.
func refusedDecision(v templates.WaveDecision, refused error) view {
	if p := problemOf(refused); p != nil {
		v.Notes = append([]templates.Help{*p}, v.Notes...)
	}
	return waveDecisionView(v, refused)
}

// confirmField is where the wave's name is typed; what was wrong with the form
// as a whole goes to the form.
func confirmField(name string, f *templates.Form, refused error) templates.Field {
	field := templates.Field{Name: "confirm", Label: "Type " + name + " to confirm", Mono: true, Autocomplete: "off"}
	if fault.Is(refused, fault.Invalid) {
		message, fix := fault.Words(refused)
		field.Error = strings.TrimSpace(message + " " + fix)
	} else {
		f.Problem = problemOf(refused)
	}
	return field
}

// decisionRow is a database with where it can be written to now.
func decisionRow(k waveMember) templates.WaveVerdict {
	side, why := migration.WritableAt(k.m)
	row := templates.WaveVerdict{Name: templates.Link{Text: k.row.Database, Href: "/migrations/" + k.row.ID}, Badge: migrationBadge(k.m, k.row.RunState)}
	row.Writable, row.WritableWhy = sideBadge(side), why
	return row
}

// firstLive is a migration of the wave that has not ended; they are alike in
// what happens to them.
func firstLive(got waveSight) *migration.Migration {
	for i := range got.members {
		if m := &got.members[i].m; !m.Stage.Ended() && m.LiveSource != nil {
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
		templates.Help{Tone: templates.ToneRun, Title: "Each has its own gate", Cause: "A target is opened only if its last LSN equals that of its tail. One that stops does not hold the others.", Fix: "Until the order to open is given, each can be aborted on its own page, or all that are not open together; that makes the sources writable again."})
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
	return s.waveOrder(c, migration.OrderWaveCutover, wholly)
}

// waveRestOrder orders the cutover of those that are left and can.
func (s *Server) waveRestOrder(c echo.Context) error {
	return s.waveOrder(c, migration.OrderWaveRest, func(_ []migration.Result, err error) error { return err })
}

type waveOrder func(ctx context.Context, st migration.Store, waveID string, predicted map[string]migration.Stop, by migration.By) ([]migration.Result, error)

func (s *Server) waveOrder(c echo.Context, order waveOrder, verdict func([]migration.Result, error) error) error {
	ctx, id := c.Request().Context(), c.Param("id")
	w, err := s.Migrations.Wave(ctx, id)
	if err != nil {
		return err
	}
	var results []migration.Result
	if typed := c.FormValue("confirm"); typed != w.Name {
		err = fault.Newf(fault.Invalid, "The name typed is not %s.", w.Name).WithFix("Type the name of the wave to cut it over.")
	} else {
		predicted, readErr := s.predicted(ctx, id)
		if readErr != nil {
			return readErr
		}
		results, err = order(ctx, s.Migrations, id, predicted, s.by(c))
		err = verdict(results, err)
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
	done, left := split(results)
	words, tone := "Ordered: the cutover of "+templates.Count(done, "database", "databases")+" begins.", templates.ToneOK
	if len(left) > 0 {
		tone, words = templates.ToneWarn, words+" Left as they are: "+clip(strings.Join(left, "; "), 600)+"."
	}
	s.say(c, tone, words)
	return seeOther(c, "/waves/"+id)
}

// foretold is how long writes would stop for each database of a wave, by its
// migration's id.
func (s *Server) predicted(ctx context.Context, waveID string) (map[string]migration.Stop, error) {
	got, err := s.readWave(ctx, waveID)
	if err != nil {
		return nil, err
	}
	out := map[string]migration.Stop{}
	for _, k := range got.members {
		if k.stop.Known {
			out[k.row.ID] = k.stop
		}
	}
	return out, nil
}

// split counts those that took an order and words those that did not.
func split(results []migration.Result) (done int, left []string) {
	for _, r := range results {
		if r.Err == nil {
			done++
			continue
		}
		message, _ := fault.Words(r.Err)
		left = append(left, r.Database+" ("+strings.TrimSuffix(message, ".")+")")
	}
	return done, left
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
