package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

const (
	waveChecksAtOnce = 4                // databases of a wave that are checked side by side
	waveChecksLast   = 60 * time.Second // and how long all of that may take
	waveNameMost     = 100              // characters
)

// waveRequest is what a person chose for a new wave, as a form or a program sends it.
type waveRequest struct {
	Name      string   `json:"name"`
	Server    string   `json:"server"`
	Databases []string `json:"databases"`
	Instance  string   `json:"instance"`
	Staging   string   `json:"staging"`
	Every     string   `json:"every,omitempty"`
	Freeze    string   `json:"freeze,omitempty"`
	Check     string   `json:"check,omitempty"`
	Compress  bool     `json:"compress,omitempty"`
}

func waveRequestOf(v url.Values) waveRequest {
	return waveRequest{Name: strings.TrimSpace(v.Get("name")), Server: v.Get("server"), Databases: inPlace(v["database"], v), Instance: v.Get("instance"), Staging: v.Get("staging"),
		Every: v.Get("every"), Freeze: v.Get("freeze"), Check: v.Get("check"), Compress: v.Get("compress") != ""}
}

// placeField is the name of the field with a database's place in the order.
func placeField(database string) string { return "place:" + database }

// inPlace orders databases by the places a person gave them; those without one
// follow in the order in which they came.
func inPlace(names []string, v url.Values) []string {
	place := func(name string) int {
		if n, err := strconv.Atoi(strings.TrimSpace(v.Get(placeField(name)))); err == nil {
			return n
		}
		return math.MaxInt
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return names
}

// live is the request for one database of the wave.
func (w waveRequest) live(database string) liveRequest {
	return liveRequest{Server: w.Server, Source: database, Instance: w.Instance, Staging: w.Staging, Every: w.Every, Freeze: w.Freeze, Check: w.Check, Compress: w.Compress}
}

func waveValues(w waveRequest) url.Values {
	v := liveValues(w.live(""))
	if w.Name != "" {
		v.Set("name", w.Name)
	}
	if len(w.Databases) > 0 {
		v["database"] = w.Databases
	}
	return v
}

// waveCheck is what was found for one database of a wave.
type waveCheck struct {
	database string
	plan     livePlan
	findings []migration.Finding
	facts    migration.SourceFacts
	err      error // why it could not be checked, or must not start whatever the checks say
}

func (k waveCheck) mayStart() bool { return k.err == nil && migration.MayStart(k.findings) }

// why is the first thing that keeps a database from starting; nil when nothing does.
func (k waveCheck) why() error {
	if k.err != nil {
		return k.err
	}
	for _, f := range k.findings {
		if f.Level == migration.Barred {
			return fault.New(fault.Invalid, f.Title+": "+f.Text, f.Fix)
		}
	}
	return nil
}

// waveChecked is what was found for a wave: for each database in its order, and
// for those that can start together.
type waveChecked struct {
	places livePlan
	found  []waveCheck
	facts  migration.WaveFacts
	whole  []migration.Finding
}

// fittingEvery is the interval to choose instead of one that makes too many
// calls a day; false when the one chosen fits, or none does.
func (v waveChecked) fittingEvery() (time.Duration, bool) {
	for _, f := range v.whole {
		if f.Code == "wave-calls" && f.Level != migration.Passed {
			return v.facts.FittingEvery()
		}
	}
	return 0, false
}

// fits reports whether nothing about the whole wave bars the way.
func (v waveChecked) fits() bool { return migration.MayStart(v.whole) }

// waveChecks checks every database of a wave, in the order given, a few side
// by side, then what all of them need together. The error is about the request.
func (s *Server) waveChecks(ctx context.Context, w waveRequest) (v waveChecked, err error) {
	if v.places, v.found, err = s.memberChecks(ctx, w); err != nil {
		return v, err
	}
	v.facts, v.whole, err = s.wholeChecks(ctx, v)
	return v, err
}

// wholeChecks asks target and bucket once more, for all that can start by
// themselves. What cannot be asked bars the way: it would be found out late.
func (s *Server) wholeChecks(ctx context.Context, v waveChecked) (f migration.WaveFacts, found []migration.Finding, err error) {
	var members []migration.WaveNeed
	var every time.Duration
	for _, k := range v.found {
		if k.mayStart() {
			members, every = append(members, migration.NeedOf(k.plan.m, k.facts.Database)), k.plan.m.LiveSource.Every
		}
	}
	if len(members) == 0 {
		return f, nil, nil
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f, err = migration.CollectWave(asking, s.Ports, v.places.instance.ID, v.places.staging.ID, v.places.instance.Traits)
	if err != nil {
		message, fix := fault.Words(err)
		if fault.Of(err) == fault.Unknown {
			message, fix = "Target or bucket could not be asked.", "Check again."
			s.Log.Error("check a whole wave", "err", err)
		}
		return f, []migration.Finding{{Code: "wave", Title: "The wave as a whole", Level: migration.Barred, Text: message, Fix: fix}}, nil
	}
	f.Members, f.Every = members, every
	b, err := s.Migrations.Calls(ctx, v.places.instance.ID, "", s.Now().Add(-24*time.Hour))
	if err != nil {
		return f, nil, err
	}
	f.CallsHost = b.Instance
	st, err := s.activity(ctx)
	if err != nil {
		return f, nil, err
	}
	for _, row := range st.active {
		if row.InstanceID != v.places.instance.ID {
			continue
		}
		f.Coming = append(f.Coming, row.Database)
		m, err := s.Migrations.Migration(ctx, row.ID)
		if err != nil {
			return f, nil, err
		}
		if m.LiveSource != nil {
			f.CallsPlan += migration.PlannedCalls(m.Traits.Calls, m.LiveSource.Every)
		}
	}
	return f, migration.JudgeWave(f), nil
}

func (s *Server) memberChecks(ctx context.Context, w waveRequest) (livePlan, []waveCheck, error) {
	places, err := s.livePlaces(ctx, w.live(""))
	if err != nil {
		return places, nil, err
	}
	names := distinct(w.Databases)
	switch {
	case places.server.ID == places.instance.ID:
		return places, nil, invalid("Source and target are the same server, and the databases of a wave keep their names.", "Choose another server. A single database can go to the same server under another name.")
	case w.Name == "":
		return places, nil, invalid("The wave has no name.", "Give it the name your colleagues know it by.")
	case len([]rune(w.Name)) > waveNameMost:
		return places, nil, invalid(fmt.Sprintf("The name of the wave is longer than %d characters.", waveNameMost), "Choose a shorter one.")
	case len(names) == 0:
		return places, nil, invalid("No database is chosen.", "Choose at least one of the server's databases.")
	case len(names) > migration.MaxWave:
		return places, nil, invalid(fmt.Sprintf("%d databases are too many for one wave.", len(names)), fmt.Sprintf("Make several waves of at most %d.", migration.MaxWave))
	}
	taken, err := s.namesUnderWay(ctx, w.Instance)
	if err != nil {
		return places, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, waveChecksLast)
	defer cancel()
	out := make([]waveCheck, len(names))
	free := make(chan struct{}, waveChecksAtOnce)
	var wg sync.WaitGroup
	for i, name := range names {
		k := &out[i]
		k.database, k.plan = name, places
		k.plan.request = w.live(name)
		if k.err = k.plan.draft(); k.err != nil {
			continue
		}
		if taken[strings.ToLower(k.plan.m.Database)] {
			k.err = fault.Newf(fault.Conflict, "%s is being migrated to this instance already.", k.plan.m.Database).WithFix("Look at it in the list of migrations.")
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			k.findings, k.facts, k.err = migration.LivePreflight(ctx, s.Ports, k.plan.m, s.Now)
			if k.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				k.err = fault.New(fault.Unavailable, fmt.Sprintf("Its checks did not end within the %d s for the wave.", int(waveChecksLast.Seconds())), "Check again, or make two waves.").Because(k.err)
			}
		})
	}
	wg.Wait()
	return places, out, nil
}

