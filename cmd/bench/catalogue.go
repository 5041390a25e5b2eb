package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

const (
	longestQuery  = 30 * time.Millisecond // p95
	queryRate     = 20                    // a second
	querySeconds  = 20
	writeRate     = 25 // a second: the logs of 20,000 databases each quarter of an hour
	longestFilled = 4 * time.Minute
)

// house is a data folder with a million sets and a history; it is generated
// once.
func (b *bench) house(ctx context.Context) (string, error) {
	folder, now := filepath.Join(b.tmp, "house"), time.Now()
	if b.kept != "" {
		folder = b.kept
	}
	if _, err := os.Stat(filepath.Join(folder, "generated")); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Join(folder, "backups"), 0o700); err != nil {
		return folder, err
	}
	if err := generate(ctx, folder, wanted, now); err != nil {
		return folder, fmt.Errorf("generate: %w", err)
	}
	filled := time.Since(now)
	b.add(fmt.Sprintf("a house of %d sets, %d runs and %d audit entries is generated", wanted.total(), historyRuns, historyEntries), "< 4 min", filled < longestFilled, "%s", filled.Round(time.Second))
	return folder, os.WriteFile(filepath.Join(folder, "generated"), nil, 0o600)
}

// catalogue asks the store what pages ask, while a writer adds sets.
func (b *bench) catalogue(ctx context.Context) error {
	folder, err := b.house(ctx)
	if err != nil {
		return err
	}
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		return err
	}
	began := time.Now()
	store, err := sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	opened := time.Since(began)
	b.add("that catalogue is opened", "< 0.5 s", opened < longestStart, "%d ms", opened.Milliseconds())
	return errors.Join(b.ask(ctx, store.Catalogue(), time.Now()), store.Close())
}

// question is one of those that pages put to the catalogue.
type question struct {
	name string
	ask  func(ctx context.Context, c *sqlite.Catalogue, r *rand.Rand) error
}

func (b *bench) ask(ctx context.Context, c *sqlite.Catalogue, now time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var writing sync.WaitGroup
	var wrote int
	var writeErr error
	writing.Go(func() { wrote, writeErr = writeOn(ctx, c, now) })
	all := questions(now)
	took := make([][]time.Duration, len(all))
	var mu sync.Mutex
	var asking sync.WaitGroup
	var failed error
	tick := time.NewTicker(time.Second / queryRate)
	defer tick.Stop()
	for i := range queryRate * querySeconds {
		<-tick.C
		asking.Go(func() {
			which, r := i%len(all), rand.New(rand.NewPCG(uint64(i), 1))
			began := time.Now()
			err := all[which].ask(ctx, c, r)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			took[which] = append(took[which], time.Since(began))
		})
	}
	asking.Wait()
	cancel()
	writing.Wait()
	if err := errors.Join(failed, writeErr); err != nil {
		return err
	}
	for i, q := range all {
		slices.Sort(took[i])
		p95 := took[i][len(took[i])*95/100]
		b.add(fmt.Sprintf("p95 of %s, 20 questions a second beside %d writes", q.name, wrote), "30 ms", p95 <= longestQuery, "%.1f ms", float64(p95.Microseconds())/1000)
	}
	return nil
}

// writeOn adds sets to databases at the rate of writeRate until told to stop.
func writeOn(ctx context.Context, c *sqlite.Catalogue, now time.Time) (n int, err error) {
	g := generator{size: wanted, now: now, random: rand.New(rand.NewPCG(9, 9))}
	tick := time.NewTicker(time.Second / writeRate)
	defer tick.Stop()
	for ; ctx.Err() == nil; <-tick.C {
		p := backup.Promise{InstanceID: serverID(g.random.IntN(wanted.servers)), Database: databaseName(g.random.IntN(wanted.databases))}
		g.now = now.Add(time.Duration(n) * time.Millisecond)
		if err := c.Put(ctx, g.chain(p)[wanted.sets-5:]); err != nil {
			if ctx.Err() != nil {
				return n, nil
			}
			return n, err
		}
		n++
	}
	return n, nil
}

