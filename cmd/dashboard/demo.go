package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// demoCmd starts the dashboard beside an emulated cloud. What it adds goes
// through the same use cases as the forms on screen.
type demoCmd struct {
	Listen string        `help:"Address to listen on." default:"127.0.0.1:8620"`
	Data   string        `help:"Folder that keeps everything; without it a temporary one is used and removed." type:"path"`
	Files  string        `help:"Folder of your own backup files to start from." type:"existingdir"`
	JSON   bool          `help:"Print one JSON line once it is ready." name:"json"`
	Poll   time.Duration `help:"Shortest pause between two looks at a cloud task." default:"500ms"`
}

// ready is what --json prints.
type ready struct {
	URL      string    `json:"url"`
	User     string    `json:"user"`
	Password string    `json:"password"`
	Token    string    `json:"token"`
	Data     string    `json:"data"`
	Files    string    `json:"files"`
	Cloud    addresses `json:"cloud"`
}

// Run prints how to sign in and works until it is stopped.
func (c *demoCmd) Run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder := c.Data
	if folder == "" {
		if folder, err = os.MkdirTemp("", "bakplane-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	g, err := start(filepath.Join(folder, "cloud"), emulatedPace{Step: 1500 * time.Millisecond, Rate: 40 << 20, Load: 3, Size: 24 << 20, Past: 40 * 24 * time.Hour})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	a, err := Open(ctx, Config{Data: folder, Listen: c.Listen, Poll: c.Poll, Settle: 20 * time.Second, Runs: 4, Scans: 2, UploadParallel: 3, UploadLimit: 24 << 20}, newLog("warn"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	d := demo{app: a, cloud: g.addresses(), folder: folder, own: c.Files, console: g.console}
	out, err := d.furnish(ctx)
	if err != nil {
		return err
	}
	if err := c.tell(out); err != nil {
		return err
	}
	return a.Serve(ctx)
}

func (c *demoCmd) tell(r ready) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	fmt.Printf(`Bakplane demo: an emulated cloud on this machine, nothing leaves it.

  open      %s
  sign in   %s / %s
  API       curl -H "Authorization: Bearer %s" %s/api/v1/migrations
  files     %s

Ctrl-C ends it.
`, r.URL, r.User, r.Password, r.Token, r.URL, r.Files)
	if c.Data == "" {
		fmt.Println("Everything is thrown away then; --data DIR keeps it.")
	}
	return nil
}

// demo puts people, places and a migration into a new dashboard.
type demo struct {
	app    *App
	cloud  addresses
	folder string
	own    string // folder of one's own files

	console func(instance string, p aliyunemu.BackupPolicy) // changes a policy past the dashboard
}

const demoUser = "admin"

func (d demo) by() migration.By {
	return migration.By{Actor: audit.Actor{Name: "demo", Via: "command"}, At: time.Now()}
}

func (d demo) entry(kind string) audit.Entry {
	by := d.by()
	return audit.New(by.Actor, by.At, kind+".save", kind+"/demo", "The demo set its "+kind+".")
}

func (d demo) furnish(ctx context.Context) (ready, error) {
	out := ready{URL: d.app.URL(), User: demoUser, Data: d.folder, Files: filepath.Join(d.folder, "backups"), Cloud: d.cloud}
	if d.own != "" {
		out.Files = d.own
	}
	if err := d.people(ctx, &out); err != nil {
		return out, fmt.Errorf("make sign-in: %w", err)
	}
	if err := d.places(ctx, out.Files); err != nil {
		return out, fmt.Errorf("add places: %w", err)
	}
	if d.own != "" {
		return out, nil
	}
	if err := d.backups(ctx); err != nil {
		return out, fmt.Errorf("begin with backups: %w", err)
	}
	if err := d.policies(ctx); err != nil {
		return out, fmt.Errorf("make policies: %w", err)
	}
	return out, d.begin(ctx, out.Files)
}

// people makes the administrator, or gives the one of a kept folder a new
// password: the old one is known to nobody any more.
func (d demo) people(ctx context.Context, out *ready) error {
	by := d.by()
	entry := func(action, summary string) audit.Entry {
		return audit.New(by.Actor, by.At, action, "person/"+demoUser, summary)
	}
	out.Password = strings.ToLower(rand.Text()[:16])
	hash := person.HashPassword(secret.NewText(out.Password))
	p, err := d.app.DB.PersonNamed(ctx, demoUser)
	switch {
	case err == nil:
		err = d.app.DB.SetPassword(ctx, p.ID, hash, entry("person.password", "Set a new password for the demo."))
	case fault.Is(err, fault.NotFound):
		p = person.Person{ID: newID(), Name: demoUser, Hash: hash, Created: by.At, Changed: by.At}
		err = d.app.DB.AddPerson(ctx, p, entry("person.add", "Made the demo's administrator."))
	}
	if err != nil {
		return err
	}
	token := person.NewToken()
	out.Token = token.Reveal()
	return d.app.DB.AddToken(ctx, person.Token{ID: newID(), PersonID: p.ID, Name: "demo", Hash: person.HashToken(out.Token), Created: by.At},
		entry("token.add", "Made an API token for the demo."))
}

