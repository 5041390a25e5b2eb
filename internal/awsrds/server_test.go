package awsrds

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

const bucketARN = "arn:aws:s3:::ours/"

// shop restores the source's database at the instance, open, so that it can be
// backed up there.
func (l *live) shop() *Server {
	l.t.Helper()
	in := l.backed("shop.bak", "full", 1)
	in.Mode = migration.Immediate
	id, err := l.Restore(l.t.Context(), in)
	if err != nil {
		l.t.Fatal(err)
	}
	l.until(id, migration.TaskSuccess)
	return &Server{SQL: l.Target.server}
}

func (l *live) has(prefix string) []string {
	l.t.Helper()
	keys, err := l.shelf.List(l.t.Context(), "ours", prefix, 100)
	if err != nil {
		l.t.Fatal(err)
	}
	return keys
}

// TestBackupsAndTheWayBack: a full over four files and a differential are taken,
// told with their progress, and restored under another name; a restore that is
// ordered twice is submitted once.
func TestBackupsAndTheWayBack(t *testing.T) {
	l := emulated(t, nil)
	s, ctx := l.shop(), t.Context()
	full := backup.BackupCall{Database: "Shop", Kind: backup.Full, Files: []string{bucketARN + "b/full_*.bak"}, Stripes: 4}
	if err := s.Backup(ctx, full, nil); err != nil {
		t.Fatal(err)
	}
	files := l.has("b/full_")
	if len(files) != 4 {
		t.Fatalf("%v", files)
	}
	if err := l.engine.Execute(ctx, "admin", "INSERT INTO Shop.dbo.Orders (id, name) VALUES (5000, N'here')", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, backup.BackupCall{Database: "Shop", Kind: backup.Differential, Files: []string{bucketARN + "b/diff.bak"}}, nil); err != nil {
		t.Fatal(err)
	}
	apply := backup.ApplyCall{Database: "Copy", Kind: backup.Full}
	for _, k := range files {
		apply.Files = append(apply.Files, bucketARN+k)
	}
	for range 2 {
		if err := s.Apply(ctx, apply, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Apply(ctx, backup.ApplyCall{Database: "Copy", Kind: backup.Differential, Files: []string{bucketARN + "b/diff.bak"}}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Recover(ctx, "Copy"); err != nil {
			t.Fatal(err)
		}
	}
	shop, _ := l.engine.DatabaseNow("Shop")
	copied, _ := l.engine.DatabaseNow("Copy")
	if copied.State != "ONLINE" || fmt.Sprint(shop.Tables) != fmt.Sprint(copied.Tables) {
		t.Errorf("%+v\n%+v", shop, copied)
	}
	fulls := 0
	for _, task := range l.service.Tasks() {
		if task.Type == "RESTORE_DB_NORECOVERY" {
			fulls++
		}
	}
	if fulls != 1 {
		t.Errorf("%d restores of the full backup", fulls)
	}
	if err := s.Apply(ctx, backup.ApplyCall{Database: "Copy", Kind: backup.Full, Files: apply.Files, Replace: true}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("over an open database: %v", err)
	}
	if all, err := s.Databases(ctx); err != nil || len(all) == 0 {
		t.Error(err)
	} else {
		for _, d := range all {
			if strings.EqualFold(d.Name, "rdsadmin") {
				t.Error("the service's own database is listed")
			}
		}
	}
}

// TestASnapshotTakesTheBase: a differential on it is refused before it is tried.
func TestASnapshotTakesTheBase(t *testing.T) {
	l := emulated(t, nil)
	s, ctx := l.shop(), t.Context()
	diff := func(name string) error {
		return s.Backup(ctx, backup.BackupCall{Database: "Shop", Kind: backup.Differential, Files: []string{bucketARN + name}}, nil)
	}
	// The restore was followed by the service's first snapshot of it.
	if err := diff("d0"); fault.CodeOf(err) != "snapshot-base" {
		t.Errorf("on the snapshot after the restore: %v", err)
	}
	if err := s.Backup(ctx, backup.BackupCall{Database: "Shop", Kind: backup.Full, Files: []string{bucketARN + "f"}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := diff("d1"); err != nil {
		t.Errorf("on a full of ours: %v", err)
	}
	if len(l.has("d0")) > 0 {
		t.Error("it was tried all the same")
	}
}

// TestWhatIsNotOfferedIsRefused and failures have their code.
func TestWhatIsNotOfferedIsRefused(t *testing.T) {
	l := emulated(t, func(c *rds.Config) { c.Pause = 300 * time.Millisecond })
	s, ctx := l.shop(), t.Context()
	for name, c := range map[string]backup.BackupCall{
		"a log":     {Kind: backup.Log, Files: []string{bucketARN + "l"}},
		"copy-only": {Kind: backup.Full, CopyOnly: true, Files: []string{bucketARN + "l"}},
		"two names": {Kind: backup.Full, Files: []string{bucketARN + "l", bucketARN + "m"}},
	} {
		c.Database = "Shop"
		if err := s.Backup(ctx, c, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := func(code fault.Code, file string) {
		t.Helper()
		err := s.Backup(ctx, backup.BackupCall{Database: "Shop", Kind: backup.Full, Files: []string{file}}, nil)
		if fault.CodeOf(err) != code || fault.From(err).Said.IsZero() {
			t.Errorf("%s: %v", code, err)
		}
	}
	refused("same-region", "arn:aws:s3:::far/x")
	refused("bucket-gone", "arn:aws:s3:::nowhere/x")
	var window sync.WaitGroup
	window.Go(func() { // opens while the backup is at work, and stays open
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			s.forget()
			if r, _ := s.Running(context.WithoutCancel(ctx), "Shop"); len(r) > 0 && strings.Contains(r[0].Command, "IN_PROGRESS") {
				break
			}
		}
		l.service.OpenWindow()
	})
	refused("window", bucketARN+"w")
	window.Wait()
	missing, err := (&Server{SQL: l.as("nobody", "Nobody-1").server}).MissingRights(ctx, "Shop")
	if err != nil || len(missing) != 1 || !strings.Contains(missing[0].Grant, "GRANT EXECUTE ON dbo.rds_backup_database") {
		t.Errorf("%+v, %v", missing, err)
	}
}