func questions(now time.Time) []question {
	yes := true
	list := func(f func(r *rand.Rand) backup.RecordFilter) func(context.Context, *sqlite.Catalogue, *rand.Rand) error {
		return func(ctx context.Context, c *sqlite.Catalogue, r *rand.Rand) error {
			want := f(r)
			for range 1 + r.IntN(3) { // some pages on
				duePolicy, err := c.Records(ctx, want)
				if err != nil || len(duePolicy) == 0 {
					return err
				}
				want.Before = duePolicy[len(duePolicy)-1].ID
				if _, err := c.Record(ctx, duePolicy[r.IntN(len(duePolicy))].ID); err != nil {
					return err
				}
			}
			_, _, err := c.CountRecords(ctx, want)
			return err
		}
	}
	any := func(r *rand.Rand) backup.RecordFilter {
		f := backup.RecordFilter{Limit: 50}
		if r.IntN(2) == 0 {
			f.InstanceID = serverID(r.IntN(wanted.servers))
		}
		if r.IntN(2) == 0 {
			f.Database = databaseName(r.IntN(wanted.databases))
		}
		f.Kind = []backup.Kind{"", backup.Full, backup.Differential, backup.Log}[r.IntN(4)]
		f.Origin = []backup.Origin{"", backup.ByUs, backup.ByOthers, backup.InCloud, backup.InBucket}[r.IntN(5)]
		f.State = []backup.RecordState{"", backup.Complete, backup.Broken, backup.Removed}[r.IntN(4)]
		if r.IntN(3) == 0 {
			f.Manual = &yes
		}
		if r.IntN(3) == 0 {
			f.From, f.To = now.Add(-8*time.Hour), now.Add(-2*time.Hour)
		}
		return f
	}
	return []question{
		{"the tally and the late databases", func(ctx context.Context, c *sqlite.Catalogue, _ *rand.Rand) error {
			if _, err := c.Count(ctx, time.Now()); err != nil {
				return err
			}
			late, err := c.Protections(ctx, backup.ProtectionFilter{OnlyLate: true, Now: time.Now(), Limit: 50})
			if err != nil || len(late) == 0 {
				return err
			}
			_, err = c.Protections(ctx, backup.ProtectionFilter{OnlyLate: true, Now: time.Now(), Limit: 50, After: late[len(late)-1].Key()})
			return err
		}},
		{"three pages of all sets", list(func(*rand.Rand) backup.RecordFilter { return backup.RecordFilter{Limit: 50} })},
		{"three pages of sets by any filter", list(any)},
		{"broken sets and those of others", list(func(r *rand.Rand) backup.RecordFilter {
			if r.IntN(2) == 0 {
				return backup.RecordFilter{State: backup.Broken, Limit: 50}
			}
			return backup.RecordFilter{Origin: backup.ByOthers, Kind: backup.Log, Limit: 50}
		})},
		{"an instance's databases", func(ctx context.Context, c *sqlite.Catalogue, r *rand.Rand) error {
			_, err := c.Protections(ctx, backup.ProtectionFilter{InstanceID: serverID(r.IntN(wanted.servers)), Limit: 100})
			return err
		}},
		{"a database's sets and windows", func(ctx context.Context, c *sqlite.Catalogue, r *rand.Rand) error {
			sets, err := c.Sets(ctx, serverID(r.IntN(wanted.servers)), databaseName(r.IntN(wanted.databases)), 0)
			if err == nil && len(backup.Windows(sets)) == 0 {
				return nil
			}
			return err
		}},
		{"a cloud instance's sets and windows", func(ctx context.Context, c *sqlite.Catalogue, r *rand.Rand) error {
			sets, err := c.Outlines(ctx, cloudID(r.IntN(wanted.clouds)), "", 0)
			if err == nil && len(backup.Windows(sets)) == 0 {
				return errors.New("a cloud instance without a window")
			}
			return err
		}},
	}
}
