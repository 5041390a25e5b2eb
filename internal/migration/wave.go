package migration

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
)

// Wave is a group of migrations that start, wait and cut over together.
type Wave struct {
	ID       string // UUIDv7
	Name     string
	Findings []Finding // of the preflight of the whole wave, as they were when it began
	Created  time.Time
}

// WaveItem is one database of a wave that is to be started.
type WaveItem struct {
	Migration Migration
	Source    Origin
	Findings  []Finding
}

// Result is what became of one migration of a wave in an order to all.
type Result struct {
	ID       string
	Database string
	Err      error
}

// MaxWave is how many databases one wave may have.
const MaxWave = 200

// StartWave creates a wave and starts those of its databases that preflight
// lets start; they begin in the order given. The others come back with their
// reason. A finding about the whole wave that bars the way refuses all.
func StartWave(ctx context.Context, store Store, name string, items []WaveItem, whole []Finding, newID func() string, by By) (Wave, []Result, error) {
	switch {
	case name == "":
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no name.", "Give it the name your colleagues know it by.")
	case len(items) == 0:
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no databases.", "Choose at least one.")
	case len(items) > MaxWave:
		return Wave{}, nil, fault.Newf(fault.Invalid, "%d databases are too many for one wave.", len(items)).WithFix("Make several waves of at most %d.", MaxWave)
	}
	for _, f := range whole {
		if f.Level == Barred {
			return Wave{}, nil, fault.Told(fault.Invalid, f.Text, f.Fix)
		}
	}
	w := Wave{ID: newID(), Name: name, Findings: whole, Created: by.At}
	if err := store.CreateWave(ctx, w, by.waveEntry("wave.start", w.ID, fmt.Sprintf("Started the wave %s of %d databases.", name, len(items)))); err != nil {
		return Wave{}, nil, err
	}
	var out []Result
	for i, item := range items {
		item.Migration.WaveID, item.Migration.Rank = w.ID, i+1
		id, err := StartLive(ctx, store, item.Migration, item.Source, item.Findings, newID, by)
		out = append(out, Result{ID: id, Database: item.Migration.Database, Err: err})
	}
	return w, out, nil
}

func (b By) waveEntry(action, id, summary string) audit.Entry {
	return audit.New(b.Actor, b.At, action, "wave/"+id, summary)
}

