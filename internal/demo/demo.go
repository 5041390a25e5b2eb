// Package demo furnishes a house beside the emulators: the demo command shows it to
// people, and tests of the whole house begin with its places. What it adds goes
// through the same use cases as the forms on screen.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/aliyun/smc"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/awsaccount"
	"github.com/bakplane/bakplane/internal/awsrds"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/objectstore/s3"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// Ready is what a visitor of the demo needs to know; --json prints it.
type Ready struct {
	URL      string              `json:"url"`
	User     string              `json:"user"`
	Password string              `json:"password"`
	Token    string              `json:"token"`
	Data     string              `json:"data"`
	Files    string              `json:"files"`
	Cloud    emulators.Addresses `json:"cloud"`
}

// Furnisher puts people, places and a migration into a new dashboard.
type Furnisher struct {
	App    *app.App // its DB and Ports
	Cloud  emulators.Addresses
	Folder string // everything is kept in
	Own    string // folder of one's own files

	Console func(instance string, p aliyunemu.BackupPolicy) // changes a policy past the dashboard
}

const user = "admin"

// By is who furnishes, now.
func (d Furnisher) By() migration.By {
	return migration.By{Actor: audit.Actor{Name: "demo", Via: "command"}, At: time.Now()}
}

// Entry is the audit entry of a place that is saved.
func (d Furnisher) Entry(kind string) audit.Entry {
	by := d.By()
	return audit.New(by.Actor, by.At, kind+".save", kind+"/demo", "The demo set its "+kind+".")
}

// Furnish does all of it; in a folder that was kept, what is missing.
func (d Furnisher) Furnish(ctx context.Context) (Ready, error) {
	out := Ready{URL: d.App.URL(), Data: d.Folder, Files: filepath.Join(d.Folder, "backups"), Cloud: d.Cloud}
	if d.Own != "" {
		out.Files = d.Own
	}
	if err := d.People(ctx, &out); err != nil {
		return out, fmt.Errorf("make sign-in: %w", err)
	}
	if err := d.Places(ctx, out.Files); err != nil {
		return out, fmt.Errorf("add places: %w", err)
	}
	if d.Own != "" {
		return out, nil
	}
	if err := d.backups(ctx); err != nil {
		return out, fmt.Errorf("begin with backups: %w", err)
	}
	if err := d.policies(ctx); err != nil {
		return out, fmt.Errorf("make policies: %w", err)
	}
	if err := d.begin(ctx, out.Files); err != nil {
		return out, err
	}
	if err := d.App.DB.Servers().Watch(ctx, Account, true, d.Entry("server-account")); err != nil {
		return out, fmt.Errorf("look at source servers: %w", err)
	}
	if err := d.aws(ctx); err != nil {
		return out, fmt.Errorf("begin at AWS: %w", err)
	}
	return out, nil
}

// People makes the administrator, or gives the one of a kept folder a new
// password: the old one is known to nobody any more.
func (d Furnisher) People(ctx context.Context, out *Ready) error {
	by := d.By()
	entry := func(action, summary string) audit.Entry {
		return audit.New(by.Actor, by.At, action, "person/"+user, summary)
	}
	out.User, out.Password = user, strings.ToLower(rand.Text()[:16])
	hash := person.HashPassword(secret.NewText(out.Password))
	p, err := d.App.DB.PersonNamed(ctx, user)
	switch {
	case err == nil:
		err = d.App.DB.SetPassword(ctx, p.ID, hash, entry("person.password", "Set a new password for the demo."))
	case fault.Is(err, fault.NotFound):
		p = person.Person{ID: app.NewID(), Name: user, Hash: hash, Created: by.At, Changed: by.At}
		err = d.App.DB.AddPerson(ctx, p, entry("person.add", "Made the demo's administrator."))
	}
	if err != nil {
		return err
	}
	token := person.NewToken()
	out.Token = token.Reveal()
	return d.App.DB.AddToken(ctx, person.Token{ID: app.NewID(), PersonID: p.ID, Name: "demo", Hash: person.HashToken(out.Token), Scope: person.Administer, Created: by.At, Expires: by.At.AddDate(0, 0, 30)},
		entry("token.add", "Made an API token for the demo."))
}

// Ids of the places; fixed, so that a kept folder finds them again.
const (
	Account  = "demo-account"
	Staging  = "demo-oss"
	Folder   = "demo-folder"
	Instance = "demo-instance"
	Second   = "demo-second"
	Server   = "demo-server"
	Backups  = "demo-server-folder"
	AWS      = "demo-aws"
	S3       = "demo-s3"
	RDS      = "demo-rds"
)

