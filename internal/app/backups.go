package app

import (
	"context"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
)

// equip makes what the work on backups and its pages share. The gates are one
// for everybody: the caps are the server's and the line's.
func (a *App) equip() {
	c := a.config
	var limit *rate.Limiter
	if c.UploadLimit > 0 {
		limit = rate.NewLimiter(rate.Limit(c.UploadLimit), int(max(c.UploadLimit/10, 64<<10)))
	}
	a.Kit = backupjob.CloudKit{
		Kit: backupjob.Kit{Store: a.DB.BackupRuns(), Runs: a.DB, Ports: a.Ports, Catalogue: a.DB.Catalogue(), Limits: &run.Limits{}, Now: c.Now, NewID: NewID,
			Rules:  backupjob.Rules{Settle: min(c.Settle, 20*time.Second), Backups: c.Backups, Uploads: c.Uploads},
			Upload: migration.UploadRules{Parallel: c.UploadParallel, PartSize: c.UploadPart, Limit: limit}},
		Clouds: a.Ports, Poll: c.Poll, Settle: c.Settle + min(c.Settle, time.Minute)}
	a.Collector = &scan.Collector{Ports: a.Ports, Endpoints: a.DB, Catalogue: a.DB.Catalogue(), Store: a.DB.Scanning(), Tasks: a.DB.TaskLog(), Looks: a.DB.TaskLog(), Now: c.Now,
		Policies: &clouds.Editor{Ports: a.Ports, Versions: a.DB.Policies(), Now: c.Now}}
	a.Pruner = &backupjob.Pruner{Kit: a.Kit.Kit, Policies: a.DB.Policies()}
	a.Leftovers = &backupjob.Leftovers{Pruner: a.Pruner, Store: a.DB.Leftovers()}
	a.Restoring = &backupjob.Restoring{Kit: a.Kit.Kit, Restorers: a.Ports}
	a.Copier = &backupjob.Copier{CloudKit: a.Kit, Copies: a.DB.BackupRuns(), Downloads: aliyun.NewDownloads()}
}

// backupWorkers are the engine's workers for backups.
func (a *App) backupWorkers() map[string]run.Worker {
	return map[string]run.Worker{
		backupjob.RunBackup:       &backupjob.Worker{Kit: a.Kit.Kit, Policies: a.DB.Policies(), Pruner: a.Pruner},
		backupjob.RunPrune:        a.Pruner,
		backupjob.RunCopy:         a.Copier,
		backupjob.RunRestore:      a.Restoring,
		backupjob.RunCloudBackup:  &backupjob.CloudWorker{CloudKit: a.Kit},
		backupjob.RunCloudRestore: &backupjob.CloudRestorer{CloudKit: a.Kit},
	}
}

// Editor changes policies of our own, as the pages do.
func (a *App) Editor() policy.Editor {
	return policy.Editor{Store: a.DB.Policies(), Sets: a.DB.Catalogue(), Environment: policy.KnownFacts{Places: a.DB, Records: a.DB.Catalogue()}, Now: a.config.Now, NewID: NewID}
}

// promises is how often it is seen what policies promise: a slot's grace is a
// minute, so what is due next is written well before it counts as missing.
const promises = 15 * time.Second

// Promising keeps what policies promise beside each database.
func (a *App) Promising() policy.Promising {
	return policy.Promising{Policies: a.DB.Policies(), Sets: a.DB.Catalogue(), Versions: a.DB.Policies(), Instances: a.DB.Instances, Clouds: clouds.Promised, Now: a.config.Now}
}

// every does something at once and then again and again until ctx ends.
func (a *App) every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.log.Error(what, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// replicas are the other instances whose backups of a database count with those
// of a server, as the catalogue knows them.
func (a *App) replicas(ctx context.Context, serverID, database string) []string {
	p, err := a.DB.Catalogue().Protection(ctx, serverID, database)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(p.Replicas, func(id string) bool { return id == serverID })
}
