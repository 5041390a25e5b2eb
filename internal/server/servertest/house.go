package servertest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/server/site"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// House is the server over a real database, real adapters and an emulated
// cloud, with the engine at work, as people meet it.
type House struct {
	*httptest.Server
	DB       *db.DB
	Notifier *run.Notifier
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
func NewHouse(t *testing.T) *House {
	t.Helper()
	return NewHouseWith(t, 2, migration.Rules{}, migration.Caps{})
}

// NewHouseWith is a house whose engine works on so many runs at once and keeps
// to these bounds.
func NewHouseWith(t *testing.T, parallel int, rules migration.Rules, caps migration.Caps) *House {
	t.Helper()
	rules.Poll, rules.Settle = 20*time.Millisecond, time.Second
	keys, err := secret.OpenKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	h := &House{Notifier: run.NewNotifier(), Files: t.TempDir()}
	if h.DB, err = db.Open(t.Context(), t.TempDir(), keys, h.Notifier, app.Specs()); err != nil {
		t.Fatal(err)
	}
	ports := &ports{Opener: app.NewPorts(h.DB, t.TempDir()).(*kinds.Opener)}
	h.Ports = ports
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	copier := h.copier(newID)
	collector := &scan.Collector{Ports: ports, Endpoints: h.DB, Catalogue: h.DB.Catalogue(), Store: h.DB.Scanning(), Now: time.Now}
	handler, err := site.New(server.Config{Zone: time.FixedZone("", 8*3600), Version: "test", Caps: caps, Restores: rules.Restores}, server.Deps{
		Endpoints: h.DB, Kinds: app.Specs(), Runs: h.DB, Migrations: h.DB.Migrations(), Survey: &migration.Survey{Ports: ports}, Ports: ports, People: h.DB, Audit: h.DB,
		Sessions: h.DB.Sessions(), Notifier: h.Notifier, Log: log, Now: time.Now, NewID: newID,
		Clouds: ports, Catalogue: h.DB.Catalogue(), Policies: h.DB.Policies(), Copier: copier, Scans: h.DB.Scanning(),
		Pruner: &backupjob.Pruner{Kit: copier.Kit, Policies: h.DB.Policies()}, Restoring: &backupjob.Restoring{Kit: copier.Kit, Restorers: ports},
		Collect: func(ctx context.Context, id string) error {
			return collector.Scan(ctx, scan.InstanceSubject(id), nil)
		},
		Collected: func(ctx context.Context, id string) (time.Time, error) {
			l, err := collector.Store.Visit(ctx, scan.InstanceSubject(id))
			return l.Good, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := &run.Engine{Store: h.DB, Owner: newID(), Notifier: h.Notifier, Log: log, Parallel: parallel, Lease: 30 * time.Second, MaxTries: 5, Now: time.Now,
		Workers: map[string]run.Worker{migration.RunKind: &migration.Worker{Store: h.DB.Migrations(), Runs: h.DB, Ports: ports, Now: time.Now, NewID: newID,
			Rules: rules, Caps: caps, Limits: &run.Limits{}, Upload: migration.UploadRules{Parallel: 2},
			SourceBackups: migration.SourceRules{Reserve: 3, Settle: time.Second, Fresh: time.Minute}}}}
	engine.Workers[backupjob.RunCopy] = copier
	engine.Workers[backupjob.RunCloudBackup] = &backupjob.CloudWorker{CloudKit: copier.CloudKit}
	engine.Workers[backupjob.RunCloudRestore] = &backupjob.CloudRestorer{CloudKit: copier.CloudKit}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() {
		if err := engine.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	h.Server = httptest.NewUnstartedServer(handler)
	h.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	h.Start()
	t.Cleanup(func() {
		stop()
		h.Close()
		working.Wait()
		if err := h.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ports reaches the places of the endpoints in the database.
type ports struct {
	*kinds.Opener
	mu     sync.Mutex
	source backup.Server
	own    map[string]*sqlserver.Server // self-managed servers, by id of their endpoint
	sent   func()                       // called after every file given to the cloud; nil = nobody counts
}

func (p *ports) Set(s backup.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source = s
}

func (p *ports) Target(ctx context.Context, id string) (migration.Target, error) {
	if s := p.own[id]; s != nil {
		return s.Target(), nil
	}
	t, err := p.Opener.Target(ctx, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.sent != nil {
		return counted{t, p.sent}, nil
	}
	return t, err
}

func (p *ports) Server(ctx context.Context, id string) (backup.Server, migration.Place, error) {
	i, err := p.Endpoints.Instance(ctx, id)
	if err != nil {
		return nil, migration.Place{}, err
	}
	if s := p.own[id]; s != nil {
		return s, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.Kind != sqlserver.InstanceKind || p.source == nil {
		return nil, migration.Place{}, fault.New(fault.Invalid, "There is no such server.", "")
	}
	return p.source, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, nil
}

func (p *ports) Restorer(_ context.Context, id string) (backup.Restorer, migration.Place, error) {
	s, ok := p.own[id]
	if !ok {
		return nil, migration.Place{}, fault.Newf(fault.NotFound, "%s is no self-managed server.", id)
	}
	return s, migration.Place{BucketID: id + "-folder"}, nil
}

func (p *ports) Reader(ctx context.Context, id string) (backup.Server, error) {
	s, _, err := p.Server(ctx, id)
	return s, err
}

// Cloud plants the emulators and adds the places with fixed ids, with a chain
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
