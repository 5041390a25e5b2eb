package main

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/policy"
)

// backups gives the policy of the cloud instance a past, once: versions of its
// own, then a change that somebody made in the console; and orders a backup of
// one database, whose expiry can be moved.
func (d demo) backups(ctx context.Context) error {
	clouds := policy.Clouds{Ports: d.app.Ports, Versions: d.app.DB.Policies(), Now: time.Now}
	seen, err := clouds.Look(ctx, demoInstance)
	if err != nil || len(seen.Versions) > 1 {
		return err
	}
	want := seen.Standing.Standard
	want.RetentionDays = 21
	if _, err := clouds.Write(ctx, demoInstance, policy.EditRequest{Standard: &want}, policy.By{Actor: d.by().Actor, Note: "three weeks, as the auditors ask"}); err != nil {
		return err
	}
	if d.console != nil {
		d.console(emulatedInstance, aliyunemu.BackupPolicy{Retention: 30})
	}
	by := d.by()
	_, err = backupjob.BackUpCloud(ctx, d.app.kit.Store, d.app.kit.Ports, demoInstance, backup.Order{Databases: []string{"crm"}, RetentionDays: 30}, newID, backupjob.By{Actor: by.Actor, At: by.At})
	return err
}
