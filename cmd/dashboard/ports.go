package main

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// ports turns endpoints into adapters. It is the one place that knows which
// room serves which kind. Adapters hold connections, so those of an endpoint
// are kept until the endpoint changes.
type ports struct {
	endpoints endpoint.Store
	data      string // Bakplane's own folder

	mu      sync.Mutex
	folders map[string]*folder.Bucket
	buckets map[oss.Config]*oss.Bucket
	clients map[aliyun.Config]*aliyun.Client
	servers map[sqlserver.Config]*sqlserver.Server
}

var (
	_ migration.Ports   = (*ports)(nil)
	_ policy.CloudPorts = (*ports)(nil)
)

func newPorts(endpoints endpoint.Store, data string) *ports {
	return &ports{endpoints: endpoints, data: data,
		folders: map[string]*folder.Bucket{}, buckets: map[oss.Config]*oss.Bucket{}, clients: map[aliyun.Config]*aliyun.Client{},
		servers: map[sqlserver.Config]*sqlserver.Server{}}
}

// unpackedID is the bucket of files taken out of archives. It is Bakplane's
// own and in no list.
const unpackedID = "unpacked"

// Bucket implements migration.Ports.
func (p *ports) Bucket(ctx context.Context, id string) (objectstore.Bucket, error) {
	if id == unpackedID {
		return kept(&p.mu, p.folders, filepath.Join(p.data, "unpacked"), folder.Open)
	}
	b, err := p.endpoints.Bucket(ctx, id)
	if err != nil {
		return nil, err
	}
	switch b.Kind {
	case endpoint.Folder:
		return kept(&p.mu, p.folders, b.Path, folder.Open)
	case endpoint.OSS:
		a, err := p.endpoints.Account(ctx, b.AccountID)
		if err != nil {
			return nil, err
		}
		return kept(&p.mu, p.buckets, oss.Config{Endpoint: b.OSSAddress(), Region: b.Region, Bucket: b.Bucket,
			AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal(), PublicEndpoint: b.OSSHost()}, oss.Open)
	}
	return nil, fault.Newf(fault.Invalid, "This version of Bakplane does not know buckets of kind %q.", b.Kind)
}

// Target implements migration.Ports.
func (p *ports) Target(ctx context.Context, id string) (migration.Target, error) {
	in, err := p.endpoints.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Kind == endpoint.SelfManaged {
		s, err := p.server(in)
		if err != nil {
			return nil, err
		}
		return s.Target(), nil
	}
	client, err := p.client(ctx, in)
	if err != nil {
		return nil, err
	}
	return client.Target(in.InstanceID), nil
}

func (p *ports) client(ctx context.Context, in endpoint.Instance) (*aliyun.Client, error) {
	a, err := p.endpoints.Account(ctx, in.AccountID)
	if err != nil {
		return nil, err
	}
	return kept(&p.mu, p.clients, aliyun.Config{Endpoint: a.RDSAddress, Region: in.Region, AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal()}, aliyun.NewClient)
}

// CloudPolicy implements policy.CloudPorts: the backup policy of an instance.
func (p *ports) CloudPolicy(ctx context.Context, id string) (policy.Cloud, error) {
	return p.cloud(ctx, id)
}

// Cloud hands out an instance whose backups the service takes.
func (p *ports) Cloud(ctx context.Context, id string) (backup.Cloud, error) {
	return p.cloud(ctx, id)
}

func (p *ports) cloud(ctx context.Context, id string) (*aliyun.Cloud, error) {
	in, err := p.endpoints.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	if in.Kind != endpoint.ApsaraDB {
		return nil, fault.Newf(fault.Invalid, "%s is not an ApsaraDB RDS instance, whose service takes backups by itself.", in.Name).WithFix("Make a policy for it under Policies.")
	}
	client, err := p.client(ctx, in)
	if err != nil {
		return nil, err
	}
	return client.Cloud(in.InstanceID), nil
}

// kept opens an adapter once for each configuration. A folder that vanished
// and came back is another one, so what fails is not kept.
func kept[C comparable, A any](mu *sync.Mutex, have map[C]A, config C, open func(C) (A, error)) (A, error) {
	mu.Lock()
	defer mu.Unlock()
	if a, ok := have[config]; ok {
		return a, nil
	}
	a, err := open(config)
	if err == nil {
		have[config] = a
	}
	return a, err
}

// Server implements migration.Ports.
func (p *ports) Server(ctx context.Context, id string) (backup.Server, migration.Place, error) {
	in, err := p.endpoints.Instance(ctx, id)
	if err != nil {
		return nil, migration.Place{}, err
	}
	if in.Kind != endpoint.SelfManaged {
		return nil, migration.Place{}, fault.Newf(fault.Invalid, "%s is not a server that Bakplane can take backups from.", in.Name).WithFix("Choose a self-managed server.")
	}
	s, err := p.server(in)
	return s, migration.Place{Folder: in.ServerFolder, BucketID: in.FolderID}, err
}

// Reader implements migration.Ports.
func (p *ports) Reader(ctx context.Context, id string) (backup.Server, error) {
	in, err := p.endpoints.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	if !in.Readable() {
		return nil, fault.Newf(fault.NotFound, "It is not known how to read %s: no SQL login is given for it.", in.Name).
			WithFix("Give the instance a login for reading under Settings, Instances, then compare.")
	}
	return p.server(in)
}

func (p *ports) server(in endpoint.Instance) (*sqlserver.Server, error) {
	encrypt := map[endpoint.Encrypt]sqlserver.Encryption{
		endpoint.EncryptStrict: sqlserver.Strict, endpoint.EncryptFull: sqlserver.Full, endpoint.EncryptNone: sqlserver.LoginOnly}[in.Encrypt]
	return kept(&p.mu, p.servers, sqlserver.Config{Host: in.Host, Port: in.Port, Instance: in.InstanceName, Login: in.Login, Password: in.Password.Reveal(),
		Encrypt: encrypt, CAPEM: in.CAPEM, HostNameInCertificate: in.CertificateHost, TrustServerCertificate: in.Trust, Folder: in.ServerFolder}, sqlserver.Open)
}

// Instance implements backupjob.Ports.
func (p *ports) Instance(ctx context.Context, id string) (endpoint.Instance, error) {
	return p.endpoints.Instance(ctx, id)
}

// Restorer implements backupjob.Restorers.
func (p *ports) Restorer(ctx context.Context, id string) (backup.Restorer, migration.Place, error) {
	in, err := p.endpoints.Instance(ctx, id)
	if err != nil {
		return nil, migration.Place{}, err
	}
	if in.Kind != endpoint.SelfManaged {
		return nil, migration.Place{}, fault.Newf(fault.Invalid, "%s is not a self-managed server.", in.Name).WithFix("Choose a self-managed server.")
	}
	s, err := p.server(in)
	return s, migration.Place{Folder: in.ServerFolder, BucketID: in.FolderID}, err
}
