package drafting

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// answering are a target and a bucket that answer.
type answering struct{ migration.Ports }

func (answering) Target(context.Context, string) (migration.Target, error) { return idle{}, nil }

func (answering) Bucket(context.Context, string) (objectstore.Bucket, error) { return named{}, nil }

type idle struct{ migration.Target }

func (idle) Instance(context.Context) (migration.TargetInstance, error) {
	return migration.TargetInstance{MaxDatabases: 2, StorageBytes: 1 << 40}, nil
}

func (idle) Databases(context.Context) ([]string, error) { return nil, nil }

type named struct{ objectstore.Bucket }

func (named) Info(context.Context) (objectstore.Info, error) {
	return objectstore.Info{Name: "moves"}, nil
}

// many knows migrations on their way by their ids.
type many struct {
	progress.Store
	of    map[string]migration.Migration
	calls int // to the instance in the last day
}

func (s many) Migrations(context.Context, migration.Filter) (out []migration.Summary, err error) {
	for id, m := range s.of {
		out = append(out, migration.Summary{ID: id, InstanceID: m.InstanceID, Database: m.Database})
	}
	return out, nil
}

func (s many) Migration(_ context.Context, id string) (migration.Migration, error) {
	return s.of[id], nil
}

func (s many) Calls(context.Context, string, string, time.Time) (migration.Budget, error) {
	return migration.Budget{Instance: s.calls}, nil
}

// TestOnlyWhatGoesToTheSameTargetTakesFromAWave: databases and calls of a day
// are counted for each instance, so that a migration to another one leaves the
// wave all of them.
func TestOnlyWhatGoesToTheSameTargetTakesFromAWave(t *testing.T) {
	limits := endpoint.Calls{Database: 100, Instance: 500}
	going := func(instance, database string, live bool) migration.Migration {
		m := migration.Migration{InstanceID: instance, Database: database, Traits: endpoint.Traits{Calls: limits}}
		if live {
			m.LiveSource = &migration.LiveSource{Every: time.Hour}
		}
		return m
	}
	each := wave.PlannedCalls(limits, time.Hour)
	for _, tc := range []struct {
		name   string
		of     []migration.Migration
		coming []string
		plan   int
		fits   bool
	}{
		{"nothing is on its way", nil, nil, 0, true},
		{"one to another instance", []migration.Migration{going("other", "stock", true), going("other", "bonds", true)}, nil, 0, true},
		{"one of files", []migration.Migration{going("cloud", "stock", false)}, []string{"stock"}, 0, true},
		{"one from a server at work", []migration.Migration{going("cloud", "stock", true)}, []string{"stock"}, each, true},
		{"one here and one elsewhere", []migration.Migration{going("cloud", "stock", true), going("other", "bonds", true)}, []string{"stock"}, each, true},
		{"as many as leave no place", []migration.Migration{going("cloud", "stock", true), going("cloud", "bonds", true)}, []string{"bonds", "stock"}, 2 * each, false},
	} {
		store := many{of: map[string]migration.Migration{}, calls: 7}
		for _, m := range tc.of {
			store.of[m.Database] = m
		}
		now := func() time.Time { return time.Unix(1_000_000, 0) }
		s := &Drafting{Ports: answering{}, Migrations: store, Progress: &progress.Reader{Migrations: store, Now: now}, Now: now}
		places := LivePlan{Instance: endpoint.Instance{ID: "cloud", Traits: endpoint.Traits{Calls: limits}}}
		member := WaveCheck{Database: "orders", Plan: LivePlan{M: migration.Migration{Database: "orders", LiveSource: &migration.LiveSource{Every: time.Hour}}}}
		f, whole, err := s.wholeChecks(t.Context(), WaveChecked{Places: places, Found: []WaveCheck{member}})
		slices.Sort(f.Coming)
		if err != nil || !slices.Equal(f.Coming, tc.coming) || f.CallsPlan != tc.plan || f.CallsHost != 7 || f.Every != time.Hour || migration.MayStart(whole) != tc.fits {
			t.Errorf("%s: %v are coming with %d calls a day, after %d, may start %v, %v", tc.name, f.Coming, f.CallsPlan, f.CallsHost, migration.MayStart(whole), err)
		}
	}
}
