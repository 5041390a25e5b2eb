package demo

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/awsrds"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/policy"
)

// aws gives the instance of Amazon RDS a policy of our own and a first backup of
// its databases, and lets a database of the SQL Server follow there until
// somebody cuts it over; once.
func (d Furnisher) aws(ctx context.Context) error {
	k, by := d.App.Editor(), policy.By{Actor: d.By().Actor}
	have, err := k.Store.Policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range have {
		if len(p.Servers) == 1 && p.Servers[0] == RDS {
			return nil
		}
	}
	p, err := k.Save(ctx, policy.Policy{Name: "Frankfurt, into S3", Enabled: true, Servers: []string{RDS}, Zone: "Europe/Berlin", Missed: policy.MissedLate, Window: 30 * time.Minute,
		Databases: policy.Selection{Include: []string{"*"}}, How: policy.How{Stripes: 2}, Objective: 4 * time.Hour,
		Rules: []policy.Rule{
			{Kind: backup.Full, Cron: "0 */2 * * *", Keep: policy.Keep{Count: 3, Weekly: 4}},
			{Kind: backup.Differential, Cron: "*/15 * * * *", Keep: policy.Keep{Count: 8}},
		}}, by)
	if err != nil {
		return err
	}
	if _, err := k.RunNow(ctx, p.ID, backup.Full, nil, by); err != nil {
		return err
	}
	m, err := migration.LiveRequest{ServerID: Server, Source: "stock", InstanceID: RDS, StagingID: S3, Traits: awsrds.Traits(), Every: 5 * time.Minute, Freeze: migration.FreezeReadOnly}.Draft(Backups)
	if err != nil {
		return err
	}
	findings, facts, err := preflight.Live(ctx, d.App.Ports, m, time.Now)
	if err != nil {
		return err
	}
	_, err = migration.StartLive(ctx, d.App.DB.Migrations(), m, facts.Origin(), findings, app.NewID, d.By())
	return err
}
