package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates"
)

// waveMember is one database of a wave as it stands.
type waveMember struct {
	row  migration.Summary
	m    migration.Migration
	told bool // the source has told of the database
	at   time.Time
	d    backup.Database
	lag  migration.Lag  // while it follows
	stop migration.Stop // predicted, while it can still be ordered
}

// waveSight is a wave with its databases, in the order they were started.
type waveSight struct {
	wave    migration.Wave
	members []waveMember
}

// calls are what the targets take a day; 0 where none counts them.
func (v waveSight) calls() (c endpoint.Calls) {
	for _, k := range v.members {
		if t := k.m.Traits.Calls; t.Counted() {
			return t
		}
	}
	return c
}

// readWave reads a wave. Each source is asked once for all its databases.
func (s *Server) readWave(ctx context.Context, id string) (v waveSight, err error) {
	if v.wave, err = s.Migrations.Wave(ctx, id); err != nil {
		return v, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: id, Limit: migration.MaxWave})
	if err != nil {
		return v, err
	}
	said, opens := map[string]glance{}, map[string][]time.Duration{}
	for _, row := range rows {
		k := waveMember{row: row}
		if k.m, err = s.Migrations.Migration(ctx, row.ID); err != nil {
			return v, err
		}
		if following(k.m) {
			g, ok := said[k.m.LiveSource.ServerID]
			if !ok {
				g = s.glanceAtAll(ctx, k.m.LiveSource.ServerID, rows)
				said[k.m.LiveSource.ServerID] = g
			}
			o, ok := opens[k.m.InstanceID]
			if !ok {
				if o, err = s.Migrations.Opens(ctx, k.m.InstanceID, 5); err != nil {
					return v, err
				}
				opens[k.m.InstanceID] = o
			}
			k.d, k.stop = s.predict(k.m, g, o)
			_, k.told = g.of(k.m.SourceDatabase)
			k.at, k.lag = g.At, migration.LagOf(k.m, k.d, s.Now())
		}
		v.members = append(v.members, k)
	}
	return v, nil
}

// waveTally counts where the databases of a wave are.
type waveTally struct {
	all, open, ended, follow, needs, cutting, files, applied int
}

func tally(rows []migration.Summary) (t waveTally) {
	for _, m := range rows {
		t.all++
		t.files += m.Files
		t.applied += m.Applied
		switch {
		case m.Stage == migration.StageOpened:
			t.open++
			t.ended++
		case m.Stage.Ended():
			t.ended++
		case m.RunState.NeedsPerson():
			t.needs++
		case m.Stage == migration.StageFollowing:
			t.follow++
		case m.Stage == migration.StageCutover, m.Stage == migration.StageOpening, m.Stage == migration.StageChecking:
			t.cutting++
		}
	}
	return t
}

func tallyBadge(t waveTally) templates.Badge {
	switch {
	case t.all == 0:
		return templates.Badge{Text: "empty"}
	case t.needs > 0:
		return templates.Badge{Text: templates.Count(t.needs, "needs you", "need you"), Tone: templates.ToneBad}
	case t.open == t.all:
		return templates.Badge{Text: "all open", Tone: templates.ToneOK}
	case t.ended == t.all:
		return templates.Badge{Text: "ended"}
	case t.cutting > 0:
		return templates.Badge{Text: "cutting over", Tone: templates.ToneWarn}
	case t.follow+t.ended == t.all:
		return templates.Badge{Text: "all following", Tone: templates.ToneRun}
	}
	return templates.Badge{Text: "on its way", Tone: templates.ToneRun}
}

func tallyWords(t waveTally) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{t.follow, "following"}, {t.cutting, "cutting over"}, {t.open, "open"}, {t.ended - t.open, "given up"}, {t.needs, "waiting for a person"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, " · ")
}

