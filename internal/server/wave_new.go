package server

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// pickWave is step 1: which databases of which server, where to, how.
func (s *Server) pickWave(c echo.Context) (view, error) {
	return s.pickWaveView(c, waveRequestOf(c.QueryParams()), c.QueryParam("pick"), nil)
}

func (s *Server) pickWaveView(c echo.Context, w waveRequest, pick string, refused error) (view, error) {
	ctx := c.Request().Context()
	servers, err := s.instancesThat(ctx, func(t endpoint.Traits) bool { return t.Source })
	if err != nil {
		return view{}, err
	}
	targets, err := s.targets(ctx)
	if err != nil {
		return view{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.PickWave{From: fromTabs("wave"), Empty: liveLacks(servers, targets, buckets)}
	out := view{title: "New wave", section: "migrations", page: func(f templates.Frame) templ.Component { return templates.PickWavePage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	if v.Empty != nil {
		return out, nil
	}
	if w.Server == "" {
		w.Server = servers[0].ID
	}
	for _, i := range servers {
		next := w
		next.Server, next.Databases = i.ID, nil
		v.Servers = append(v.Servers, templates.Tab{Label: i.Name, Href: "/waves/new?" + waveValues(next).Encode(), Count: -1, Current: i.ID == w.Server})
	}
	databases, err := s.databasesOf(ctx, w.Server)
	if err != nil {
		h := s.askedInVain(c, err)
		h.Actions = []templates.Action{{Label: "Ask again", Href: "/waves/new?" + waveValues(w).Encode()}, {Label: "Change the server", Href: "/settings/servers/" + url.PathEscape(w.Server)}}
		v.Trouble = &h
		return out, nil
	}
	v.Databases = waveChoices(w, pick, databases)
	v.Form = waveForm(w, targets, buckets)
	v.Form.Problem = problemOf(refused)
	return out, nil
}

// waveForm is the form of one database without what is each one's own.
func waveForm(w waveRequest, targets []endpoint.Instance, buckets []endpoint.Bucket) *templates.Form {
	f := liveForm(w.live(""), nil, targets, buckets)
	f.Action, f.Cancel = "/waves/new/checks", "/waves"
	for i := range f.Fields {
		if f.Fields[i].Name == "every" {
			f.Fields[i].Options = longerToo(f.Fields[i].Options, strictest(targets))
		}
	}
	f.Fields = slices.DeleteFunc(f.Fields, func(x templates.Field) bool { return x.Name == "source_database" || x.Name == "database" })
	name := templates.Field{Name: "name", Label: "Name of the wave", Value: w.Name, Focus: true, Placeholder: "billing weekend", Hint: "You type it again before the joint cutover."}
	f.Fields = append([]templates.Field{name}, f.Fields...)
	return f
}

// longerToo adds intervals that let many databases follow within the calls that
// their instance takes a day.
func longerToo(os []templates.Option, calls endpoint.Calls) []templates.Option {
	if calls.Instance == 0 {
		return os
	}
	for _, hours := range []time.Duration{3, 6, 12} {
		d := hours * time.Hour
		most := calls.Instance / migration.PlannedCalls(calls, d)
		o := templates.Option{Value: d.String(), Label: templates.Span(d), Hint: fmt.Sprintf("Lets up to %s follow at one instance, which takes %d imports a day.", templates.Count(most, "database", "databases"), calls.Instance)}
		if !slices.ContainsFunc(os, func(x templates.Option) bool { return x.Value == o.Value }) {
			os = append(os, o)
		}
	}
	slices.SortStableFunc(os, func(a, b templates.Option) int {
		x, _ := time.ParseDuration(a.Value)
		y, _ := time.ParseDuration(b.Value)
		return cmp.Compare(x, y)
	})
	return os
}

// waveChoices are the databases to tick; pick ticks all that could follow, or none.
func waveChoices(w waveRequest, pick string, databases []backup.Database) (out []templates.WaveChoice) {
	for _, d := range databases {
		if system(d.Name) {
			continue
		}
		row := templates.WaveChoice{Name: d.Name, PlaceField: placeField(d.Name), Size: templates.Bytes(d.DataBytes), Recovery: d.RecoveryModel, State: templates.Badge{Text: strings.ToLower(d.State), Tone: templates.ToneOK}, On: slices.Contains(w.Databases, d.Name)}
		if d.State != "ONLINE" {
			row.State.Tone, row.Off = templates.ToneWarn, true
		}
		if at := slices.Index(w.Databases, d.Name); at >= 0 {
			row.Place = strconv.Itoa(at + 1)
		}
		if pick != "" {
			row.On = pick == "all" && d.RecoveryModel != "SIMPLE"
		}
		row.On = row.On && !row.Off
		out = append(out, row)
	}
	return out
}

// wavePreflight is step 2: what was found for each database.
func (s *Server) wavePreflight(c echo.Context) (view, error) {
	w := waveRequestOf(c.QueryParams())
	got, err := s.waveChecks(c.Request().Context(), w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		return s.pickWaveView(c, w, "", err)
	}
	return s.waveChecksView(c, w, got)
}

func (s *Server) waveChecksView(c echo.Context, w waveRequest, got waveChecked) (view, error) {
	places, found := got.places, got.found
	q := "?" + waveValues(w).Encode()
	back := "/waves/new" + q
	v := templates.WaveChecks{Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: "New", Href: back}, {Text: "Checks"}},
		Path: fmt.Sprintf("%s: %s on %s → %s", w.Name, templates.Count(len(found), "database", "databases"), places.server.Name, instanceName(places.instance)), Back: templates.Action{Label: "Back", Href: back}}
	var left []string
	ready := 0
	remedied := waveValues(w)
	remedied.Set("of", ofWave)
	for _, k := range found {
		block, err := s.waveBlock(c, k, remedied)
		if err != nil {
			return view{}, err
		}
		v.Blocks = append(v.Blocks, block)
		if !k.mayStart() {
			left = append(left, k.database)
			continue
		}
		v.Begin = append(v.Begin, k.database)
		if ready++; ready == 1 {
			v.Order = liveOrder(k.plan.m, places.server.Name, instanceName(places.instance), stagingWords(places.instance, places.staging))
		}
	}
	// What stands in the way comes first, then what deserves a look.
	rank := map[templates.Tone]int{templates.ToneBad: 0, templates.ToneWarn: 1, templates.ToneOK: 2}
	slices.SortStableFunc(v.Blocks, func(a, b templates.WaveBlock) int { return cmp.Compare(rank[a.Badge.Tone], rank[b.Badge.Tone]) })
	again := templates.Action{Label: "Check again", Href: "/waves/new/checks" + q}
	v.Verdict = waveVerdict(ready, left, again)
	v.Whole, v.Bounds = checks(got.whole), s.waveBounds(got.facts.Traits.Calls)
	if every, ok := got.fittingEvery(); ok && ready > 0 {
		fitting := w
		fitting.Every = every.String()
		v.Verdict.Actions = append(v.Verdict.Actions, templates.Action{Label: "Check with a log backup every " + templates.Span(every), Href: "/waves/new/checks?" + waveValues(fitting).Encode()})
	}
	if ready > 0 && !got.fits() {
		v.Verdict = templates.Help{Title: "All of them together do not fit.", Cause: "Each could start alone; see what the wave as a whole lacks.", Fix: "Mend what is marked red, or choose fewer databases, then check again.", Actions: []templates.Action{again}}
		ready = 0
	}
	if ready > 0 {
		f := templates.Form{Action: "/waves", Submit: "Start " + templates.Count(ready, "migration", "migrations"), Cancel: back}
		for name, values := range waveValues(w) {
			for _, value := range values {
				f.Hidden = append(f.Hidden, templates.Hidden{Name: name, Value: value})
			}
		}
		slices.SortStableFunc(f.Hidden, func(a, b templates.Hidden) int { return strings.Compare(a.Name, b.Name) })
		v.Form = &f
	}
	return view{title: "New wave", section: "migrations", page: func(f templates.Frame) templ.Component { return templates.WaveChecksPage(f, v) }}, nil
}

func waveVerdict(ready int, left []string, again templates.Action) templates.Help {
	switch {
	case ready == 0:
		return templates.Help{Title: "None of them can start yet.", Cause: "In the way of: " + strings.Join(left, ", ") + ".", Fix: "Mend what is marked red, then check again.", Actions: []templates.Action{again}}
	case len(left) > 0:
		return templates.Help{Tone: templates.ToneWarn, Title: fmt.Sprintf("%d can start, %d cannot.", ready, len(left)), Cause: "Left out as things stand: " + strings.Join(left, ", ") + ".",
			Fix: "Mend what is marked red and check again, or start without them.", Actions: []templates.Action{again}}
	}
	return templates.Help{Tone: templates.ToneOK, Title: "Every one can start.", Cause: templates.Count(ready, "database was", "databases were") + " checked; nothing has been changed."}
}

func (s *Server) waveBlock(c echo.Context, k waveCheck, back url.Values) (b templates.WaveBlock, err error) {
	b = templates.WaveBlock{Name: k.database, Badge: templates.Badge{Text: "can start", Tone: templates.ToneOK}}
	if k.err != nil {
		h := s.askedInVain(c, k.err)
		b.Badge = templates.Badge{Text: "left out", Tone: templates.ToneBad}
		b.Checks = []templates.Check{{Badge: templates.Badge{Text: "stop", Tone: templates.ToneBad}, Title: "Checks", Found: h.Title, Fix: h.Fix}}
		return b, nil
	}
	passed := 0
	var rest []migration.Finding
	for _, f := range k.findings {
		if f.Level == migration.Passed {
			passed++
			continue
		}
		rest = append(rest, f)
	}
	b.Words = templates.Count(passed, "check", "checks") + " passed"
	if b.Checks, err = s.liveChecks(c.Request().Context(), s.zone(c), k.plan, rest, back); err != nil {
		return b, err
	}
	switch {
	case !k.mayStart():
		b.Badge = templates.Badge{Text: "left out", Tone: templates.ToneBad}
	case len(rest) > 0:
		b.Badge.Tone = templates.ToneWarn
	}
	return b, nil
}

// waveStart starts what step 2 showed.
func (s *Server) waveStart(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	w := waveRequestOf(form)
	begun, err := s.startWave(c.Request().Context(), w, s.by(c))
	if fault.Is(err, fault.Invalid) && len(begun.results) > 0 {
		v, viewErr := s.waveChecksView(c, w, begun.waveChecked)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.pickWaveView(c, w, "", err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if err != nil {
		return err
	}
	started, left := 0, []string{}
	for _, r := range begun.results {
		if r.Err == nil {
			started++
			continue
		}
		message, _ := fault.Words(r.Err)
		left = append(left, r.Database+" ("+strings.TrimSuffix(message, ".")+")")
	}
	tone, words := templates.ToneOK, fmt.Sprintf("The wave has begun with %s.", templates.Count(started, "database", "databases"))
	if len(left) > 0 {
		tone, words = templates.ToneWarn, words+" Left out: "+clip(strings.Join(left, "; "), 600)+"."
	}
	s.say(c, tone, words)
	return seeOther(c, "/waves/"+begun.wave.ID)
}
