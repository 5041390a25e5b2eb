package migrations

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
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// pickWave is step 1: which databases of which server, where to, how.
func (s *Pages) pickWave(c echo.Context) (server.View, error) {
	return s.pickWaveView(c, waveRequestOf(c.QueryParams()), c.QueryParam("pick"), nil)
}

func (s *Pages) pickWaveView(c echo.Context, w drafting.WaveRequest, pick string, refused error) (server.View, error) {
	ctx := c.Request().Context()
	servers, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.Source && !t.Lacks.Follow })
	if err != nil {
		return server.View{}, err
	}
	targets, err := s.Drafting.Targets(ctx)
	if err != nil {
		return server.View{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.PickWave{From: fromTabs("wave"), Empty: liveLacks(servers, targets, buckets)}
	out := server.View{Title: "New wave", Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.PickWavePage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
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
		v.Servers = append(v.Servers, kit.Tab{Label: i.Name, Href: "/waves/new?" + waveValues(next).Encode(), Count: -1, Current: i.ID == w.Server})
	}
	databases, err := s.Drafting.DatabasesOf(ctx, w.Server)
	if err != nil {
		h := s.AskedInVain(c, err)
		h.Actions = []kit.Action{{Label: "Ask again", Href: "/waves/new?" + waveValues(w).Encode()}, {Label: "Change the server", Href: "/settings/servers/" + url.PathEscape(w.Server)}}
		v.Trouble = &h
		return out, nil
	}
	v.Databases = waveChoices(w, pick, databases)
	v.Form = waveForm(w, targets, buckets)
	v.Form.Problem = server.ProblemOf(refused)
	return out, nil
}

// waveForm is the form of one database without what is each one's own.
func waveForm(w drafting.WaveRequest, targets []endpoint.Instance, buckets []endpoint.Bucket) *kit.Form {
	f := liveForm(w.Live(""), nil, targets, buckets)
	f.Action, f.Cancel = "/waves/new/checks", "/waves"
	for i := range f.Fields {
		if f.Fields[i].Name == "every" {
			f.Fields[i].Options = longerToo(f.Fields[i].Options, strictest(targets, w.Instance))
		}
	}
	f.Fields = slices.DeleteFunc(f.Fields, func(x kit.Field) bool { return x.Name == "source_database" || x.Name == "database" })
	name := kit.Field{Name: "name", Label: "Name of the wave", Value: w.Name, Focus: true, Placeholder: "billing weekend", Hint: "You type it again before the joint cutover."}
	f.Fields = append([]kit.Field{name}, f.Fields...)
	return f
}

// longerToo adds intervals that let many databases follow within the calls that
// their instance takes a day.
func longerToo(os []kit.Option, calls endpoint.Calls) []kit.Option {
	if calls.Instance == 0 {
		return os
	}
	for _, hours := range []time.Duration{3, 6, 12} {
		d := hours * time.Hour
		most := calls.Instance / wave.PlannedCalls(calls, d)
		o := kit.Option{Value: d.String(), Label: kit.Span(d), Hint: fmt.Sprintf("Lets up to %s follow at one instance, which takes %d imports a day.", kit.Count(most, "database", "databases"), calls.Instance)}
		if !slices.ContainsFunc(os, func(x kit.Option) bool { return x.Value == o.Value }) {
			os = append(os, o)
		}
	}
	slices.SortStableFunc(os, func(a, b kit.Option) int {
		x, _ := time.ParseDuration(a.Value)
		y, _ := time.ParseDuration(b.Value)
		return cmp.Compare(x, y)
	})
	return os
}

// waveChoices are the databases to tick; pick ticks all that could follow, or none.
func waveChoices(w drafting.WaveRequest, pick string, databases []backup.Database) (out []views.WaveChoice) {
	for _, d := range databases {
		if drafting.System(d.Name) {
			continue
		}
		row := views.WaveChoice{Name: d.Name, PlaceField: placeField(d.Name), Size: kit.Bytes(d.DataBytes), Recovery: d.RecoveryModel, State: kit.Badge{Text: strings.ToLower(d.State), Tone: kit.ToneOK}, On: slices.Contains(w.Databases, d.Name)}
		if d.State != "ONLINE" {
			row.State.Tone, row.Off = kit.ToneWarn, true
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
func (s *Pages) wavePreflight(c echo.Context) (server.View, error) {
	w := waveRequestOf(c.QueryParams())
	got, err := s.Drafting.WaveChecks(c.Request().Context(), w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.pickWaveView(c, w, "", err)
	}
	return s.waveChecksView(c, w, got)
}

func (s *Pages) waveChecksView(c echo.Context, w drafting.WaveRequest, got drafting.WaveChecked) (server.View, error) {
	places, found := got.Places, got.Found
	q := "?" + waveValues(w).Encode()
	back := "/waves/new" + q
	v := views.WaveChecks{Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: "New", Href: back}, {Text: "Checks"}},
		Path: fmt.Sprintf("%s: %s on %s → %s", w.Name, kit.Count(len(found), "database", "databases"), places.Server.Name, places.Instance.Label()), Back: kit.Action{Label: "Back", Href: back}}
	var left []string
	ready := 0
	remedied := waveValues(w)
	remedied.Set("of", ofWave)
	for _, k := range found {
		block, err := s.waveBlock(c, k, remedied)
		if err != nil {
			return server.View{}, err
		}
		v.Blocks = append(v.Blocks, block)
		if !k.MayStart() {
			left = append(left, k.Database)
			continue
		}
		v.Begin = append(v.Begin, k.Database)
		if ready++; ready == 1 {
			v.Order = liveOrder(k.Plan.M, places.Server.Name, places.Instance.Label(), stagingWords(places.Instance, places.Staging))
		}
	}
	// What stands in the way comes first, then what deserves a look.
	rank := map[kit.Tone]int{kit.ToneBad: 0, kit.ToneWarn: 1, kit.ToneOK: 2}
	slices.SortStableFunc(v.Blocks, func(a, b views.WaveBlock) int { return cmp.Compare(rank[a.Badge.Tone], rank[b.Badge.Tone]) })
	again := kit.Action{Label: "Check again", Href: "/waves/new/checks" + q}
	v.Verdict = waveVerdict(ready, left, again)
	v.Whole, v.Bounds = checks(got.Whole), s.waveBounds(got.Facts.Traits.Calls)
	if every, ok := got.FittingEvery(); ok && ready > 0 {
		fitting := w
		fitting.Every = every.String()
		v.Verdict.Actions = append(v.Verdict.Actions, kit.Action{Label: "Check with a log backup every " + kit.Span(every), Href: "/waves/new/checks?" + waveValues(fitting).Encode()})
	}
	if ready > 0 && !got.Fits() {
		v.Verdict = kit.Help{Title: "All of them together do not fit.", Cause: "Each could start alone; see what the wave as a whole lacks.", Fix: "Mend what is marked red, or choose fewer databases, then check again.", Actions: []kit.Action{again}}
		ready = 0
	}
	if ready > 0 {
		f := kit.Form{Action: "/waves", Submit: "Start " + kit.Count(ready, "migration", "migrations"), Cancel: back}
		for name, values := range waveValues(w) {
			for _, value := range values {
				f.Hidden = append(f.Hidden, kit.Hidden{Name: name, Value: value})
			}
		}
		slices.SortStableFunc(f.Hidden, func(a, b kit.Hidden) int { return strings.Compare(a.Name, b.Name) })
		v.Form = &f
	}
	return server.View{Title: "New wave", Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.WaveChecksPage(f, v) }}, nil
}

func waveVerdict(ready int, left []string, again kit.Action) kit.Help {
	switch {
	case ready == 0:
		return kit.Help{Title: "None of them can start yet.", Cause: "In the way of: " + strings.Join(left, ", ") + ".", Fix: "Mend what is marked red, then check again.", Actions: []kit.Action{again}}
	case len(left) > 0:
		return kit.Help{Tone: kit.ToneWarn, Title: fmt.Sprintf("%d can start, %d cannot.", ready, len(left)), Cause: "Left out as things stand: " + strings.Join(left, ", ") + ".",
			Fix: "Mend what is marked red and check again, or start without them.", Actions: []kit.Action{again}}
	}
	return kit.Help{Tone: kit.ToneOK, Title: "Every one can start.", Cause: kit.Count(ready, "database was", "databases were") + " checked; nothing has been changed."}
}

func (s *Pages) waveBlock(c echo.Context, k drafting.WaveCheck, back url.Values) (b views.WaveBlock, err error) {
	b = views.WaveBlock{Name: k.Database, Badge: kit.Badge{Text: "can start", Tone: kit.ToneOK}}
	if k.Err != nil {
		h := s.AskedInVain(c, k.Err)
		b.Badge = kit.Badge{Text: "left out", Tone: kit.ToneBad}
		b.Checks = []views.Check{{Badge: kit.Badge{Text: "stop", Tone: kit.ToneBad}, Title: "Checks", Found: h.Title, Fix: h.Fix}}
		return b, nil
	}
	passed := 0
	var rest []migration.Finding
	for _, f := range k.Findings {
		if f.Level == migration.Passed {
			passed++
			continue
		}
		rest = append(rest, f)
	}
	b.Words = kit.Count(passed, "check", "checks") + " passed"
	if b.Checks, err = s.liveChecks(c.Request().Context(), s.Zone(c), k.Plan, rest, back); err != nil {
		return b, err
	}
	switch {
	case !k.MayStart():
		b.Badge = kit.Badge{Text: "left out", Tone: kit.ToneBad}
	case len(rest) > 0:
		b.Badge.Tone = kit.ToneWarn
	}
	return b, nil
}

// waveStart starts what step 2 showed.
func (s *Pages) waveStart(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	w := waveRequestOf(form)
	begun, err := s.Drafting.StartWave(c.Request().Context(), w, s.By(c))
	if fault.Is(err, fault.Invalid) && len(begun.Results) > 0 {
		v, viewErr := s.waveChecksView(c, w, begun.WaveChecked)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.pickWaveView(c, w, "", err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	started, left := 0, []string{}
	for _, r := range begun.Results {
		if r.Err == nil {
			started++
			continue
		}
		message, _ := fault.Words(r.Err)
		left = append(left, r.Database+" ("+strings.TrimSuffix(message, ".")+")")
	}
	tone, words := kit.ToneOK, fmt.Sprintf("The wave has begun with %s.", kit.Count(started, "database", "databases"))
	if len(left) > 0 {
		tone, words = kit.ToneWarn, words+" Left out: "+server.Clip(strings.Join(left, "; "), 600)+"."
	}
	s.Say(c, tone, words)
	return server.SeeOther(c, "/waves/"+begun.Wave.ID)
}
