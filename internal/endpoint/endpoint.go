// Package endpoint holds the places Bakplane talks to: cloud accounts,
// buckets and instances. An endpoint is data; which adapter serves it is
// decided where the house is wired together.
package endpoint

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Account is a key of a cloud account.
type Account struct {
	ID          string
	Name        string // what people call it
	AccessKeyID string
	Secret      secret.Text
	Region      string // such as cn-hangzhou
	RDSAddress  string // of the RDS API; empty = the region's own. May begin with http:// or https://
	OwnerID     string // number of the cloud account; empty = unknown
}

// BucketKind says what a bucket is made of.
type BucketKind string

const (
	OSS    BucketKind = "oss"
	Folder BucketKind = "folder"
)

// Bucket is a place where backup files lie.
type Bucket struct {
	ID        string
	Name      string // what people call it
	Kind      BucketKind
	AccountID string // OSS
	Region    string // OSS, such as cn-hangzhou
	Address   string // OSS: where we reach it; empty = the region's public endpoint
	CloudHost string // OSS: host the cloud reads from, without scheme; empty = the region's public endpoint
	Bucket    string // OSS: the bucket's own name
	Path      string // folder: absolute path
}

// InstanceKind says what a SQL Server instance is.
type InstanceKind string

const (
	ApsaraDB    InstanceKind = "apsaradb"
	SelfManaged InstanceKind = "selfmanaged"
)

// Instance is a SQL Server we know.
type Instance struct {
	ID   string
	Name string
	Kind InstanceKind

	// ApsaraDB
	AccountID  string
	Region     string
	InstanceID string // the cloud's id, such as rm-bp1…

	// SelfManaged: how it is reached. ApsaraDB: optional, a SQL login with which
	// what was migrated there is read, see Readable; folders are not needed.
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

var (
	regionShape   = regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$`)
	bucketShape   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	instanceShape = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{2,63}$`)
	keyShape      = regexp.MustCompile(`^[!-~]{3,128}$`)
)

// Check refuses an account that cannot work.
func (a Account) Check() error {
	switch {
	case strings.TrimSpace(a.Name) == "":
		return fault.New(fault.Invalid, "The account has no name.", "Give it the name your colleagues know it by.")
	case !keyShape.MatchString(a.AccessKeyID):
		return fault.New(fault.Invalid, "The access key id is empty or holds spaces.", "Copy it from the cloud's console, RAM, AccessKey.")
	case !regionShape.MatchString(a.Region):
		return fault.Newf(fault.Invalid, "%q is not a region id.", a.Region).WithFix("Write it as the cloud does, such as cn-hangzhou or ap-southeast-1.")
	}
	return checkAddress(a.RDSAddress)
}

// Check refuses a bucket that cannot work. The name rule is that of OSS.
func (b Bucket) Check() error {
	if strings.TrimSpace(b.Name) == "" {
		return fault.New(fault.Invalid, "The bucket has no name.", "Give it the name your colleagues know it by.")
	}
	switch b.Kind {
	case Folder:
		if !filepath.IsAbs(b.Path) {
			return fault.Newf(fault.Invalid, "%q is not an absolute path.", b.Path).WithFix("Write the whole path as this machine sees it, such as /var/backups/sql.")
		}
	case OSS:
		if b.AccountID == "" {
			return fault.New(fault.Invalid, "The bucket has no account.", "Choose the cloud account it belongs to.")
		}
		if !bucketShape.MatchString(b.Bucket) {
			return fault.Newf(fault.Invalid, "%q is not a bucket name.", b.Bucket).WithFix("3 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit.")
		}
		if !regionShape.MatchString(b.Region) {
			return fault.Newf(fault.Invalid, "%q is not a region id.", b.Region).WithFix("Write it without the oss- prefix, such as cn-hangzhou.")
		}
		if strings.Contains(b.CloudHost, "/") {
			return fault.Newf(fault.Invalid, "%q is not a host.", b.CloudHost).WithFix("Write the endpoint without scheme and path, such as oss-cn-hangzhou-internal.aliyuncs.com.")
		}
		return checkAddress(b.Address)
	default:
		return fault.Newf(fault.Invalid, "%q is not a kind of bucket.", b.Kind)
	}
	return nil
}

