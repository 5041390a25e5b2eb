package main

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/backuprun"
	"github.com/bakplane/bakplane/internal/collect"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// equip makes what the work on backups and its pages share. The gates are one
// for everybody: the caps are the server's and the line's.
func (a *App) equip() {
	c := a.config
	var limit *rate.Limiter
	if c.UploadLimit > 0 {
		limit = rate.NewLimiter(rate.Limit(c.UploadLimit), int(max(c.UploadLimit/10, 64<<10)))
	}
	a.kit = backuprun.CloudKit{
		Kit: backuprun.Kit{Store: a.DB.BackupRuns(), Runs: a.DB, Ports: a.Ports, Catalogue: a.DB.Catalogue(), Gates: &run.Gates{}, Now: time.Now, NewID: newID,
			Rules:  backuprun.Rules{Settle: min(c.Settle, 20*time.Second), Backups: c.Backups, Uploads: c.Uploads},
			Upload: migration.UploadRules{Parallel: c.UploadParallel, PartSize: c.UploadPart, Limit: limit}},
		Clouds: a.Ports, Poll: c.Poll, Settle: c.Settle}
	a.collector = &collect.Collector{Ports: a.Ports, Endpoints: a.DB, Catalogue: a.DB.Catalogue(), Store: a.DB.Collecting(), Now: c.now,
		Policies: &policy.Clouds{Ports: a.Ports, Versions: a.DB.Policies(), Now: c.now}}
	a.pruner = &backuprun.Pruner{Kit: a.kit.Kit, Policies: a.DB.Policies()}
	a.restoring = &backuprun.Restoring{Kit: a.kit.Kit, Restorers: a.Ports}
	a.copier = &backuprun.Copier{CloudKit: a.kit, Copies: a.DB.BackupRuns(), Downloads: aliyun.NewDownloads()}
}

// backupWorkers are the engine's workers for backups.
func (a *App) backupWorkers() map[string]run.Worker {
	return map[string]run.Worker{
		backuprun.RunBackup:       &backuprun.Worker{Kit: a.kit.Kit, Policies: a.DB.Policies(), Pruner: a.pruner},
		backuprun.RunPrune:        a.pruner,
		backuprun.RunCopy:         a.copier,
		backuprun.RunRestore:      a.restoring,
		backuprun.RunCloudBackup:  &backuprun.CloudWorker{CloudKit: a.kit},
		backuprun.RunCloudRestore: &backuprun.CloudRestorer{CloudKit: a.kit},
	}
}

// keeper changes policies of our own, as the pages do.
func (a *App) keeper() policy.Keeper {
	return policy.Keeper{Store: a.DB.Policies(), Sets: a.DB.Catalogue(), World: policy.Noted{Places: a.DB, Records: a.DB.Catalogue()}, Now: time.Now, NewID: newID}
}

// promises is how often it is seen what policies promise: a slot's grace is a
// minute, so what is due next is written well before it counts as missing.
const promises = 15 * time.Second

// promising keeps what policies promise beside each database.
func (a *App) promising() policy.Promising {
	return policy.Promising{Policies: a.DB.Policies(), Sets: a.DB.Catalogue(), Versions: a.DB.Policies(), Instances: a.DB.Instances, Now: a.config.now}
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
