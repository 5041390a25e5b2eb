package aliyunemu

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Config describes a small cloud.
type Config struct {
	Accounts  []Account
	Instances []Instance

	// Objects opens what OssObjectPositions names; nil means OSS over HTTP,
	// with Endpoints.
	Objects Objects
	// Endpoints gives the address, such as http://127.0.0.1:9000, behind an
	// OSS endpoint such as oss-cn-hangzhou.aliyuncs.com. An endpoint that is an
	// IP address with a port is used as it is; others do not resolve.
	Endpoints map[string]string

	// Step is how long a stage of a task lasts; zero means 300 ms.
	Step time.Duration
	// CheckStep is how long DBCC CHECKDB lasts; zero means Step.
	CheckStep time.Duration
	// Rate bounds the download, bytes per second; zero means unbounded.
	Rate int64
	// HidePending leaves UPDF tasks out of DescribeMigrateTasks. The reference
	// can be read so; it is not confirmed.
	HidePending bool
	// HideRestoring leaves databases being restored out of DescribeDatabases.
	// The reference does not say whether they show.
	HideRestoring bool

	// Contents applies the rows that an emulated source put into its backup to
	// those the database holds already (nil before the full backup), and
	// returns what it holds then. Nil, or an empty answer, leaves them alone.
	Contents func(previous json.RawMessage, file *bakfile.File, r io.ReaderAt) (json.RawMessage, error)

	// Opened is told of each database that comes online, with its contents and
	// whether its last file was taken of a read-only one, before its task says
	// so. It must not call back.
	Opened func(instance, database string, contents json.RawMessage, readOnly bool)

	// File keeps the state between processes; empty means memory only.
	File string
	// HTTP fetches objects; nil means a client of its own.
	HTTP *http.Client
}

// Account owns keys and instances.
type Account struct {
	ID   string
	Keys []Key
	// ImportRole is what RDS reads OSS with, the role AliyunRDSImportRole; nil
	// means it was never authorised.
	ImportRole *Credential
}

// Key is an access key of the account or of one of its RAM users.
type Key struct {
	ID, Secret string
	// SecurityToken makes it a temporary key.
	SecurityToken string
	// Denied lists actions, such as CreateMigrateTask, that its user has no
	// right to; "*" means all.
	Denied []string
	// Disabled keys are refused.
	Disabled bool
}

// Credential is an access key for OSS.
type Credential struct {
	AccessKeyID string `json:"access_key_id"`
	Secret      string `json:"secret"`
}
