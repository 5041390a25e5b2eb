package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/run"
)

const (
	ownBackupMost  = time.Minute
	ownRestoreMost = time.Minute
	ownWriteMost   = time.Second
)

// own takes a copy of the generated house's data folder while it is written to,
// restores it and has it checked.
func (b *bench) own(ctx context.Context) error {
	folder, err := b.house(ctx)
	if err != nil {
		return err
	}
	keys, err := sqlite.Keys(ctx, folder)
	if err != nil {
		return err
	}
	d, err := sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	writes, longest, failed := 0, time.Duration(0), error(nil)
	work.Go(func() {
		for failed == nil {
			select {
			case <-stop:
				return
			case <-time.After(40 * time.Millisecond):
			}
			began := time.Now()
			failed = d.Record(ctx, audit.New(audit.Engine, began, "bench.write", "house/", "Written while a copy is taken."))
			longest, writes = max(longest, time.Since(began)), writes+1
		}
	})
	command := func(args ...string) (time.Duration, error) {
		cmd := exec.CommandContext(ctx, b.binary, args...)
		cmd.Env = append(os.Environ(), "BAKPLANE_BACKUP_PASSPHRASE=a few words of the bench")
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
		}
		return time.Since(began), err
	}
	to := filepath.Join(b.tmp, "own")
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	took, err := command("backup", "--data", folder, "--to", filepath.Join(to, "copy.db"))
	close(stop)
	work.Wait()
	if err == nil {
		err = failed
	}
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	size := int64(0)
	if f, err := os.Stat(filepath.Join(to, "copy.db")); err == nil {
		size = f.Size()
	}
	restored, err := command("restore", filepath.Join(to, "copy.db"), "--data", filepath.Join(to, "anew"))
	if err != nil {
		return err
	}
	if _, err := command("audit", "verify", "--data", filepath.Join(to, "anew")); err != nil {
		return err
	}
	b.add(fmt.Sprintf("copy of that house's data folder (%d MB) beside %d writes", size>>20, writes), "1 min", took <= ownBackupMost, "%.1f s", took.Seconds())
	b.add("the longest of those writes", "1 s", longest <= ownWriteMost, "%d ms", longest.Milliseconds())
	b.add("restore of it, and its audit trail whole", "1 min", restored <= ownRestoreMost, "%.1f s", restored.Seconds())
	return os.RemoveAll(to)
}
