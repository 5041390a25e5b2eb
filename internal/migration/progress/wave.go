package progress

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/words"
)

// Member is one database of a wave as it stands.
type Member struct {
	Row  migration.Summary
	M    migration.Migration
	Told bool // the source has told of the database
	At   time.Time
	d    backup.Database
	Lag  migration.Lag  // while it follows
	Stop migration.Stop // predicted, while it can still be ordered
}

// Wave is a wave with its databases, in the order they were started.
type Wave struct {
	Wave    wave.Wave
	Members []Member
}

// Calls are what the targets take a day; 0 where none counts them.
func (v Wave) Calls() (c endpoint.Calls) {
	for _, k := range v.Members {
		if t := k.M.Traits.Calls; t.Counted() {
			return t
		}
	}
	return c
}

// Tally counts where its databases are.
func (v Wave) Tally() Tally {
	rows := make([]migration.Summary, 0, len(v.Members))
	for _, k := range v.Members {
		rows = append(rows, k.Row)
	}
	return TallyOf(rows)
}

// NotReady is why the joint cutover cannot be ordered now; empty = it can.
func (v Wave) NotReady() string {
	waits, able := 0, 0
	for _, k := range v.Members {
		if k.Row.Stage.Ended() {
			continue
		}
		if _, err := migration.Cutover(k.M); err != nil {
			waits++
			continue
		}
		able++
	}
	switch {
	case waits > 0:
		return words.Count(waits, "database", "databases").String() + " cannot be cut over yet: all go together."
	case able == 0:
		return "No database of it is still on its way."
	}
	return ""
}

// Rest reports whether what is left can be cut over without the others: the
// joint cutover began, and not everything that is left can go.
func (v Wave) Rest() bool {
	var all []migration.Migration
	able := false
	for _, k := range v.Members {
		all = append(all, k.M)
		if _, err := wave.Resume(k.M); err == nil && !k.Row.Stage.Ended() {
			able = true
		}
	}
	return able && v.NotReady() != "" && wave.CutoverBegan(all)
}

// Abortable reports whether something of it can still be given up.
func (v Wave) Abortable() bool {
	for _, k := range v.Members {
		if _, err := migration.Abort(k.M); err == nil && k.M.LiveSource.AbortAsked.IsZero() {
			return true
		}
	}
	return false
}

// Wave reads a wave. Each source is asked once for all its databases.
func (s *Reader) Wave(ctx context.Context, id string) (v Wave, err error) {
	if v.Wave, err = s.Migrations.Wave(ctx, id); err != nil {
		return v, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: id, Limit: wave.Most})
	if err != nil {
		return v, err
	}
	said, opens := map[string]glance{}, map[string][]time.Duration{}
	for _, row := range rows {
		k := Member{Row: row}
		if k.M, err = s.Migrations.Migration(ctx, row.ID); err != nil {
			return v, err
		}
		if Following(k.M) {
			g, ok := said[k.M.LiveSource.ServerID]
			if !ok {
				g = s.glanceAtAll(ctx, k.M.LiveSource.ServerID, id, rows)
				said[k.M.LiveSource.ServerID] = g
			}
			o, ok := opens[k.M.InstanceID]
			if !ok {
				if o, err = s.Migrations.Opens(ctx, k.M.InstanceID, 5); err != nil {
					return v, err
				}
				opens[k.M.InstanceID] = o
			}
			k.d, k.Stop = s.predict(k.M, g, o)
			_, k.Told = g.of(k.M.SourceDatabase)
			k.At, k.Lag = g.At, migration.LagOf(k.M, k.d, s.Now())
		}
		v.Members = append(v.Members, k)
	}
	return v, nil
}

// Tally counts where the databases of a wave are.
type Tally struct {
	All, Open, Ended, Follow, Needs, Cutting, Files, Applied int
}

// TallyOf counts where the databases of a wave are.
func TallyOf(rows []migration.Summary) (t Tally) {
	for _, m := range rows {
		t.All++
		t.Files += m.Files
		t.Applied += m.Applied
		switch {
		case m.Stage == migration.StageOpened:
			t.Open++
			t.Ended++
		case m.Stage.Ended():
			t.Ended++
		case m.RunState.NeedsPerson():
			t.Needs++
		case m.Stage == migration.StageFollowing:
			t.Follow++
		case m.Stage == migration.StageCutover, m.Stage == migration.StageOpening, m.Stage == migration.StageChecking:
			t.Cutting++
		}
	}
	return t
}

// Predicted is how long writes would stop for each database of a wave, by its
// migration's id.
func (s *Reader) Predicted(ctx context.Context, waveID string) (map[string]migration.Stop, error) {
	got, err := s.Wave(ctx, waveID)
	if err != nil {
		return nil, err
	}
	out := map[string]migration.Stop{}
	for _, k := range got.Members {
		if k.Stop.Known {
			out[k.Row.ID] = k.Stop
		}
	}
	return out, nil
}

// Wholly turns an order that some databases did not take into a conflict.
func Wholly(results []wave.Result, err error) error {
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return fault.Newf(fault.Conflict, "%d of %d databases did not take the order.", failed, len(results)).WithFix("See beside each why; the others are being cut over. Order it for these on their own pages.")
}
