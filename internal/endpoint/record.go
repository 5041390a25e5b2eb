package endpoint

import "github.com/bakplane/bakplane/internal/secret"

// AccountRecord is an account as programs and the audit trail see it: its
// secret is taken and never given.
type AccountRecord struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Kind        string            `json:"kind"`
	AccessKeyID string            `json:"access_key_id"`
	Secret      string            `json:"secret,omitempty"`
	Region      string            `json:"region"`
	Address     string            `json:"address,omitempty"`
	OwnerID     string            `json:"owner_id,omitempty"`
	More        map[string]string `json:"more,omitempty"`
}

// Record leaves the secret out.
func (a Account) Record() AccountRecord {
	return AccountRecord{ID: a.ID, Name: a.Name, Kind: string(a.Kind), AccessKeyID: a.AccessKeyID, Region: a.Region, Address: a.Address, OwnerID: a.OwnerID, More: a.More}
}

// Account is the record with the given id.
func (r AccountRecord) Account(id string) Account {
	return Account{ID: id, Name: r.Name, Kind: AccountKind(r.Kind), AccessKeyID: r.AccessKeyID, Secret: secret.NewText(r.Secret), Region: r.Region, Address: r.Address, OwnerID: r.OwnerID, More: r.More}
}

// InstanceRecord is an instance as programs and the audit trail see it: its
// password is taken and never given. Fields that its kind does not use are
// absent.
type InstanceRecord struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`

	AccountID  string `json:"account_id,omitempty"`
	Region     string `json:"region,omitempty"`
	InstanceID string `json:"instance_id,omitempty"`

	Host            string            `json:"host,omitempty"`
	Port            int               `json:"port,omitempty"`
	InstanceName    string            `json:"instance_name,omitempty"`
	Login           string            `json:"login,omitempty"`
	Password        string            `json:"password,omitempty"`
	Encrypt         string            `json:"encrypt,omitempty"`
	CAPEM           string            `json:"ca_pem,omitempty"`
	CertificateHost string            `json:"certificate_host,omitempty"`
	Trust           bool              `json:"trust_any_certificate,omitempty"`
	ServerFolder    string            `json:"server_folder,omitempty"`
	FolderID        string            `json:"folder,omitempty"`
	More            map[string]string `json:"more,omitempty"`
}

// Record leaves the password out.
func (i Instance) Record() InstanceRecord {
	return InstanceRecord{ID: i.ID, Name: i.Name, Kind: string(i.Kind), AccountID: i.AccountID, Region: i.Region, InstanceID: i.InstanceID,
		Host: i.Host, Port: i.Port, InstanceName: i.InstanceName, Login: i.Login, Encrypt: string(i.Encrypt), CAPEM: i.CAPEM, CertificateHost: i.CertificateHost,
		Trust: i.Trust, ServerFolder: i.ServerFolder, FolderID: i.FolderID, More: i.More}
}

// Instance is the record with the given id.
func (r InstanceRecord) Instance(id string) Instance {
	return Instance{ID: id, Name: r.Name, Kind: InstanceKind(r.Kind), AccountID: r.AccountID, Region: r.Region, InstanceID: r.InstanceID,
		Host: r.Host, Port: r.Port, InstanceName: r.InstanceName, Login: r.Login, Password: secret.NewText(r.Password), Encrypt: Encrypt(r.Encrypt), CAPEM: r.CAPEM,
		CertificateHost: r.CertificateHost, Trust: r.Trust, ServerFolder: r.ServerFolder, FolderID: r.FolderID, More: r.More}
}

// BucketRecord is a bucket as programs and the audit trail see it.
type BucketRecord struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	AccountID string            `json:"account_id,omitempty"`
	Region    string            `json:"region,omitempty"`
	Address   string            `json:"address,omitempty"`
	CloudHost string            `json:"cloud_host,omitempty"`
	Bucket    string            `json:"bucket,omitempty"`
	Path      string            `json:"path,omitempty"`
	More      map[string]string `json:"more,omitempty"`
}

// Record is the bucket as data.
func (b Bucket) Record() BucketRecord {
	return BucketRecord{ID: b.ID, Name: b.Name, Kind: string(b.Kind), AccountID: b.AccountID, Region: b.Region, Address: b.Address, CloudHost: b.CloudHost, Bucket: b.Bucket, Path: b.Path, More: b.More}
}

// EndpointBucket is the record with the given id.
func (r BucketRecord) EndpointBucket(id string) Bucket {
	return Bucket{ID: id, Name: r.Name, Kind: BucketKind(r.Kind), AccountID: r.AccountID, Region: r.Region, Address: r.Address, CloudHost: r.CloudHost, Bucket: r.Bucket, Path: r.Path, More: r.More}
}