// members reads the migrations of a wave, in the order in which it begins.
func members(ctx context.Context, s Store, waveID string) ([]Migration, error) {
	rows, err := s.Migrations(ctx, Filter{Wave: waveID, Limit: MaxWave})
	if err != nil {
		return nil, err
	}
	out := make([]Migration, len(rows))
	for i, row := range rows {
		if out[i], err = s.Migration(ctx, row.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OrderWaveCutover orders the cutover of every migration of a wave. It is all
// or none: while one cannot be cut over, the others keep following. foretold
// is what was predicted for each, by id.
func OrderWaveCutover(ctx context.Context, s Store, waveID string, predicted map[string]Stop, by By) ([]Result, error) {
	all, err := members(ctx, s, waveID)
	if err != nil {
		return nil, err
	}
	var out []Result
	ready := true
	for _, m := range all {
		if m.Stage.Ended() {
			continue
		}
		_, err = Cutover(m)
		ready = ready && err == nil
		out = append(out, Result{ID: m.ID, Database: m.Database, Err: err})
	}
	if !ready || len(out) == 0 {
		return out, fault.New(fault.Conflict, "Not every database of the wave can be cut over.", "See beside each what it waits for.")
	}
	for i := range out {
		out[i].Err = OrderPredictedCutover(ctx, s, out[i].ID, predicted[out[i].ID], by)
	}
	return out, nil
}

// CutoverBegan reports whether the cutover of one of them was ordered: from
// then on what is left may be cut over without waiting for all.
func CutoverBegan(all []Migration) bool {
	for _, m := range all {
		if m.LiveSource != nil && !m.LiveSource.CutoverAsked.IsZero() {
			return true
		}
	}
	return false
}

// Resume decides what "cut over the rest" changes for one migration: the
// cutover is ordered where it was not, and goes on where it stands still.
func Resume(m Migration) (Decision, error) {
	if m.LiveSource != nil && !m.Stage.Ended() && !m.LiveSource.CutoverAsked.IsZero() && m.LiveSource.AbortAsked.IsZero() && m.Problem != nil {
		return Retry(m)
	}
	return Cutover(m)
}

// OrderWaveRest cuts over what is left of a wave whose joint cutover began:
// those that can. The others come back with their reason and stay as they are.
func OrderWaveRest(ctx context.Context, s Store, waveID string, predicted map[string]Stop, by By) ([]Result, error) {
	all, err := members(ctx, s, waveID)
	if err != nil {
		return nil, err
	}
	if !CutoverBegan(all) {
		return nil, fault.New(fault.Conflict, "The joint cutover was not ordered yet.", "Order it for all: while one cannot be cut over, the others keep following.")
	}
	var out []Result
	able := false
	for _, m := range all {
		if m.Stage.Ended() {
			continue
		}
		if _, err := Resume(m); err != nil {
			out = append(out, Result{m.ID, m.Database, err})
			continue
		}
		able = true
		out = append(out, Result{m.ID, m.Database, s.Ask(ctx, m.ID, func(m Migration) (Decision, audit.Entry, error) {
			d, err := Resume(m)
			action, words := "migration.retry", "Ordered to go on with the cutover of "+m.Database+"."
			if d.Cutover {
				d.Predicted, action, words = predicted[m.ID], "migration.cutover", "Ordered the cutover of "+m.Database+"."
			}
			return d, by.entry(action, m.ID, words).With(m.Problem, nil), err
		})})
	}
	if !able {
		return out, fault.New(fault.Conflict, "Nothing that is left can be cut over now.", "See beside each what it waits for, or abort the rest.")
	}
	return out, nil
}

// OrderWaveAbort gives up everything of a wave that is not open: each source
// becomes writable again. Those whose opening was ordered already come back
// with their reason and go on. The wave's name is typed by a person; why is
// kept with each and may be empty.
func OrderWaveAbort(ctx context.Context, s Store, waveID, typed, why string, by By) ([]Result, error) {
	w, err := s.Wave(ctx, waveID)
	if err != nil {
		return nil, err
	}
	if typed != w.Name {
		return nil, fault.Newf(fault.Invalid, "The name typed is not %s.", w.Name).WithFix("Type the name of the wave to abort it.")
	}
	all, err := members(ctx, s, waveID)
	if err != nil {
		return nil, err
	}
	var out []Result
	able := false
	for _, m := range all {
		if m.Stage.Ended() || m.LiveSource != nil && !m.LiveSource.AbortAsked.IsZero() {
			continue
		}
		err := s.Ask(ctx, m.ID, func(m Migration) (Decision, audit.Entry, error) {
			d, err := Abort(m)
			d.Why = aborted(m, why)
			return d, by.entry("migration.abort", m.ID, "Ordered to abort the migration of "+m.Database+" with its wave and give the source back.").With(nil, map[string]any{"why": d.Why}), err
		})
		able = able || err == nil
		out = append(out, Result{m.ID, m.Database, err})
	}
	if !able {
		return out, fault.New(fault.Conflict, "Nothing of the wave can be aborted.", "What is open stays open; what is opening is let go on.")
	}
	return out, nil
}

// aborted is why a migration was given up: what the person wrote, and what was
// in its way.
func aborted(m Migration, why string) string {
	switch {
	case m.Problem == nil:
		return why
	case why == "":
		return "It stood still: " + m.Problem.Cause.String()
	}
	return why + " It stood still: " + m.Problem.Cause.String()
}

// Arrange decides the order in which those of a wave begin that have not begun
// yet. wanted gives the places of some, by id; equal or missing ones keep the
// order they have among themselves and come after smaller places.
func Arrange(all []Summary, wanted map[string]int) (map[string]int, error) {
	var free []int
	var waiting []Summary
	for _, m := range all {
		if m.Begun || m.Stage.Ended() {
			if _, moved := wanted[m.ID]; moved {
				return nil, fault.Newf(fault.Conflict, "%s has begun already: its place cannot be changed.", m.Database).WithFix("Look at the order again.")
			}
			continue
		}
		free, waiting = append(free, m.Rank), append(waiting, m)
	}
	if len(waiting) == 0 {
		return nil, fault.New(fault.Conflict, "Every database of the wave has begun.", "The order cannot be changed any more.")
	}
	ranks := map[string]int{}
	for i, m := range sortedBy(waiting, wanted) {
		ranks[m.ID] = free[i]
	}
	return ranks, nil
}

// OrderArrange changes the order in which those begin that have not yet.
func OrderArrange(ctx context.Context, s Store, waveID string, wanted map[string]int, by By) error {
	return s.Arrange(ctx, waveID, func(all []Summary) (map[string]int, audit.Entry, error) {
		ranks, err := Arrange(all, wanted)
		var names []string
		for _, m := range sortedBy(all, ranks) {
			names = append(names, m.Database)
		}
		return ranks, by.waveEntry("wave.arrange", waveID, "Changed the order in which the wave begins.").With(nil, names), err
	})
}
