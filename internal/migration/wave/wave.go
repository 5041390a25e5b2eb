// Package wave starts, arranges and cuts over several migrations as one; no
// migration asks for the wave that it is of.
package wave

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// Wave is a group of migrations that start, wait and cut over together.
type Wave struct {
	ID       string // UUIDv7
	Name     string
	Findings []migration.Finding // of the preflight of the whole wave, as they were when it began
	Created  time.Time
}

// Store keeps waves beside their migrations. Every method is one transaction.
type Store interface {
	migration.Store

	// CreateWave writes a wave; Waves lists them, newest first.
	CreateWave(ctx context.Context, w Wave, e audit.Entry) error
	Wave(ctx context.Context, id string) (Wave, error)
	// before is the id of the last one of the page before.
	Waves(ctx context.Context, before string, limit int) ([]Wave, error)
	// Arrange lets arrange look at all migrations of a wave, in their order, and
	// gives those it returns their new ranks, in one transaction.
	Arrange(ctx context.Context, waveID string, arrange func([]migration.Summary) (map[string]int, audit.Entry, error)) error
}

// Item is one database of a wave that is to be started.
type Item struct {
	Migration migration.Migration
	Source    migration.Origin
	Findings  []migration.Finding
}

// Result is what became of one migration of a wave in an order to all.
type Result struct {
	ID       string
	Database string
	Err      error
}

// Most is how many databases one wave may have.
const Most = 200

// Start creates a wave and starts those of its databases that preflight
// lets start; they begin in the order given. The others come back with their
// reason. A finding about the whole wave that bars the way refuses all.
func Start(ctx context.Context, store Store, name string, items []Item, whole []migration.Finding, newID func() string, by migration.By) (Wave, []Result, error) {
	switch {
	case name == "":
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no name.", "Give it the name your colleagues know it by.")
	case len(items) == 0:
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no databases.", "Choose at least one.")
	case len(items) > Most:
		return Wave{}, nil, fault.Newf(fault.Invalid, "%d databases are too many for one wave.", len(items)).WithFix("Make several waves of at most %d.", Most)
	}
	for _, f := range whole {
		if f.Level == migration.Barred {
			return Wave{}, nil, fault.Told(fault.Invalid, f.Text, f.Fix)
		}
	}
	w := Wave{ID: newID(), Name: name, Findings: whole, Created: by.At}
	if err := store.CreateWave(ctx, w, entry(by, "wave.start", w.ID, fmt.Sprintf("Started the wave %s of %d databases.", name, len(items)))); err != nil {
		return Wave{}, nil, err
	}
	var out []Result
	for i, item := range items {
		item.Migration.WaveID, item.Migration.Rank = w.ID, i+1
		id, err := migration.StartLive(ctx, store, item.Migration, item.Source, item.Findings, newID, by)
		out = append(out, Result{ID: id, Database: item.Migration.Database, Err: err})
	}
	return w, out, nil
}

func entry(by migration.By, action, id, summary string) audit.Entry {
	return audit.New(by.Actor, by.At, action, "wave/"+id, summary)
}