// waveList shows the waves, newest first.
func (s *Server) waveList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	st, err := s.activity(ctx)
	if err != nil {
		return view{}, err
	}
	before := c.QueryParam("before")
	waves, err := s.Migrations.Waves(ctx, before, pageSize)
	if err != nil {
		return view{}, err
	}
	v := templates.Waves{Tabs: migrationTabs(st, "waves"), Empty: templates.Empty{Title: "No waves yet.", Text: "A wave takes many databases of a server together: they are checked, followed and cut over as one.",
		Actions: []templates.Action{{Label: "New wave", Href: "/waves/new"}}}}
	for _, w := range waves {
		rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: migration.MaxWave})
		if err != nil {
			return view{}, err
		}
		t := tally(rows)
		row := templates.WaveRow{Name: templates.Link{Text: w.Name, Href: "/waves/" + w.ID}, Databases: templates.Count(t.all, "database", "databases"), Badge: tallyBadge(t), Next: tallyWords(t), Begun: z.At(w.Created)}
		if t.files > 0 && t.ended < t.all {
			row.Progress = &templates.Progress{Label: "Files of " + w.Name + " applied", Value: int64(t.applied), Max: int64(t.files), Words: fmt.Sprintf("%d of %s applied", t.applied, templates.Count(t.files, "file", "files"))}
		}
		v.Rows = append(v.Rows, row)
	}
	if len(waves) == pageSize {
		v.Pager.Older = "/waves?" + url.Values{"before": {waves[len(waves)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/waves"
	}
	return view{title: "Waves", section: "migrations", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.WavesPage(f, v) }}, nil
}

func (v waveSight) tally() waveTally {
	rows := make([]migration.Summary, 0, len(v.members))
	for _, k := range v.members {
		rows = append(rows, k.row)
	}
	return tally(rows)
}

// notReady is why the joint cutover cannot be ordered now; empty = it can.
func (v waveSight) notReady() string {
	waits, able := 0, 0
	for _, k := range v.members {
		if k.row.Stage.Ended() {
			continue
		}
		if _, err := migration.Cutover(k.m); err != nil {
			waits++
			continue
		}
		able++
	}
	switch {
	case waits > 0:
		return words.Count(waits, "database", "databases").String() + " cannot be cut over yet: all go together."
	case able == 0:
		return "No database of it is still on its way."
	}
	return ""
}

// rest reports whether what is left can be cut over without the others: the
// joint cutover began, and not everything that is left can go.
func (v waveSight) rest() bool {
	var all []migration.Migration
	able := false
	for _, k := range v.members {
		all = append(all, k.m)
		if _, err := migration.Resume(k.m); err == nil && !k.row.Stage.Ended() {
			able = true
		}
	}
	return able && v.notReady() != "" && migration.CutoverBegan(all)
}

// abortable reports whether something of it can still be given up.
func (v waveSight) abortable() bool {
	for _, k := range v.members {
		if _, err := migration.Abort(k.m); err == nil && k.m.LiveSource.AbortAsked.IsZero() {
			return true
		}
	}
	return false
}

// wavePage cuts the page out of a wave's databases that comes after one of
// them, and tells the one that the next page comes after.
func wavePage(members []waveMember, after string) (page []waveMember, next string) {
	for i, k := range members {
		if k.row.ID == after {
			members = members[i+1:]
			break
		}
	}
	if len(members) > pageSize {
		return members[:pageSize], members[pageSize-1].row.ID
	}
	return members, ""
}

// waveShow shows the databases of a wave on their way.
func (s *Server) waveShow(c echo.Context) (view, error) {
	z := s.zone(c)
	got, err := s.readWave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here, t := "/waves/"+got.wave.ID, got.tally()
	v := templates.Wave{Name: got.wave.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: got.wave.Name}}, Path: "begun " + z.At(got.wave.Created).UTC + " UTC", Badge: tallyBadge(t),
		Facts: waveFacts(z, got, t), Needs: waveNeeds(got), Empty: templates.Empty{Title: "No database of this wave was started.", Text: "Each was refused when the order was given. Make a new wave."}}
	cut := templates.Action{Label: "Cut over…", Href: here + "/cutover", Primary: true}
	if got.rest() {
		cut.Label = "Cut over the rest…"
	} else if cut.Off = got.notReady(); cut.Off != "" {
		cut.Primary = false
	}
	v.Actions = []templates.Action{{Label: "Report", Href: here + "/report"}}
	if slices.ContainsFunc(got.members, func(k waveMember) bool { return !k.row.Begun && !k.row.Stage.Ended() }) {
		v.Actions = append(v.Actions, templates.Action{Label: "Order…", Href: here + "/order"})
	}
	if got.abortable() {
		v.Actions = append(v.Actions, templates.Action{Label: "Abort…", Href: here + "/abort", Danger: true})
	}
	v.Actions = append(v.Actions, cut)
	v.Checks, v.Bounds = checks(got.wave.Findings), s.waveBounds(got.calls())
	after := c.QueryParam("after")
	page, next := wavePage(got.members, after)
	for _, k := range page {
		v.Members = append(v.Members, s.waveMemberRow(c, k))
	}
	if next != "" {
		v.Pager.Older = here + "?" + url.Values{"after": {next}}.Encode()
	}
	if after != "" {
		v.Pager.Newer = here
	}
	if len(page) < len(got.members) {
		v.Pager.Ordered = true
		v.Pager.Words = fmt.Sprintf("%d of %d", len(page), len(got.members))
	}
	return view{title: got.wave.Name, section: "migrations", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.WavePage(f, v) }}, nil
}