// Places adds the account, the buckets and the instance. The emulators may
// have other ports than the last time, so existing places are saved anew.
func (d Furnisher) Places(ctx context.Context, files string) error {
	if err := os.MkdirAll(files, 0o755); err != nil {
		return err
	}
	c := d.Cloud
	account := endpoint.Account{ID: Account, Name: "Demo account", AccessKeyID: c.KeyID, Secret: secret.NewText(c.Secret), Region: c.Region, Kind: aliyun.AccountKind, Address: c.RDS, OwnerID: c.Owner,
		More: map[string]string{smc.AddressField: c.SMC, smc.OOSField: c.SMC, smc.ECSField: c.SMC}}
	staging := endpoint.Bucket{ID: Staging, Name: c.Bucket, Kind: oss.BucketKind, AccountID: Account, Region: c.Region, Address: c.OSS, Bucket: c.Bucket}
	given := endpoint.Bucket{ID: Folder, Name: "Backup files", Kind: folder.BucketKind, Path: files}
	instance := endpoint.Instance{ID: Instance, Name: "Hangzhou demo", Kind: aliyun.InstanceKind, AccountID: Account, Region: c.Region, InstanceID: c.Instance}
	second := endpoint.Instance{ID: Second, Name: "Hangzhou reports", Kind: aliyun.InstanceKind, AccountID: Account, Region: c.Region, InstanceID: c.Second}
	aws := endpoint.Account{ID: AWS, Name: "Demo AWS account", Kind: awsaccount.Kind, AccessKeyID: c.S3KeyID, Secret: secret.NewText(c.S3Secret), Region: c.S3Region, OwnerID: c.S3Owner, Address: c.AWSAPI, More: map[string]string{awsaccount.S3AddressField: c.S3}}
	bucket := endpoint.Bucket{ID: S3, Name: c.S3Bucket, Kind: s3.BucketKind, AccountID: AWS, Region: c.S3Region, Address: c.S3, Bucket: c.S3Bucket}
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
	backups := endpoint.Bucket{ID: Backups, Name: emulators.Server + " backups", Kind: folder.BucketKind, Path: c.SQLBackups}
	server := endpoint.Instance{ID: Server, Name: emulators.Server, Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: c.SQLLogin, Password: secret.NewText(c.SQLPassword),
		Encrypt: endpoint.EncryptFull, CAPEM: c.SQLCA, CertificateHost: emulators.Server, ServerFolder: c.SQLBackups, FolderID: Backups}
	rds := endpoint.Instance{ID: RDS, Name: "Frankfurt demo", Kind: awsrds.InstanceKind, Region: c.S3Region, Login: c.AWSMaster, Password: secret.NewText(c.AWSPassword),
		Encrypt: endpoint.EncryptFull, CAPEM: c.AWSCA, CertificateHost: emulators.AWSHost, FolderID: S3, AccountID: AWS, InstanceID: emulators.AWSIdentifier}
	if rds.Host, rds.Port, err = hostPort(c.AWS); err != nil {
		return err
	}
	k := app.Specs()
	if err := errors.Join(k.CheckAccount(account), k.CheckAccount(aws), k.CheckBucket(staging), k.CheckBucket(bucket), k.CheckBucket(given), k.CheckInstance(instance), k.CheckInstance(second), k.CheckBucket(backups), k.CheckInstance(server), k.CheckInstance(rds)); err != nil {
		return err
	}
	return errors.Join(
		d.App.DB.SaveAccount(ctx, account, d.Entry("account")),
		d.App.DB.SaveBucket(ctx, staging, d.Entry("bucket")),
		d.App.DB.SaveAccount(ctx, aws, d.Entry("account")),
		d.App.DB.SaveBucket(ctx, bucket, d.Entry("bucket")),
		d.App.DB.SaveBucket(ctx, given, d.Entry("bucket")),
		d.App.DB.SaveInstance(ctx, instance, d.Entry("instance")),
		d.App.DB.SaveInstance(ctx, second, d.Entry("instance")),
		d.App.DB.SaveBucket(ctx, backups, d.Entry("bucket")),
		d.App.DB.SaveInstance(ctx, server, d.Entry("instance")),
		d.App.DB.SaveInstance(ctx, rds, d.Entry("instance")),
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
func (d Furnisher) begin(ctx context.Context, files string) error {
	migrations := d.App.DB.Migrations()
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
	survey := drafting.Survey{Ports: d.App.Ports}
	seen, err := survey.Look(ctx, Folder, "orders/")
	if err != nil {
		return err
	}
	draft, err := migration.NewDraft(migration.FilesRequest{SourceID: Folder, SourcePrefix: "orders/", StagingID: Staging, InstanceID: Instance, Traits: aliyun.Traits()}, seen, false)
	if err != nil {
		return err
	}
	_, err = migration.Start(ctx, migrations, draft, nil, app.NewID, d.By())
	return err
}
