package policy

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

var _ Environment = KnownFacts{}

// KnownFacts finds facts in what was written down: places, and the sets of the
// catalogue. It asks no server, so that a form answers at once.
type KnownFacts struct {
	Places interface {
		Instance(ctx context.Context, id string) (endpoint.Instance, error)
		Bucket(ctx context.Context, id string) (endpoint.Bucket, error)
	}
	Records interface {
		Records(ctx context.Context, f backup.RecordFilter) ([]backup.Record, error)
		Protections(ctx context.Context, f backup.ProtectionFilter) ([]backup.Protection, error)
	}
}

const (
	// mostAsked bounds at how many servers sets are looked at.
	mostAsked = 50
	// mostRecent is how many of the newest sets of a kind are looked at.
	mostRecent = 100
)

// Facts implements World. Recovery models are those of the databases' newest
// sets; databases without sets are not counted.
func (k KnownFacts) Facts(ctx context.Context, p Policy) (Facts, error) {
	f := Facts{Took: map[backup.Kind]time.Duration{}}
	gone := func(err error) (bool, error) {
		if fault.Is(err, fault.NotFound) {
			return true, nil
		}
		return false, err
	}
	if p.BucketID != "" {
		_, err := k.Places.Bucket(ctx, p.BucketID)
		if f.BucketGone, err = gone(err); err != nil {
			return f, err
		}
	}
	models := map[string]bool{} // by server and database: whether it is SIMPLE
	for i, id := range p.Servers {
		if i >= mostServers {
			break
		}
		server, err := k.Places.Instance(ctx, id)
		missing, err := gone(err)
		if err != nil {
			return f, err
		}
		if missing || !server.Traits.Source {
			f.ServersGone = append(f.ServersGone, id)
			continue
		}
		if server.Traits.Lacks != (endpoint.Lacks{}) {
			if f.Lacking == nil {
				f.Lacking = map[string]endpoint.Lacks{}
			}
			lacks := server.Traits.Lacks
			lacks.Logs = lacks.Logs && !server.Traits.CopiesLogs
			f.Lacking[server.Name] = lacks
		}
		if i >= mostAsked {
			continue
		}
		by, err := k.collation(ctx, id)
		if err != nil {
			return f, err
		}
		for _, kind := range []backup.Kind{backup.Full, backup.Differential, backup.Log} {
			recent, err := k.Records.Records(ctx, backup.RecordFilter{InstanceID: id, Kind: kind, State: backup.Complete, Limit: mostRecent})
			if err != nil {
				return f, err
			}
			for _, r := range recent {
				if chosen, _ := p.Databases.Chooses(r.Database, by); !chosen {
					continue
				}
				if r.Origin == backup.ByUs && !r.Set.Started.IsZero() {
					f.Took[kind] = max(f.Took[kind], r.Set.Finished.Time().Sub(r.Set.Started.Time()))
				}
				key := id + "/" + r.Database
				if _, known := models[key]; !known && r.Set.RecoveryModel != "" {
					models[key] = r.Set.RecoveryModel == bakfile.RecoverySimple
				}
			}
		}
	}
	for _, simple := range models {
		if simple {
			f.Simple++
		} else {
			f.Logged++
		}
	}
	return f, nil
}

// collation is how a server compares names, as it was last seen.
func (k KnownFacts) collation(ctx context.Context, id string) (tsql.Collation, error) {
	page, err := k.Records.Protections(ctx, backup.ProtectionFilter{InstanceID: id, Limit: 1})
	if err != nil || len(page) == 0 {
		return "", err
	}
	return page[0].Collation, nil
}
