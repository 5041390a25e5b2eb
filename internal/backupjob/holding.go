package backupjob

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
)

// Holding is what the catalogue has of a database that the next backup would
// build on. The zero Holding tells nothing.
type Holding struct {
	Base   BaseState
	Full   bool // a full that can be restored from is known
	NoFull bool // sets of it are known, and no full that can be restored from is among them
}

// BaseState is what became of the full backup that the engine names as the base
// of the next differential.
type BaseState string

const (
	BaseUntold BaseState = ""     // the catalogue does not know it
	BaseHere   BaseState = "here" // it can be restored from
	BaseLost   BaseState = "lost" // a snapshot, on another device, broken or gone
)

// holdings asks the catalogue about databases of a server, for what a run of a
// kind must know of them.
func (j *job) holdings(ctx context.Context, s Plan, have []backup.Database) (map[string]Holding, error) {
	out := map[string]Holding{}
	switch s.Job.Kind {
	case backup.Differential:
		for _, d := range have {
			if d.BaseGUID.IsZero() || d.State != "ONLINE" {
				continue
			}
			state, err := j.base(ctx, s.Job.ServerID, d)
			if err != nil {
				return nil, err
			}
			out[d.Name] = Holding{Base: state}
		}
	case backup.Log:
		f := backup.ProtectionFilter{InstanceID: s.Job.ServerID, Now: j.Now(), Limit: 500}
		for {
			page, err := j.Catalogue.Protections(ctx, f)
			if err != nil {
				return nil, err
			}
			for _, p := range page {
				out[p.Database] = Holding{Full: !p.LastFull.IsZero(), NoFull: p.Sets > 0 && p.LastFull.IsZero()}
			}
			if len(page) < f.Limit {
				return out, nil
			}
			f.After = page[len(page)-1].Key()
		}
	}
	return out, nil
}

// base looks for the base of a database's differentials.
func (j *job) base(ctx context.Context, serverID string, d backup.Database) (BaseState, error) {
	known, err := j.Catalogue.Sets(ctx, serverID, d.Name, mostSets)
	if err != nil {
		return BaseUntold, err
	}
	is := func(r backup.Record) bool { return r.Set.ID == d.BaseGUID }
	if i := slices.IndexFunc(known, is); i >= 0 {
		if r := &known[i]; r.State != backup.Complete || r.Apart || !r.Set.Usable() {
			return BaseLost, nil
		}
		return BaseHere, nil
	}
	gone, err := j.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: serverID, Database: d.Name, Kind: backup.Full, State: backup.Removed, Limit: 200})
	if err == nil && slices.ContainsFunc(gone, is) {
		return BaseLost, nil
	}
	return BaseUntold, err
}
