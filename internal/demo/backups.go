package demo

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// backups gives the policy of the cloud instance a past, once: versions of its
// own, then a change that somebody made in the console; and orders a backup of
// one database, whose expiry can be moved.
func (d Furnisher) backups(ctx context.Context) error {
	editor := clouds.Editor{Ports: d.App.Ports, Versions: d.App.DB.Policies(), Now: time.Now}
	seen, err := editor.Look(ctx, Instance)
	if err != nil || len(seen.Versions) > 1 {
		return err
	}
	want := seen.Standing.Standard
	want.RetentionDays = 21
	if _, err := editor.Write(ctx, Instance, clouds.EditRequest{Standard: &want}, policy.By{Actor: d.By().Actor, Note: "three weeks, as the auditors ask"}); err != nil {
		return err
	}
	if d.Console != nil {
		d.Console(emulators.Instance, aliyunemu.BackupPolicy{Retention: 30})
	}
	by := d.By()
	_, err = backupjob.BackUpCloud(ctx, d.App.Kit.Store, d.App.Kit.Ports, Instance, backup.Order{Databases: []string{"crm"}, RetentionDays: 30}, app.NewID, backupjob.By{Actor: by.Actor, At: by.At})
	return err
}
