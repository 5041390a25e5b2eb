package kinds

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Opener turns the ids of endpoints into adapters. It implements the ports of
// migrations, backups and policies.
type Opener struct {
	Endpoints endpoint.Store
	Kinds     All
	// Fixed are buckets that are in no list, by id, such as that of files taken
	// out of archives.
	Fixed map[string]func() (objectstore.Bucket, error)
}

var (
	_ migration.Ports = (*Opener)(nil)
	_ clouds.Ports    = (*Opener)(nil)

	_ servermigration.Ports = (*Opener)(nil)
)

// Bucket implements migration.Ports.
func (o *Opener) Bucket(ctx context.Context, id string) (objectstore.Bucket, error) {
	if open := o.Fixed[id]; open != nil {
		return open()
	}
	b, err := o.Endpoints.Bucket(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := o.Kinds.Specs().Bucket(b.Kind); err != nil {
		return nil, err
	}
	a, err := o.account(ctx, b.AccountID)
	if err != nil {
		return nil, err
	}
	for _, k := range o.Kinds.Buckets {
		if k.Key == string(b.Kind) {
			return k.Open(b, a)
		}
	}
	return nil, fault.Newf(fault.Invalid, "%s cannot be opened.", b.Name)
}

func (o *Opener) account(ctx context.Context, id string) (endpoint.Account, error) {
	if id == "" {
		return endpoint.Account{}, nil
	}
	return o.Endpoints.Account(ctx, id)
}

// open finds an instance and what it can be used for.
func (o *Opener) open(ctx context.Context, id string) (endpoint.Instance, Instance, Ports, error) {
	in, err := o.Endpoints.Instance(ctx, id)
	if err != nil {
		return in, Instance{}, Ports{}, err
	}
	if _, err := o.Kinds.Specs().Instance(in.Kind); err != nil {
		return in, Instance{}, Ports{}, err
	}
	a, err := o.account(ctx, in.AccountID)
	if err != nil {
		return in, Instance{}, Ports{}, err
	}
	for _, k := range o.Kinds.Instances {
		if k.Key == string(in.Kind) {
			ports, err := k.Open(in, a)
			return in, k, ports, err
		}
	}
	return in, Instance{}, Ports{}, fault.Newf(fault.Invalid, "%s cannot be opened.", in.Name)
}

// unfit says that an instance is of no use for something, and which are.
func (o *Opener) unfit(in endpoint.Instance, format string, fits func(endpoint.Traits) bool) error {
	f := fault.Newf(fault.Invalid, format, in.Name)
	if words := o.Kinds.Specs().Words(fits); words != "" {
		return f.WithFix("Choose a %s.", words)
	}
	return f
}

// Target implements migration.Ports.
func (o *Opener) Target(ctx context.Context, id string) (migration.Target, error) {
	in, _, p, err := o.open(ctx, id)
	if err == nil && p.Target == nil {
		err = o.unfit(in, "%s takes no migrations.", func(t endpoint.Traits) bool { return t.Task != "" })
	}
	return p.Target, err
}

// Requests implements migration.Ports.
func (o *Opener) Requests(ctx context.Context, id string) (migration.Requests, error) {
	in, err := o.Endpoints.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, k := range o.Kinds.Instances {
		if k.Key == string(in.Kind) && k.Requests != nil {
			return k.Requests, nil
		}
	}
	_, err = o.Kinds.Specs().Instance(in.Kind)
	if err == nil {
		err = o.unfit(in, "%s takes no migrations.", func(t endpoint.Traits) bool { return t.Task != "" })
	}
	return nil, err
}

// Server implements migration.Ports.
func (o *Opener) Server(ctx context.Context, id string) (backup.Server, migration.Place, error) {
	in, _, p, err := o.open(ctx, id)
	if err == nil && p.Server == nil {
		err = o.unfit(in, "%s is not a server that Bakplane can take backups from.", func(t endpoint.Traits) bool { return t.Source })
	}
	if err != nil {
		return p.Server, placeOf(in), err
	}
	place, err := o.place(ctx, in)
	return p.Server, place, err
}

// Restorer implements backupjob.Restorers.
func (o *Opener) Restorer(ctx context.Context, id string) (backup.Restorer, migration.Place, error) {
	in, _, p, err := o.open(ctx, id)
	if err == nil && p.Restorer == nil {
		err = o.unfit(in, "No RESTORE can be ordered at %s.", func(t endpoint.Traits) bool { return t.Restores })
	}
	if err != nil {
		return p.Restorer, placeOf(in), err
	}
	place, err := o.place(ctx, in)
	return p.Restorer, place, err
}

// place is where an instance writes its backups: its folder, or a bucket by the
// name under which its service knows it.
func (o *Opener) place(ctx context.Context, in endpoint.Instance) (migration.Place, error) {
	p := placeOf(in)
	if in.Traits.OwnFolder() {
		return p, nil
	}
	if in.FolderID == "" {
		return p, fault.Newf(fault.Invalid, "It is not said into which bucket %s writes its backups.", in.Name).WithFix("Choose the bucket under Settings, at the instance.")
	}
	b, err := o.Endpoints.Bucket(ctx, in.FolderID)
	if err != nil {
		return p, err
	}
	spec, err := o.Kinds.Specs().Bucket(b.Kind)
	if err == nil && spec.Resource == nil {
		err = fault.Newf(fault.Invalid, "%s cannot write to %s.", in.Name, b.Name).WithFix("Choose a bucket of its own cloud.")
	}
	if err == nil {
		p.Folder = spec.Resource(b)
	}
	return p, err
}

func placeOf(in endpoint.Instance) migration.Place {
	return migration.Place{Folder: in.ServerFolder, BucketID: in.FolderID}
}

// Reader implements migration.Ports.
func (o *Opener) Reader(ctx context.Context, id string) (backup.Server, error) {
	in, err := o.Endpoints.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	if !in.Readable() || o.Kinds.Reader == nil {
		return nil, fault.Newf(fault.NotFound, "It is not known how to read %s: no SQL login is given for it.", in.Name).
			WithFix("Give the instance a login for reading under Settings, Instances, then compare.")
	}
	return o.Kinds.Reader(in)
}

// Cloud hands out an instance whose backups its service takes.
func (o *Opener) Cloud(ctx context.Context, id string) (backup.Cloud, error) {
	in, _, p, err := o.open(ctx, id)
	if err == nil && p.Backups == nil {
		err = o.noService(in)
	}
	return p.Backups, err
}

// CloudPolicy implements clouds.Ports: the backup policy of an instance.
func (o *Opener) CloudPolicy(ctx context.Context, id string) (clouds.Cloud, error) {
	in, _, p, err := o.open(ctx, id)
	if err == nil && p.Policy == nil {
		err = o.noService(in)
	}
	return p.Policy, err
}

func (o *Opener) noService(in endpoint.Instance) error {
	return fault.Newf(fault.Invalid, "%s has no service that takes backups by itself.", in.Name).WithFix("Make a policy for it under Policies.")
}

// Instance implements backupjob.Ports.
func (o *Opener) Instance(ctx context.Context, id string) (endpoint.Instance, error) {
	return o.Endpoints.Instance(ctx, id)
}

// Center implements servermigration.Ports.
func (o *Opener) Center(ctx context.Context, accountID string) (servermigration.Center, error) {
	a, err := o.Endpoints.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	open := o.Kinds.Centers[a.Kind]
	if open == nil {
		return nil, fault.Newf(fault.Invalid, "No servers can be migrated through the account %s.", a.Name).WithFix("Choose an account of a cloud that migrates whole servers.")
	}
	return open(a)
}
