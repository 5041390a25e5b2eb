package app_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
)

// shelf is a store and its collector beside the emulated world, driven by hand.
type shelf struct {
	*house
	store    *sqlite.DB
	notifier *run.Notifier
	look     *scan.Collector
	server   backup.Server
	backups  string // id of the folder where the server writes
	now      func() time.Time
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{house: &house{t: t, files: t.TempDir(), data: t.TempDir()}, now: time.Now}
	var err error
	if s.cloud, err = emulators.Start(t.TempDir(), emulators.Pace{Step: 5 * time.Millisecond, Load: 200}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cloud.Close() })
	s.open(t.TempDir())
	if s.server, _, err = s.app.Ports.Server(t.Context(), demo.Server); err != nil {
		t.Fatal(err)
	}
	in, err := s.store.Instance(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	s.backups = in.FolderID
	return s
}

// open begins with an empty data folder, as after a loss.
func (s *shelf) open(data string) {
	s.t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(data, "bakplane.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.notifier = run.NewNotifier()
	if s.store, err = sqlite.Open(s.t.Context(), data, keys, s.notifier, app.Specs()); err != nil {
		s.t.Fatal(err)
	}
	store := s.store
	s.t.Cleanup(func() { store.Close() })
	s.app = &app.App{DB: store, Ports: app.NewPorts(store, data)}
	if err := (demo.Furnisher{App: s.app, Cloud: s.cloud.Addresses()}).Places(s.t.Context(), s.files); err != nil {
		s.t.Fatal(err)
	}
	s.look = &scan.Collector{Ports: s.app.Ports, Endpoints: store, Catalogue: store.Catalogue(), Store: store.Scanning(), Now: func() time.Time { return s.now() }}
}

func (s *shelf) at(subject scan.Subject) {
	s.t.Helper()
	if err := s.look.Scan(s.t.Context(), subject, nil); err != nil {
		s.t.Fatal(err)
	}
}

// take lets the server back up, as somebody else would.
func (s *shelf) take(kind backup.Kind, files ...string) {
	s.t.Helper()
	for i, f := range files {
		if f != "NUL" {
			files[i] = filepath.Join(s.cloud.Backups, f)
		}
	}
	s.loaded("shop", 2) // so that logs are not empty
	if err := s.server.Backup(s.t.Context(), backup.BackupCall{Database: "shop", Kind: kind, Name: "by another tool", Files: files}, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) sets(instance, database string) []backup.Record {
	s.t.Helper()
	out, err := s.store.Catalogue().Sets(s.t.Context(), instance, database, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *shelf) protection(instance, database string) backup.Protection {
	s.t.Helper()
	p, err := s.store.Catalogue().Protection(s.t.Context(), instance, database)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}