// members reads the migrations of a wave, in the order in which it begins.
func members(ctx context.Context, s Store, waveID string) ([]migration.Migration, error) {
	rows, err := s.Migrations(ctx, migration.Filter{Wave: waveID, Limit: Most})
	if err != nil {
		return nil, err
	}
	out := make([]migration.Migration, len(rows))
	for i, row := range rows {
		if out[i], err = s.Migration(ctx, row.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OrderCutover orders the cutover of every migration of a wave. It is all
// or none: while one cannot be cut over, the others keep following. foretold
// is what was predicted for each, by id.
func OrderCutover(ctx context.Context, s Store, waveID string, predicted map[string]migration.Stop, by migration.By) ([]Result, error) {
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
		_, err = migration.Cutover(m)
		ready = ready && err == nil
		out = append(out, Result{ID: m.ID, Database: m.Database, Err: err})
	}
	if !ready || len(out) == 0 {
		return out, fault.New(fault.Conflict, "Not every database of the wave can be cut over.", "See beside each what it waits for.")
	}
	for i := range out {
		out[i].Err = migration.OrderPredictedCutover(ctx, s, out[i].ID, predicted[out[i].ID], by)
	}
	return out, nil
}

// CutoverBegan reports whether the cutover of one of them was ordered: from
// then on what is left may be cut over without waiting for all.
func CutoverBegan(all []migration.Migration) bool {
	for _, m := range all {
		if m.LiveSource != nil && !m.LiveSource.CutoverAsked.IsZero() {
			return true
		}
	}
	return false
}

// Resume decides what "cut over the rest" changes for one migration: the
// cutover is ordered where it was not, and goes on where it stands still.
func Resume(m migration.Migration) (migration.Decision, error) {
	if m.LiveSource != nil && !m.Stage.Ended() && !m.LiveSource.CutoverAsked.IsZero() && m.LiveSource.AbortAsked.IsZero() && m.Problem != nil {
		return migration.Retry(m)
	}
	return migration.Cutover(m)
}

// OrderRest cuts over what is left of a wave whose joint cutover began:
// those that can. The others come back with their reason and stay as they are.
func OrderRest(ctx context.Context, s Store, waveID string, predicted map[string]migration.Stop, by migration.By) ([]Result, error) {
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
		out = append(out, Result{m.ID, m.Database, s.Ask(ctx, m.ID, func(m migration.Migration) (migration.Decision, audit.Entry, error) {
			d, err := Resume(m)
			action, words := "migration.retry", "Ordered to go on with the cutover of "+m.Database+"."
			if d.Cutover {
				d.Predicted, action, words = predicted[m.ID], "migration.cutover", "Ordered the cutover of "+m.Database+"."
			}
			return d, by.Entry(action, m.ID, words).With(m.Problem, nil), err
		})})
	}
	if !able {
		return out, fault.New(fault.Conflict, "Nothing that is left can be cut over now.", "See beside each what it waits for, or abort the rest.")
	}
	return out, nil
}

// OrderAbort gives up everything of a wave that is not open: each source
// becomes writable again. Those whose opening was ordered already come back
// with their reason and go on. The wave's name is typed by a person; why is
// kept with each and may be empty.
func OrderAbort(ctx context.Context, s Store, waveID, typed, why string, by migration.By) ([]Result, error) {
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
		err := s.Ask(ctx, m.ID, func(m migration.Migration) (migration.Decision, audit.Entry, error) {
			d, err := migration.Abort(m)
			d.Why = migration.AbortWhy(m, why)
			return d, by.Entry("migration.abort", m.ID, "Ordered to abort the migration of "+m.Database+" with its wave and give the source back.").With(nil, map[string]any{"why": d.Why}), err
		})
		able = able || err == nil
		out = append(out, Result{m.ID, m.Database, err})
	}
	if !able {
		return out, fault.New(fault.Conflict, "Nothing of the wave can be aborted.", "What is open stays open; what is opening is let go on.")
	}
	return out, nil
}

// Arrange decides the order in which those of a wave begin that have not begun
// yet. wanted gives the places of some, by id; equal or missing ones keep the
// order they have among themselves and come after smaller places.
func Arrange(all []migration.Summary, wanted map[string]int) (map[string]int, error) {
	var free []int
	var waiting []migration.Summary
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
func OrderArrange(ctx context.Context, s Store, waveID string, wanted map[string]int, by migration.By) error {
	return s.Arrange(ctx, waveID, func(all []migration.Summary) (map[string]int, audit.Entry, error) {
		ranks, err := Arrange(all, wanted)
		var names []string
		for _, m := range sortedBy(all, ranks) {
			names = append(names, m.Database)
		}
		return ranks, entry(by, "wave.arrange", waveID, "Changed the order in which the wave begins.").With(nil, names), err
	})
}

// sortedBy orders migrations by the places wanted for them; those without one
// come last, and equals stay as they were.
func sortedBy(all []migration.Summary, places map[string]int) []migration.Summary {
	all = slices.Clone(all)
	place := func(m migration.Summary) int {
		if p, ok := places[m.ID]; ok {
			return p
		}
		return math.MaxInt
	}
	slices.SortStableFunc(all, func(a, b migration.Summary) int { return cmp.Compare(place(a), place(b)) })
	return all
}
