package wave

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Traits as two kinds of targets have them, as far as a wave asks.
var (
	serverTraits  = endpoint.Traits{OpensWritable: true}
	serviceTraits = endpoint.Traits{Calls: endpoint.Calls{Database: 20, Instance: 500}}
)

// fleet keeps the migrations of one wave. What is asked of it is written to
// log, in order.
type fleet struct {
	Store
	m       migration.Migration // made last
	others  []migration.Migration
	decided []migration.Decision
	log     []string
}

func (d *fleet) Migration(_ context.Context, id string) (m migration.Migration, err error) {
	for _, m = range d.others {
		if m.ID == id {
			break
		}
	}
	return m, nil
}

func (d *fleet) Migrations(context.Context, migration.Filter) (out []migration.Summary, err error) {
	for _, m := range d.others {
		out = append(out, migration.Summary{ID: m.ID})
	}
	return out, nil
}

func (d *fleet) Ask(ctx context.Context, id string, decide migration.Decide) error {
	m, _ := d.Migration(ctx, id)
	c, _, err := decide(m)
	if err == nil {
		d.log, d.decided = append(d.log, "asked "+id), append(d.decided, c)
	}
	return err
}

func (d *fleet) Create(_ context.Context, m migration.Migration, _ run.Run, _ audit.Entry) error {
	d.log, d.m = append(d.log, "created "+m.Database), m
	return nil
}

func (d *fleet) CreateWave(context.Context, Wave, audit.Entry) error {
	d.log = append(d.log, "wave")
	return nil
}

func (d *fleet) Wave(context.Context, string) (Wave, error) {
	return Wave{ID: "w", Name: "spring"}, nil
}
