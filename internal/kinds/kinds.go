// Package kinds is where a kind of place says everything that the rest of the
// house needs: its spec and how it is opened. A new kind is a folder that
// makes one of these; docs/adding-a-target.md lists its parts.
package kinds

import (
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Bucket is a kind of place for backup files.
type Bucket struct {
	endpoint.BucketSpec
	// Open makes the adapter, or hands out the one it has. a is the bucket's
	// account, empty where it has none.
	Open func(b endpoint.Bucket, a endpoint.Account) (objectstore.Bucket, error)
}

// Instance is a kind of SQL Server instance.
type Instance struct {
	endpoint.InstanceSpec
	// Open makes the adapters, or hands out those it has; nothing is asked of
	// the instance yet. a is its account, empty where it has none.
	Open func(i endpoint.Instance, a endpoint.Account) (Ports, error)
	// Requests words changing calls to it.
	Requests migration.Requests
}

// Ports are what an instance can be used for; nil = not for that.
type Ports struct {
	Target   migration.Target // databases are restored there by migrations
	Server   backup.Server    // its databases are backed up and read over SQL
	Restorer backup.Restorer  // sets are restored there by RESTORE
	Backups  backup.Cloud     // its service takes backups
	Policy   clouds.Cloud     // by this policy
}

// Centers makes what an account can do with servers, or hands out what it has;
// nothing is asked of the service yet.
type Centers func(a endpoint.Account) (servermigration.Center, error)

// All are the kinds of one dashboard.
type All struct {
	Accounts  []endpoint.AccountSpec
	Buckets   []Bucket
	Instances []Instance
	// Centers open accounts through which whole servers are migrated, by kind.
	Centers map[endpoint.AccountKind]Centers
	// Reader reaches an instance over SQL by what its endpoint says of host and
	// login, whatever its kind.
	Reader func(endpoint.Instance) (backup.Server, error)
}

// Specs are the kinds as data.
func (a All) Specs() endpoint.Kinds {
	k := endpoint.Kinds{Accounts: slices.Clone(a.Accounts)}
	for i, s := range k.Accounts {
		k.Accounts[i].Servers = a.Centers[endpoint.AccountKind(s.Key)] != nil
	}
	for _, b := range a.Buckets {
		k.Buckets = append(k.Buckets, b.BucketSpec)
	}
	for _, i := range a.Instances {
		k.Instances = append(k.Instances, i.InstanceSpec)
	}
	return k
}
