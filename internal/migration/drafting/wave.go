package drafting

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/words"
)

// WaveRequest is what a person chose for a new wave, as a form or a program sends it.
type WaveRequest struct {
	Name      string   `json:"name"`
	Server    string   `json:"server"`
	Databases []string `json:"databases"`
	Instance  string   `json:"instance"`
	Staging   string   `json:"staging"`
	Every     string   `json:"every,omitempty"`
	Freeze    string   `json:"freeze,omitempty"`
	Check     string   `json:"check,omitempty"`
	Compress  bool     `json:"compress,omitempty"`
	KeepCDC   bool     `json:"keep_cdc,omitempty"` // as of LiveRequest, for every database of the wave
	Owner     string   `json:"owner,omitempty"`
}

// Live is the request for one database of the wave.
func (w WaveRequest) Live(database string) LiveRequest {
	return LiveRequest{Server: w.Server, Source: database, Instance: w.Instance, Staging: w.Staging, Every: w.Every, Freeze: w.Freeze, Check: w.Check, Compress: w.Compress, KeepCDC: w.KeepCDC, Owner: w.Owner}
}

// WaveCheck is what was found for one database of a wave.
type WaveCheck struct {
	Database string
	Plan     LivePlan
	Findings []migration.Finding
	facts    preflight.SourceFacts
	Err      error // why it could not be checked, or must not start whatever the checks say
}

// MayStart reports whether the database may start as far as it alone is
// concerned.
func (k WaveCheck) MayStart() bool { return k.Err == nil && migration.MayStart(k.Findings) }

// why is the first thing that keeps a database from starting; nil when nothing does.
func (k WaveCheck) why() error {
	if k.Err != nil {
		return k.Err
	}
	for _, f := range k.Findings {
		if f.Level == migration.Barred {
			return fault.Told(fault.Invalid, words.Say("%s: %s", f.Title, f.Text), f.Fix)
		}
	}
	return nil
}

// WaveChecked is what was found for a wave: for each database in its order, and
// for those that can start together.
type WaveChecked struct {
	Places LivePlan
	Found  []WaveCheck
	Facts  wave.Facts
	Whole  []migration.Finding
}

// FittingEvery is the interval to choose instead of one that makes too many
// calls a day; false when the one chosen fits, or none does.
func (v WaveChecked) FittingEvery() (time.Duration, bool) {
	for _, f := range v.Whole {
		if f.Code == "wave-calls" && f.Level != migration.Passed {
			return v.Facts.FittingEvery()
		}
	}
	return 0, false
}

// Fits reports whether nothing about the whole wave bars the way.
func (v WaveChecked) Fits() bool { return migration.MayStart(v.Whole) }

// whyNot is the first thing about the whole wave that bars its way.
func (v WaveChecked) whyNot() error {
	for _, f := range v.Whole {
		if f.Level == migration.Barred {
			return fault.Told(fault.Invalid, words.Say("%s: %s", f.Title, f.Text), f.Fix)
		}
	}
	return nil
}

// waveStarted is what became of a request. The results are in its order; a
// database that was left out has no id and its reason.
type waveStarted struct {
	WaveChecked
	Wave    wave.Wave
	Results []wave.Result
}

// StartWave checks once more and starts those that may. Without any that may
// start there is no wave.
func (s *Drafting) StartWave(ctx context.Context, w WaveRequest, by migration.By) (v waveStarted, err error) {
	if v.WaveChecked, err = s.WaveChecks(ctx, w); err != nil {
		return v, err
	}
	var items []wave.Item
	at := map[string]int{}
	for i, k := range v.Found {
		v.Results = append(v.Results, wave.Result{Database: k.Database, Err: k.why()})
		if k.MayStart() {
			at[k.Plan.M.Database] = i
			items = append(items, wave.Item{Migration: k.Plan.M, Source: k.facts.Origin(), Findings: k.Findings})
		}
	}
	if len(items) == 0 {
		return v, invalid("None of the databases can start.", "See beside each what is in the way.")
	}
	if !v.Fits() {
		for i := range v.Results {
			if why := v.whyNot(); v.Results[i].Err == nil {
				v.Results[i].Err = why
			}
		}
		return v, v.whyNot()
	}
	created, begun, err := wave.Start(ctx, s.Migrations, w.Name, items, v.Whole, s.NewID, by)
	v.Wave = created
	for _, r := range begun {
		if i, ok := at[r.Database]; ok {
			v.Results[i].ID, v.Results[i].Err = r.ID, r.Err
			if r.Err != nil {
				v.Results[i].ID = ""
			}
		}
	}
	return v, err
}

// WhyMost is how long a person's reason may be, in characters.
const WhyMost = 500