// OSSAddress is where we reach the bucket: as given, or the region's public
// endpoint (OSS, Regions and endpoints).
func (b Bucket) OSSAddress() string {
	if b.Address != "" {
		return b.Address
	}
	return "https://oss-" + b.Region + ".aliyuncs.com"
}

// OSSHost is the host the cloud reads from, without scheme.
func (b Bucket) OSSHost() string {
	if b.CloudHost != "" {
		return b.CloudHost
	}
	return "oss-" + b.Region + ".aliyuncs.com"
}

// Check refuses an instance that cannot work.
func (i Instance) Check() error {
	if strings.TrimSpace(i.Name) == "" {
		return fault.New(fault.Invalid, "The instance has no name.", "Give it the name your colleagues know it by.")
	}
	switch i.Kind {
	case ApsaraDB:
		return i.checkApsaraDB()
	case SelfManaged:
		return i.checkSelfManaged()
	}
	return fault.Newf(fault.Invalid, "%q is not a kind of instance.", i.Kind)
}

func (i Instance) checkApsaraDB() error {
	switch {
	case i.AccountID == "":
		return fault.New(fault.Invalid, "The instance has no account.", "Choose the cloud account it belongs to.")
	case !instanceShape.MatchString(i.InstanceID):
		return fault.Newf(fault.Invalid, "%q is not an instance id.", i.InstanceID).WithFix("Copy it from the console's list of instances; it looks like rm-bp1x….")
	case !regionShape.MatchString(i.Region):
		return fault.Newf(fault.Invalid, "%q is not a region id.", i.Region).WithFix("Write it as the cloud does, such as cn-hangzhou.")
	}
	if i.Host == "" && i.Login == "" {
		return nil
	}
	return i.checkConnection("Give a SQL login of the instance that may read its databases.")
}

// Readable reports whether it is known how to read the instance over SQL.
func (i Instance) Readable() bool { return i.Host != "" && i.Login != "" }

func (i Instance) checkSelfManaged() error {
	if err := i.checkConnection("Give a SQL Server login that may take backups."); err != nil {
		return err
	}
	switch {
	case i.ServerFolder == "":
		return fault.New(fault.Invalid, "The backup folder is empty.", "Give the folder as the server sees it, such as D:\\backup or /var/opt/mssql/backup.")
	case i.FolderID == "":
		return fault.New(fault.Invalid, "It is not said where this machine sees the backup folder.", "Add the folder under Storage and choose it.")
	}
	return nil
}

func (i Instance) checkConnection(login string) error {
	switch {
	case strings.TrimSpace(i.Host) == "" || strings.ContainsAny(i.Host, "/;\\ "):
		return fault.Newf(fault.Invalid, "%q is not a host.", i.Host).WithFix("Write the server's name or address alone; port and instance name have fields of their own.")
	case i.Port < 0 || i.Port > 65535:
		return fault.Newf(fault.Invalid, "%d is not a port.", i.Port).WithFix("The default is 1433.")
	case i.Login == "":
		return fault.New(fault.Invalid, "The login is empty.", login)
	case i.Encrypt != EncryptStrict && i.Encrypt != EncryptFull && i.Encrypt != EncryptNone:
		return fault.Newf(fault.Invalid, "%q is not a way to encrypt.", i.Encrypt).WithFix("Choose strict, full or none.")
	}
	return nil
}

// checkAddress takes host, host:port or an http(s) address without path. A
// plain http address is taken only where nothing on the way can listen: on
// this machine itself.
func checkAddress(s string) error {
	if s == "" {
		return nil
	}
	bad := fault.Newf(fault.Invalid, "%q is not an address.", s).WithFix("Write a host, host:port, or https://host:port without a path.")
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		if u, err = url.Parse("https://" + s); err != nil || u.Host == "" {
			return bad
		}
	}
	if (u.Path != "" && u.Path != "/") || u.User != nil || u.RawQuery != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return bad
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fault.Newf(fault.Invalid, "%q would send requests unencrypted over the network.", s).WithFix("Use https://; plain http is taken on loopback only.")
	}
	return nil
}