func (s *Server) waveMemberRow(c echo.Context, k waveMember) templates.WaveMember {
	row := templates.WaveMember{Name: templates.Link{Text: k.row.Database, Href: "/migrations/" + k.row.ID}, Badge: migrationBadge(k.m, k.row.RunState), Progress: s.summaryProgress(c.Request().Context(), k.row), Next: oneLine(k.row.Message, 140)}
	side, why := migration.WritableAt(k.m)
	row.Place, row.Writable, row.WritableWhy = strconv.Itoa(k.row.Rank), sideBadge(side), why
	if !k.row.Begun && !k.row.Stage.Ended() && k.m.Ahead > 0 {
		row.Badge = templates.Badge{Text: "waits its turn"}
	}
	if row.Next == "" {
		row.Next = why
	}
	if k.row.Problem != "" && !k.row.Stage.Ended() {
		row.Badge = templates.Badge{Text: problemWords(k.row.Problem), Tone: templates.ToneBad}
	}
	if following(k.m) && k.lag.Since > 0 {
		row.Behind = templates.Span(coarse(max(k.lag.Since, time.Second)))
	}
	if k.told && k.lag.Bytes >= 0 {
		row.Log = templates.Bytes(k.lag.Bytes).Text + " of log"
	}
	switch stop := migration.Measured(k.m); {
	case stop.Known:
		row.Stop = "Writes were stopped for " + templates.Span(stop.Total()) + "."
	case k.m.LiveSource != nil && !k.m.LiveSource.GivenBack.IsZero():
		row.Stop = "The source is writable again."
	}
	return row
}

// waveFacts are the figures of a wave.
func waveFacts(z templates.Zone, got waveSight, t waveTally) []templates.Fact {
	facts := []templates.Fact{{Label: "Databases", Value: fmt.Sprint(t.all), Note: tallyWords(t)},
		{Label: "Following", Value: fmt.Sprintf("%d of %d", t.follow, t.all), Note: "ready for the cutover"}}
	behind, longest, asked := time.Duration(0), time.Duration(0), time.Time{}
	who := ""
	for _, k := range got.members {
		if following(k.m) && k.lag.Since > behind {
			behind, who = k.lag.Since, k.row.Database
		}
		if k.at.After(asked) {
			asked = k.at
		}
		longest = max(longest, migration.Measured(k.m).Total())
	}
	switch {
	case behind > 0:
		fact := templates.Fact{Label: "Behind at most", Value: templates.Span(coarse(max(behind, time.Second))), Note: who}
		if !asked.IsZero() {
			fact.Title = "source asked " + z.Clock(asked).UTC + " UTC"
		}
		facts = append(facts, fact)
	case longest > 0:
		facts = append(facts, templates.Fact{Label: "Writes stopped at most", Value: templates.Span(longest), Note: "for one database", Tone: templates.ToneOK})
	}
	if t.cutting > 0 || t.ended > 0 || t.needs > 0 {
		facts = append(facts, sidesFact(got))
	}
	return append(facts, templates.Fact{Label: "Files applied", Value: fmt.Sprintf("%d of %d", t.applied, t.files), Note: "over all databases"})
}

// waveNeeds names the databases that stand still until a person acts.
func waveNeeds(got waveSight) (out []templates.Help) {
	for _, k := range got.members {
		if k.row.Stage.Ended() || !k.row.RunState.NeedsPerson() {
			continue
		}
		h := templates.Help{Title: k.row.Database + " stands still", Cause: oneLine(k.row.Message, 300), Actions: []templates.Action{{Label: "Look at it", Href: "/migrations/" + k.row.ID}}}
		if p := k.m.Problem; p != nil {
			h.Cause, h.Fix = p.Cause, p.Fix
		}
		if k.row.RunState == run.Paused {
			h.Tone, h.Title = templates.ToneWarn, k.row.Database+" is paused"
		}
		out = append(out, h)
	}
	if len(out) > 10 {
		more := templates.Help{Tone: templates.ToneWarn, Title: fmt.Sprintf("%d more stand still", len(out)-10), Cause: "They are marked in the table below."}
		out = append(out[:10], more)
	}
	return out
}
