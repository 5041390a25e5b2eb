package migrations

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// waveCutoverAsk asks once more before the writes to many databases are stopped.
func (s *Pages) waveCutoverAsk(c echo.Context) (server.View, error) {
	return s.waveCutoverView(c, nil, nil)
}

// waveCutoverView is the question: for all of them, or for the rest once the
// joint cutover began and some stopped. After an order that was refused it says
// beside each database what became of it.
func (s *Pages) waveCutoverView(c echo.Context, results []wave.Result, refused error) (server.View, error) {
	got, err := s.Progress.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here, rest, why := "/waves/"+got.Wave.ID, got.Rest(), got.NotReady()
	v := views.WaveDecision{Title: "Cut over " + got.Wave.Name, Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: got.Wave.Name, Href: here}, {Text: "Cut over"}}, Timed: true}
	decide := migration.Cutover
	if rest {
		v.Title, decide = "Cut over the rest of "+got.Wave.Name, wave.Resume
	}
	became := map[string]error{}
	for _, r := range results {
		became[r.ID] = r.Err
	}
	var longest, sum time.Duration
	able, untold := 0, 0
	for _, k := range got.Members {
		row := decisionRow(k)
		if k.Row.Stage.Ended() {
			if rest {
				v.Rows = append(v.Rows, row)
			}
			continue
		}
		_, not := decide(k.M)
		if err := became[k.Row.ID]; err != nil {
			not = err
		}
		switch {
		case not != nil:
			message, fix := fault.Words(not)
			row.Badge, row.Why = kit.Badge{Text: "not ready", Tone: kit.ToneWarn}, strings.TrimSpace(message+" "+fix)
			if k.M.LiveSource != nil && !k.M.LiveSource.CutoverAsked.IsZero() {
				row.Badge = kit.Badge{Text: "ordered", Tone: kit.ToneRun}
			}
		case k.M.LiveSource != nil && !k.M.LiveSource.CutoverAsked.IsZero():
			able++
			row.Badge, row.Why = kit.Badge{Text: "goes on", Tone: kit.ToneOK}, "It stands still and is tried again."
			if p := k.M.Problem; p != nil {
				row.Why = "It stands still: " + p.Cause.String() + " It is tried again."
			}
		case k.Stop.Known:
			able++
			row.Badge = kit.Badge{Text: "ready", Tone: kit.ToneOK}
			longest, sum = max(longest, k.Stop.Total()), sum+k.Stop.Total()
			row.Stop, row.Tail, row.Parts = "≈ "+roundly(k.Stop.Total()), kit.Bytes(k.Stop.Bytes).Text, stopParts(k.Stop)
		default:
			able++
			untold++
			row.Badge = kit.Badge{Text: "ready", Tone: kit.ToneOK}
			row.Stop, row.Why = "not told", k.Stop.Why
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []kit.Fact{{Label: "Databases", Value: fmt.Sprint(len(v.Rows)), Note: fmt.Sprintf("%d ready", able)}}
	if longest > 0 {
		v.Facts = append(v.Facts, kit.Fact{Label: "Writes stop at most", Value: "≈ " + roundly(longest), Note: "the longest of them, alone"},
			kit.Fact{Label: "One after the other", Value: "≈ " + roundly(sum), Note: "if nothing could run side by side"})
	}
	if rest {
		v.Facts = append(v.Facts, sidesFact(got))
	}
	if first := firstLive(got); first != nil {
		v.Points = cutoverPoints(*first, first.SourceServer)
	}
	if why != "" && !rest {
		v.Intro = "It cannot be cut over now. " + why
		v.Notes = []kit.Help{{Tone: kit.ToneWarn, Title: "All or none", Cause: "While one cannot be cut over, the others keep following.", Fix: "See beside each what it waits for, or abort or cut over those that must not wait on their own pages.", Actions: []kit.Action{{Label: "Back", Href: here}}}}
		return refusedDecision(v, refused), nil
	}
	v.Intro = fmt.Sprintf("Writes to %s stop, and their last logs go to the target.", kit.Count(able, "database", "databases"))
	v.Notes = waveCutoverNotes(untold)
	submit, action := "Cut over "+kit.Count(able, "database", "databases"), here+"/cutover"
	if rest {
		action = here + "/rest"
		v.Intro += " The others stay as they are."
		v.Notes = append([]kit.Help{{Tone: kit.ToneWarn, Title: "The joint cutover began", Cause: "Some are through or under way, so what is left no longer waits for all: those marked ready go, the others stay as they are.",
			Fix: "Or give up what is left.", Actions: []kit.Action{{Label: "Abort what is not open…", Href: here + "/abort", Danger: true}}}}, v.Notes...)
	}
	v.Form = &kit.Form{Action: action, Submit: submit, Cancel: here, Danger: true, Confirm: got.Wave.Name}
	v.Form.Fields = []kit.Field{confirmField(got.Wave.Name, v.Form, refused)}
	return waveDecisionView(v, refused), nil
}

func waveDecisionView(v views.WaveDecision, refused error) server.View {
	out := server.View{Title: v.Title, Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.WaveDecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out
}

// refusedDecision is a decision that has no form any more: what was wrong with
// the order stands among the notes.
func refusedDecision(v views.WaveDecision, refused error) server.View {
	if p := server.ProblemOf(refused); p != nil {
		v.Notes = append([]kit.Help{*p}, v.Notes...)
	}
	return waveDecisionView(v, refused)
}

// confirmField is where the wave's name is typed; what was wrong with the form
// as a whole goes to the form.
func confirmField(name string, f *kit.Form, refused error) kit.Field {
	field := kit.Field{Name: "confirm", Label: "Type " + name + " to confirm", Mono: true, Autocomplete: "off"}
	if fault.Is(refused, fault.Invalid) {
		message, fix := fault.Words(refused)
		field.Error = strings.TrimSpace(message + " " + fix)
	} else {
		f.Problem = server.ProblemOf(refused)
	}
	return field
}

// decisionRow is a database with where it can be written to now.
func decisionRow(k progress.Member) views.WaveVerdict {
	side, why := wave.WritableAt(k.M)
	row := views.WaveVerdict{Name: kit.Link{Text: k.Row.Database, Href: "/migrations/" + k.Row.ID}, Badge: migrationBadge(k.M, k.Row.RunState)}
	row.Writable, row.WritableWhy = sideBadge(side), why
	return row
}

// firstLive is a migration of the wave that has not ended; they are alike in
// what happens to them.
func firstLive(got progress.Wave) *migration.Migration {
	for i := range got.Members {
		if m := &got.Members[i].M; !m.Stage.Ended() && m.LiveSource != nil {
			return m
		}
	}
	return nil
}

func waveCutoverNotes(untold int) (out []kit.Help) {
	if untold > 0 {
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "For " + kit.Count(untold, "database", "databases") + " it cannot be told how long it takes", Cause: "See beside them why."})
	}
	return append(out,
		kit.Help{Tone: kit.ToneRun, Title: "They share the way", Cause: "Each figure is for a database that goes alone. The server, the line and the instance are shared and uploads take turns, so together each takes longer: between the longest figure and the sum of all."},
		kit.Help{Tone: kit.ToneRun, Title: "Each has its own gate", Cause: "A target is opened only if its last LSN equals that of its tail. One that stops does not hold the others.", Fix: "Until the order to open is given, each can be aborted on its own page, or all that are not open together; that makes the sources writable again."})
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
func (s *Pages) waveCutoverOrder(c echo.Context) error {
	return s.waveOrder(c, wave.OrderCutover, progress.Wholly)
}

// waveRestOrder orders the cutover of those that are left and can.
func (s *Pages) waveRestOrder(c echo.Context) error {
	return s.waveOrder(c, wave.OrderRest, func(_ []wave.Result, err error) error { return err })
}

type waveOrder func(ctx context.Context, st wave.Store, waveID string, predicted map[string]migration.Stop, by migration.By) ([]wave.Result, error)

func (s *Pages) waveOrder(c echo.Context, order waveOrder, verdict func([]wave.Result, error) error) error {
	ctx, id := c.Request().Context(), c.Param("id")
	w, err := s.Migrations.Wave(ctx, id)
	if err != nil {
		return err
	}
	var results []wave.Result
	if typed := c.FormValue("confirm"); typed != w.Name {
		err = fault.Newf(fault.Invalid, "The name typed is not %s.", w.Name).WithFix("Type the name of the wave to cut it over.")
	} else {
		predicted, readErr := s.Progress.Predicted(ctx, id)
		if readErr != nil {
			return readErr
		}
		results, err = order(ctx, s.Migrations, id, predicted, s.By(c))
		err = verdict(results, err)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveCutoverView(c, results, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	done, left := split(results)
	words, tone := "Ordered: the cutover of "+kit.Count(done, "database", "databases")+" begins.", kit.ToneOK
	if len(left) > 0 {
		tone, words = kit.ToneWarn, words+" Left as they are: "+server.Clip(strings.Join(left, "; "), 600)+"."
	}
	s.Say(c, tone, words)
	return server.SeeOther(c, "/waves/"+id)
}

// split counts those that took an order and words those that did not.
func split(results []wave.Result) (done int, left []string) {
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
