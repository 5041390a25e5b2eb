package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// TestACopyTakenAtWorkIsRestored with everything that was committed before, its
// secrets and its audit trail, while the file copied beside it lacks all of it.
func TestACopyTakenAtWorkIsRestored(t *testing.T) {
	folder, d := folderOf(t)
	t.Setenv("BAKPLANE_BACKUP_PASSPHRASE", "a few words together")
	if err := d.SaveAccount(t.Context(), endpoint.Account{ID: "a", Name: "moves", AccessKeyID: "k", Secret: secret.NewText("s3cret"), Region: "r", Kind: "x"}, audit.New(audit.Engine, time.Now(), "account.add", "account/a", "Added.")); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	defer work.Wait()
	defer close(stop)
	work.Go(func() { // the dashboard at work
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_ = d.Record(t.Context(), audit.New(audit.Engine, time.Now(), "test.say", "test/1", fmt.Sprint(i)))
		}
	})
	to := t.TempDir()
	out, err := printed(t, (&backupCmd{Data: folder, To: to}).Run)
	if err != nil {
		t.Fatal(err)
	}
	copies, _ := filepath.Glob(filepath.Join(to, "bakplane-*.db"))
	if len(copies) != 1 || !strings.Contains(out, filepath.Base(copies[0])) {
		t.Fatalf("%q, and there are %v", out, copies)
	}
	for _, end := range []string{"", ".key.age", ".json"} {
		f, err := os.Stat(copies[0] + end)
		if err != nil || f.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, rights %v", end, err, f.Mode())
		}
	}
	key, err := os.ReadFile(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(copies[0] + ".key.age"); err != nil || strings.Contains(string(b), strings.TrimSpace(string(key))) {
		t.Errorf("the key lies there readable: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "own-backup*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	anew := filepath.Join(t.TempDir(), "anew")
	restore := func(change func(c *restoreCmd)) (string, error) {
		c := &restoreCmd{Copy: copies[0], Data: anew}
		change(c)
		return printed(t, c.Run)
	}
	if _, err := restore(func(c *restoreCmd) { c.Data = folder }); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a folder in use: %v", err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("some other words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(func(c *restoreCmd) { c.Passphrase = wrong }); !fault.Is(err, fault.Denied) {
		t.Errorf("with another passphrase: %v", err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	for end, keep := range map[string]float64{"": 0.7, ".key.age": 1, ".json": 1} {
		b, err := os.ReadFile(copies[0] + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cut+end, b[:int(float64(len(b))*keep)], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := restore(func(c *restoreCmd) { c.Copy = cut }); !fault.Is(err, fault.Invalid) {
		t.Errorf("a copy that was cut off: %v", err)
	}
	if made, _ := filepath.Glob(filepath.Join(anew, "*")); len(made) > 0 {
		t.Errorf("what was refused left %v", made)
	}
	if out, err := restore(func(*restoreCmd) {}); err != nil || !strings.Contains(out, "is as it was") {
		t.Fatalf("%q %v", out, err)
	}
	keys, err := sqlite.Keys(t.Context(), anew)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Open(t.Context(), anew, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if a, err := r.Account(t.Context(), "a"); err != nil || a.Secret.Reveal() != "s3cret" {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := r.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	entries, err := r.AuditEntries(t.Context(), "house/", 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Action != "house.restore" {
		t.Errorf("%+v %v", entries, err)
	}
}

func TestOldCopiesGoWhenAskedFor(t *testing.T) {
	folder, _ := folderOf(t)
	t.Setenv("BAKPLANE_BACKUP_PASSPHRASE", "")
	to := t.TempDir()
	if _, err := printed(t, (&backupCmd{Data: folder, To: to}).Run); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a passphrase: %v", err)
	}
	t.Setenv("BAKPLANE_BACKUP_PASSPHRASE", "a few words together")
	for _, old := range []string{"bakplane-20200101T000000Z.db", "bakplane-20210101T000000Z.db", "bakplane-notes.db"} {
		for _, end := range []string{"", ".key.age", ".json"} {
			if err := os.WriteFile(filepath.Join(to, old+end), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := printed(t, (&backupCmd{Data: folder, To: to, Keep: 2}).Run); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(to, "*.db"))
	if len(left) != 3 || strings.Contains(strings.Join(left, " "), "2020") {
		t.Errorf("%v", left)
	}
	named := filepath.Join(to, "by-hand.db")
	if _, err := printed(t, (&backupCmd{Data: folder, To: named, Keep: 1}).Run); err != nil {
		t.Fatal(err)
	}
	if _, err := printed(t, (&backupCmd{Data: folder, To: named}).Run); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a copy: %v", err)
	}
	if _, err := printed(t, (&backupCmd{Data: folder, To: "bucket:none"}).Run); !fault.Is(err, fault.NotFound) {
		t.Errorf("into a bucket that is not known: %v", err)
	}
}
