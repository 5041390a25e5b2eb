package servertest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// House is the whole App beside an emulated cloud, as people meet it over HTTP.
type House struct {
	URL      string
	App      *app.App
	DB       *sqlite.DB
	Notifier *run.Notifier
	Now      func() time.Time // the clock of the App
	Ports    *ports
	Files    string  // folder with backup files
	Source   *source // the SQL Server at work, when there is one
	RDS      *aliyunemu.Running
	OSS      *ossemu.Running
}

const (
	AdminName     = "dba@example.org"
	AdminPassword = "correct horse battery"
)

// NewHouse is a house whose engine works on two runs at once.
func NewHouse(t *testing.T, change ...func(*app.Config)) *House {
	t.Helper()
	return NewHouseWith(t, 2, migration.Rules{}, migration.Caps{}, change...)
}

// BetweenSlots sets the clock of a house to a minute after the next quarter, so
// that no slot of the policies made here comes while a test lasts.
func BetweenSlots(c *app.Config) {
	began := time.Now()
	from := began.Truncate(15 * time.Minute).Add(16 * time.Minute)
	c.Now = func() time.Time { return from.Add(time.Since(began)) }
}

// NewHouseWith is a house whose engine works on so many runs at once and keeps
// to these bounds. Its local time is that of Hangzhou.
func NewHouseWith(t *testing.T, parallel int, rules migration.Rules, caps migration.Caps, change ...func(*app.Config)) *House {
	t.Helper()
	h := &House{Files: t.TempDir(), Ports: &ports{}}
	config := app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Poll: 20 * time.Millisecond, Settle: time.Second, Runs: parallel, UploadParallel: 2,
		Backups: caps.Backups, Uploads: caps.Uploads, Restores: rules.Restores, Zone: time.FixedZone("", 8*3600), Fresh: 10 * time.Minute,
		Between: func(p app.Ports) app.Ports { h.Ports.Ports = p; return h.Ports }}
	for _, f := range change {
		f(&config)
	}
	if h.Now = config.Now; h.Now == nil {
		h.Now = time.Now
	}
	var err error
	if h.App, err = app.Open(t.Context(), config, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	h.URL, h.DB, h.Notifier = h.App.URL(), h.App.DB, h.App.Notifier
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.App.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, h.App.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ports stand between the house and its own: a server of the tests takes the
// place of self-managed ones, and what is given to the cloud is counted.
type ports struct {
	app.Ports

	mu     sync.Mutex
	source backup.Server
	sent   func() // called after every file given to the cloud; nil = nobody counts
}

func (p *ports) Set(s backup.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source = s
}

func (p *ports) Target(ctx context.Context, id string) (migration.Target, error) {
	t, err := p.Ports.Target(ctx, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.sent != nil {
		return counted{t, p.sent}, nil
	}
	return t, err
}

func (p *ports) Server(ctx context.Context, id string) (backup.Server, migration.Place, error) {
	p.mu.Lock()
	source := p.source
	p.mu.Unlock()
	if in, err := p.Instance(ctx, id); err == nil && source != nil && in.Traits.Source {
		return source, migration.Place{Folder: in.ServerFolder, BucketID: in.FolderID}, nil
	}
	return p.Ports.Server(ctx, id)
}

// Cloud starts the emulators and adds the places with fixed ids, with a chain
// of orders in the folder.
func (h *House) Cloud(t *testing.T) {
	t.Helper()
	h.cloudWith(t, func(*aliyunemu.Config) {})
}

// cloudWith does the same with another cloud.
func (h *House) cloudWith(t *testing.T, change func(*aliyunemu.Config)) {
	t.Helper()
	store, err := ossemu.Start(ossemu.Config{Dir: t.TempDir(), Region: "cn-hangzhou",
		Accounts: []ossemu.Account{{KeyID: "key-one", Secret: "secret-one", Owner: "1001"}, {KeyID: "key-role", Secret: "secret-role", Owner: "1001"}},
		Buckets:  []ossemu.Bucket{{Name: "sql-moves", Region: "cn-hangzhou", StorageClass: "Standard", Owner: "1001"}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.OSS = store
	config := aliyunemu.Config{
		Accounts:  []aliyunemu.Account{{ID: "1001", Keys: []aliyunemu.Key{{ID: "key-one", Secret: "secret-one"}}, ImportRole: &aliyunemu.Credential{AccessKeyID: "key-role", Secret: "secret-role"}}},
		Instances: []aliyunemu.Instance{{ID: "rm-test1hangzhou", Account: "1001", Region: "cn-hangzhou", Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 100, MaxDatabases: 50}},
		Endpoints: map[string]string{"oss-cn-hangzhou.aliyuncs.com": store.URL}, Step: 10 * time.Millisecond, File: filepath.Join(t.TempDir(), "rds.json")}
	change(&config)
	rds, err := aliyunemu.Start(config, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rds.Close() })
	h.RDS = rds
	if err := os.Mkdir(filepath.Join(h.Files, "orders"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := mtf.Chain(filepath.Join(h.Files, "orders"), mtf.Options{Database: "orders", Server: "SQL1", Started: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Files, "orders", "notes.txt"), []byte("no backup at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := func(what string) audit.Entry {
		return audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), what+".add", what+"/test", "Added.")
	}
	for _, err := range []error{
		h.DB.SaveAccount(t.Context(), endpoint.Account{ID: "account", Name: "moves", AccessKeyID: "key-one", Secret: secret.NewText("secret-one"), Region: "cn-hangzhou", Address: rds.URL, OwnerID: "1001"}, e("account")),
		h.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "staging", Name: "sql-moves", Kind: oss.BucketKind, AccountID: "account", Region: "cn-hangzhou", Address: store.URL, Bucket: "sql-moves"}, e("bucket")),
		h.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "files", Name: "SQL backups", Kind: folder.BucketKind, Path: h.Files}, e("bucket")),
		h.DB.SaveInstance(t.Context(), endpoint.Instance{ID: "target", Name: "Hangzhou", Kind: aliyun.InstanceKind, AccountID: "account", Region: "cn-hangzhou", InstanceID: "rm-test1hangzhou"}, e("instance")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Admin makes an administrator without the first-start page.
func (h *House) Admin(t *testing.T) person.Person {
	t.Helper()
	now := time.Now().UTC()
	p := person.Person{ID: "admin", Name: AdminName, Hash: person.HashPassword(secret.NewText(AdminPassword)), Created: now, Changed: now}
	if err := h.DB.AddFirst(t.Context(), p, audit.New(audit.Actor{Name: AdminName, Via: "command"}, now, "person.first", "person/admin", "Made.")); err != nil {
		t.Fatal(err)
	}
	return p
}