// Ids of the demo's places; fixed, so that a kept folder finds them again.
const (
	demoAccount  = "demo-account"
	demoStaging  = "demo-oss"
	demoFolder   = "demo-folder"
	demoInstance = "demo-instance"
	demoSecond   = "demo-second"
	demoServer   = "demo-server"
	demoBackups  = "demo-server-folder"
)

// places adds the account, the buckets and the instance. The emulators may
// have other ports than the last time, so existing places are saved anew.
func (d demo) places(ctx context.Context, files string) error {
	if err := os.MkdirAll(files, 0o755); err != nil {
		return err
	}
	c := d.cloud
	account := endpoint.Account{ID: demoAccount, Name: "Demo account", AccessKeyID: c.KeyID, Secret: secret.NewText(c.Secret), Region: c.Region, Kind: aliyun.AccountKind, Address: c.RDS, OwnerID: c.Owner}
	staging := endpoint.Bucket{ID: demoStaging, Name: c.Bucket, Kind: oss.BucketKind, AccountID: demoAccount, Region: c.Region, Address: c.OSS, Bucket: c.Bucket}
	given := endpoint.Bucket{ID: demoFolder, Name: "Backup files", Kind: folder.BucketKind, Path: files}
	instance := endpoint.Instance{ID: demoInstance, Name: "Hangzhou demo", Kind: aliyun.InstanceKind, AccountID: demoAccount, Region: c.Region, InstanceID: c.Instance}
	second := endpoint.Instance{ID: demoSecond, Name: "Hangzhou reports", Kind: aliyun.InstanceKind, AccountID: demoAccount, Region: c.Region, InstanceID: c.Second}
	host, number, err := hostPort(c.SQL)
	if err != nil {
		return err
	}
	if c.Reading != "" {
		if instance.Host, instance.Port, err = hostPort(c.Reading); err != nil {
			return err
		}
		instance.Login, instance.Password, instance.Encrypt, instance.CAPEM, instance.CertificateHost = c.ReadingLogin, secret.NewText(c.ReadingSecret), endpoint.EncryptFull, c.ReadingCA, c.Instance
	}
	backups := endpoint.Bucket{ID: demoBackups, Name: emulatedServer + " backups", Kind: folder.BucketKind, Path: c.SQLBackups}
	server := endpoint.Instance{ID: demoServer, Name: emulatedServer, Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: c.SQLLogin, Password: secret.NewText(c.SQLPassword),
		Encrypt: endpoint.EncryptFull, CAPEM: c.SQLCA, CertificateHost: emulatedServer, ServerFolder: c.SQLBackups, FolderID: demoBackups}
	k := app.Specs()
	if err := errors.Join(k.CheckAccount(account), k.CheckBucket(staging), k.CheckBucket(given), k.CheckInstance(instance), k.CheckInstance(second), k.CheckBucket(backups), k.CheckInstance(server)); err != nil {
		return err
	}
	return errors.Join(
		d.app.DB.SaveAccount(ctx, account, d.entry("account")),
		d.app.DB.SaveBucket(ctx, staging, d.entry("bucket")),
		d.app.DB.SaveBucket(ctx, given, d.entry("bucket")),
		d.app.DB.SaveInstance(ctx, instance, d.entry("instance")),
		d.app.DB.SaveInstance(ctx, second, d.entry("instance")),
		d.app.DB.SaveBucket(ctx, backups, d.entry("bucket")),
		d.app.DB.SaveInstance(ctx, server, d.entry("instance")),
	)
}

func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}

// begin writes a chain and starts migrating it, once.
func (d demo) begin(ctx context.Context, files string) error {
	migrations := d.app.DB.Migrations()
	if have, err := migrations.Migrations(ctx, migration.Filter{Limit: 1}); err != nil || len(have) > 0 {
		return err
	}
	folder := filepath.Join(files, "orders")
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	started := time.Now().UTC().Add(-90 * time.Minute).Truncate(time.Second)
	if _, err := mtf.Chain(folder, mtf.Options{Database: "orders", Server: "SQLDEMO", Started: started, DataSize: 160 << 20, LogSize: 12 << 20, Checksums: true}); err != nil {
		return fmt.Errorf("write demo chain: %w", err)
	}
	survey := migration.Survey{Ports: d.app.Ports}
	seen, err := survey.Look(ctx, demoFolder, "orders/")
	if err != nil {
		return err
	}
	draft, err := migration.NewDraft(migration.FilesRequest{SourceID: demoFolder, SourcePrefix: "orders/", StagingID: demoStaging, InstanceID: demoInstance}, seen, false)
	if err != nil {
		return err
	}
	_, err = migration.Start(ctx, migrations, draft, nil, newID, d.by())
	return err
}
