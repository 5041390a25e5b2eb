package migration

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// Wave is a group of migrations that start, wait and cut over together.
type Wave struct {
	ID      string // UUIDv7
	Name    string
	Created time.Time
}

// WaveItem is one database of a wave that is to be started.
type WaveItem struct {
	Migration Migration
	Source    SourceFacts
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
// lets start, in the order given. The others come back with their reason.
func StartWave(ctx context.Context, store Store, name string, items []WaveItem, newID func() string, by By) (Wave, []Result, error) {
	switch {
	case name == "":
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no name.", "Give it the name your colleagues know it by.")
	case len(items) == 0:
		return Wave{}, nil, fault.New(fault.Invalid, "The wave has no databases.", "Choose at least one.")
	case len(items) > MaxWave:
		return Wave{}, nil, fault.Newf(fault.Invalid, "%d databases are too many for one wave.", len(items)).WithFix("Make several waves of at most %d.", MaxWave)
	}
	w := Wave{ID: newID(), Name: name, Created: by.At}
	if err := store.CreateWave(ctx, w, by.entry("wave.start", w.ID, fmt.Sprintf("Started the wave %s of %d databases.", name, len(items)))); err != nil {
		return Wave{}, nil, err
	}
	var out []Result
	for _, item := range items {
		item.Migration.WaveID = w.ID
		id, err := StartLive(ctx, store, item.Migration, item.Source, item.Findings, newID, by)
		out = append(out, Result{ID: id, Database: item.Migration.Database, Err: err})
	}
	return w, out, nil
}

// OrderWaveCutover orders the cutover of every migration of a wave. It is all
// or none: while one cannot be cut over, the others keep following.
func OrderWaveCutover(ctx context.Context, s Store, waveID string, by By) ([]Result, error) {
	members, err := s.Migrations(ctx, Filter{Wave: waveID, Limit: MaxWave})
	if err != nil {
		return nil, err
	}
	var out []Result
	ready := true
	for _, row := range members {
		if row.Stage.Ended() {
			continue
		}
		m, err := s.Migration(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		_, err = Cutover(m)
		ready = ready && err == nil
		out = append(out, Result{ID: row.ID, Database: row.Database, Err: err})
	}
	if !ready || len(out) == 0 {
		return out, fault.New(fault.Conflict, "Not every database of the wave can be cut over.", "See beside each what it waits for.")
	}
	for i := range out {
		out[i].Err = OrderCutover(ctx, s, out[i].ID, by)
	}
	return out, nil
}
