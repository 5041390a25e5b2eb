// Package endpoint holds the places Bakplane talks to: cloud accounts,
// buckets and instances. An endpoint is data, and so is its kind: a Spec with
// words, form and rules, and for instances their Traits. Which kinds there are
// is decided where the house is wired together.
package endpoint

import (
	"context"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/secret"
)

// AccountKind says whose account it is.
type AccountKind string

// Account is a key of a cloud account.
type Account struct {
	ID          string
	Name        string // what people call it
	Kind        AccountKind
	AccessKeyID string
	Secret      secret.Text
	Region      string // as its cloud writes it
	Address     string // of the API of its databases; empty = the region's own. May begin with http:// or https://
	OwnerID     string // number of the cloud account; empty = unknown

	More map[string]string // what else its kind asks for, by the names of its fields
}

// BucketKind says what a bucket is made of.
type BucketKind string

// Bucket is a place where backup files lie.
type Bucket struct {
	ID      string
	Name    string // what people call it
	Kind    BucketKind
	Service bool // a trait of its kind, told by the store: a service keeps the files; false = a folder of this machine

	// Of a service; what of it a kind needs, its form asks for.
	AccountID string
	Region    string
	Address   string // where we reach it; empty = the region's public endpoint
	CloudHost string // host the cloud's databases read from, without scheme; empty = the region's public endpoint
	Bucket    string // the bucket's own name

	Path string // of a folder: absolute path

	More map[string]string // what else its kind asks for, by the names of its fields
}

// InstanceKind says what a SQL Server instance is.
type InstanceKind string

// Instance is a SQL Server we know.
type Instance struct {
	ID   string
	Name string
	Kind InstanceKind

	Traits Traits // of its kind, told by the store; nothing of an unknown kind

	// Of a cloud.
	AccountID  string
	Region     string
	InstanceID string // the cloud's own id

	// How it is reached over SQL; of a cloud's instance that is managed through
	// its service optional, see Readable.
	Host            string
	Port            int    // 0 = 1433, or asked of SQL Server Browser when InstanceName is given
	InstanceName    string // of a named instance
	Login           string
	Password        secret.Text
	Encrypt         Encrypt
	CAPEM           string // certificates to trust, PEM; empty = those of this machine
	CertificateHost string // name in the certificate, where it is not Host
	Trust           bool   // take any certificate
	ServerFolder    string // backup folder as the server sees it
	FolderID        string // the same folder as a bucket, as we see it

	More map[string]string // what else its kind asks for, by the names of its fields
}

// Encrypt says how the connection to a server is protected.
type Encrypt string

const (
	EncryptStrict Encrypt = "strict" // TDS 8: TLS from the first byte
	EncryptFull   Encrypt = "full"   // TLS after the greeting
	EncryptNone   Encrypt = "none"   // in the clear, but the password
)

// Store keeps endpoints. Save makes or replaces the record with the given id;
// a Save with an empty secret keeps the stored one. Remove refuses with
// Conflict what something else still uses.
type Store interface {
	Accounts(ctx context.Context) ([]Account, error)
	Account(ctx context.Context, id string) (Account, error)
	SaveAccount(ctx context.Context, a Account, e audit.Entry) error
	RemoveAccount(ctx context.Context, id string, e audit.Entry) error

	Buckets(ctx context.Context) ([]Bucket, error)
	Bucket(ctx context.Context, id string) (Bucket, error)
	SaveBucket(ctx context.Context, b Bucket, e audit.Entry) error
	RemoveBucket(ctx context.Context, id string, e audit.Entry) error

	Instances(ctx context.Context) ([]Instance, error)
	Instance(ctx context.Context, id string) (Instance, error)
	SaveInstance(ctx context.Context, i Instance, e audit.Entry) error
	RemoveInstance(ctx context.Context, id string, e audit.Entry) error
}

// Readable reports whether it is known how to read the instance over SQL.
func (i Instance) Readable() bool { return i.Host != "" && i.Login != "" }

// Label is what people call it: its name, beside the id that its service knows
// it by.
func (i Instance) Label() string {
	switch {
	case i.Traits.Source:
		return i.Name
	case i.Name == "" || i.Name == i.InstanceID:
		return i.InstanceID
	}
	return i.Name + " (" + i.InstanceID + ")"
}