// whyNot is the first thing about the whole wave that bars its way.
func (v waveChecked) whyNot() error {
	for _, f := range v.whole {
		if f.Level == migration.Barred {
			return fault.New(fault.Invalid, f.Title+": "+f.Text, f.Fix)
		}
	}
	return nil
}

// distinct keeps the first of equal names.
func distinct(names []string) (out []string) {
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] && n != "" {
			out = append(out, n)
		}
		seen[n] = true
	}
	return out
}

// namesUnderWay are the databases on their way to an instance, in lower case.
func (s *Server) namesUnderWay(ctx context.Context, instanceID string) (map[string]bool, error) {
	st, err := s.activity(ctx)
	out := map[string]bool{}
	for _, m := range st.active {
		if m.InstanceID == instanceID {
			out[strings.ToLower(m.Database)] = true
		}
	}
	return out, err
}

// waveStarted is what became of a request. The results are in its order; a
// database that was left out has no id and its reason.
type waveStarted struct {
	waveChecked
	wave    migration.Wave
	results []migration.Result
}

// startWave checks once more and starts those that may. Without any that may
// start there is no wave.
func (s *Server) startWave(ctx context.Context, w waveRequest, by migration.By) (v waveStarted, err error) {
	if v.waveChecked, err = s.waveChecks(ctx, w); err != nil {
		return v, err
	}
	var items []migration.WaveItem
	at := map[string]int{}
	for i, k := range v.found {
		v.results = append(v.results, migration.Result{Database: k.database, Err: k.why()})
		if k.mayStart() {
			at[k.plan.m.Database] = i
			items = append(items, migration.WaveItem{Migration: k.plan.m, Source: k.facts, Findings: k.findings})
		}
	}
	if len(items) == 0 {
		return v, invalid("None of the databases can start.", "See beside each what is in the way.")
	}
	if !v.fits() {
		for i := range v.results {
			if why := v.whyNot(); v.results[i].Err == nil {
				v.results[i].Err = why
			}
		}
		return v, v.whyNot()
	}
	wave, begun, err := migration.StartWave(ctx, s.Migrations, w.Name, items, v.whole, s.NewID, by)
	v.wave = wave
	for _, r := range begun {
		if i, ok := at[r.Database]; ok {
			v.results[i].ID, v.results[i].Err = r.ID, r.Err
			if r.Err != nil {
				v.results[i].ID = ""
			}
		}
	}
	return v, err
}
