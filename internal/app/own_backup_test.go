package app_test

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/ownbackup"
)

// TestCopiesAreTakenByThemselves into a bucket, one when the newest is old
// enough, and only the newest are kept.
func TestCopiesAreTakenByThemselves(t *testing.T) {
	pass := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte("a few words together\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	for _, days := range []int{1, 2, 3} { // as earlier lives left them
		name := filepath.Join(to, ownbackup.Name("", time.Now().AddDate(0, 0, -days)))
		for _, end := range []string{"", ".key.age", ".json"} {
			if err := os.WriteFile(name+end, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	h := newHouse(t, func(c *app.Config) {
		c.BackupTo, c.BackupEvery, c.BackupKeep, c.BackupPassphrase = to, time.Hour, 2, pass
	})
	whole := func() (names []string) {
		names, err := filepath.Glob(filepath.Join(to, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	fresh := filepath.Join(to, "bakplane-"+time.Now().UTC().Format("20060102"))
	for deadline := time.Now().Add(5 * time.Minute); len(whole()) != 2 || !strings.HasPrefix(whole()[1], fresh); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v", whole())
		}
	}
	// The same into a bucket of the cloud, by its name.
	b, err := h.app.DB.Bucket(t.Context(), demo.Staging)
	if err != nil {
		t.Fatal(err)
	}
	p, err := app.FindOwnPlace(t.Context(), h.app.DB, h.app.Ports, "bucket:"+b.Name+"/own")
	if err != nil {
		t.Fatal(err)
	}
	passphrase, err := app.Passphrase(pass)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := p.Take(t.Context(), h.app.DB, ownbackup.Taker{Source: h.app.DB, Folder: h.data, Passphrase: passphrase, Now: time.Now}, h.by().Actor)
	if err != nil {
		t.Fatal(err)
	}
	var o objectstore.Object
	if o, err = p.Bucket.Stat(t.Context(), taken.Name); err != nil || o.Size != taken.Bytes || !strings.HasPrefix(o.Key, "own/bakplane-") {
		t.Errorf("%+v %v", o, err)
	}
	if all, err := ownbackup.Copies(t.Context(), p.Bucket, p.Prefix); err != nil || len(all) != 1 {
		t.Errorf("%v %v", all, err)
	}
}

// TestACopyThatFailsIsSaid on every page and to those who ask whether all is well.
func TestACopyThatFailsIsSaid(t *testing.T) {
	t.Setenv("BAKPLANE_BACKUP_PASSPHRASE", "a few words together")
	h := newHouse(t, func(c *app.Config) {
		c.BackupTo, c.BackupEvery, c.BackupKeep = filepath.Join(t.TempDir(), "gone", "nowhere"), time.Hour, 2
	})
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if said := get(t, h.app.URL()+"/healthz"); strings.Contains(said, "No copy of Bakplane's own data could be taken") {
			return
		} else if time.Now().After(deadline) {
			t.Fatal(said)
		}
	}
}

func TestAPassphraseIsAskedForAtTheStart(t *testing.T) {
	t.Setenv("BAKPLANE_BACKUP_PASSPHRASE", "short")
	a, err := app.Open(t.Context(), app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Runs: 1, BackupTo: t.TempDir(), BackupEvery: time.Hour, BackupKeep: 1}, quiet())
	if err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("%v", err)
	}
	_ = a
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
