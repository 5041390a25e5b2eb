// Package emulators starts the emulators side by side, as the demo command and the
// tests of the whole house visit them: an OSS and an RDS API with an account, a
// bucket and two instances, an S3 with a bucket, and a SQL Server at work. All of it is on loopback.
package emulators

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
)

// All is what was planted.
type All struct {
	OSS     *ossemu.Running
	S3      *s3emu.Running
	AWSAPI  *rdsapi.Running // lists the instance of Amazon RDS
	RDS     *aliyunemu.Running
	SMC     *smcemu.Running // with OOS and ECS
	SQL     *sqlserveremu.Running
	Reading *sqlserveremu.Running // the instance's own databases, as SQL clients reach them
	AWS     *sqlserveremu.Running // an instance of Amazon RDS
	Tasks   *rds.Service          // what stands before its engine

	Backups string // the SQL Server's backup folder
}

// Names of what stands in the garden. The keys open nothing but emulators on
// this machine.
const (
	Region   = "cn-hangzhou"
	Owner    = "1000000000000001"
	KeyID    = "LTAIdemoBakplane0001"
	Secret   = "demo-secret-for-loopback-only"
	RoleID   = "LTAIdemoRdsImport001"
	RoleKey  = "demo-role-for-loopback-only"
	Bucket   = "backups-hangzhou"
	Instance = "rm-demo1hangzhou"
	Second   = "rm-demo2hangzhou"
	Server   = "SQLDEMO"
	Login    = "bakplane"
	Password = "Demo-login-for-loopback-only-1"
	Reader   = "bakplane_reader"

	S3Region = "eu-central-1"
	S3Owner  = "100000000001"
	S3KeyID  = "AKIADEMOBAKPLANE0001"
	S3Secret = "demo-secret-for-loopback-only"
	S3Bucket = "backups-frankfurt"
)

// S3Role is who the option of an emulated RDS instance acts as. Its rights are
// those that the documentation asks for.
var S3Role = s3emu.Account{KeyID: "ASIADEMORDSBACKUP001", Secret: "demo-role-for-loopback-only", Token: "demo-session", Owner: S3Owner, User: "rds-backup-restore",
	Allow: []string{"s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"}}

// Pace is how fast the emulated instance works.
type Pace struct {
	Step time.Duration // of a stage of a task
	Rate int64         // bytes per second when it fetches a file; 0 = unbounded
	Load float64       // changes per second in each database of the SQL Server; 0 = none
	Size int64         // bytes of a full backup there, at least; 0 = 1 MiB
	Past time.Duration // how long the service has backed up instances that hold something; 0 = it holds nothing yet

	Ahead time.Duration // of UTC: the clock that the SQL Server shows, in quarter hours
}

// Start starts the emulators; their state lives in a folder.
func Start(folder string, pace Pace) (_ *All, err error) {
	g := &All{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Close())
		}
	}()
	g.OSS, err = ossemu.Start(ossemu.Config{
		Dir: filepath.Join(folder, "oss"), Region: Region,
		Accounts: []ossemu.Account{
			{KeyID: KeyID, Secret: Secret, Owner: Owner},
			{KeyID: RoleID, Secret: RoleKey, Owner: Owner},
		},
		Buckets: []ossemu.Bucket{{Name: Bucket, Region: Region, StorageClass: "Standard", Owner: Owner}},
	}, "", "")
	if err != nil {
		return g, err
	}
	g.S3, err = s3emu.Start(s3emu.Config{
		Dir: filepath.Join(folder, "s3"), Region: S3Region,
		Accounts: []s3emu.Account{{KeyID: S3KeyID, Secret: S3Secret, Owner: S3Owner, User: "bakplane"}, S3Role},
		Buckets:  []s3emu.Bucket{{Name: S3Bucket}},
	}, "", "")
	if err != nil {
		return g, err
	}
	if err := g.startInstance(folder); err != nil {
		return g, err
	}
	g.RDS, err = aliyunemu.Start(aliyunemu.Config{
		Accounts: []aliyunemu.Account{{
			ID: Owner, Keys: []aliyunemu.Key{{ID: KeyID, Secret: Secret}},
			ImportRole: &aliyunemu.Credential{AccessKeyID: RoleID, Secret: RoleKey},
		}},
		Instances: instances(pace),
		Endpoints: map[string]string{"oss-" + Region + ".aliyuncs.com": g.OSS.URL},
		Step:      pace.Step, Rate: pace.Rate, File: filepath.Join(folder, "rds.json"), Contents: sqlserveremu.Apply, Payload: sqlserveremu.Payload, PastRate: 90 << 20,
		Opened: func(_, database string, contents json.RawMessage, readOnly bool) {
			_ = g.Reading.Hold(database, contents, readOnly) // what is not held cannot be read
		},
	}, "", "")
	if err != nil {
		return g, err
	}
	if in, ok := g.RDS.Instance(Instance); ok { // opened in a former life
		for name, d := range in.Databases {
			if d.Restored {
				if err := g.Reading.Hold(name, d.Contents, d.ReadOnly); err != nil {
					return g, err
				}
			}
		}
	}
	if err := g.startServers(folder, pace); err != nil {
		return g, err
	}
	if err := g.startAWS(folder, pace); err != nil {
		return g, err
	}
	return g, g.startServer(folder, pace)
}

// startInstance starts what answers SQL clients in the name of the instance. A
// login there may read the databases and no more.
func (g *All) startInstance(folder string) (err error) {
	data := filepath.Join(folder, "instance")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	g.Reading, err = sqlserveremu.Start(sqlserveremu.Config{Name: Instance, Version: "15.0.4430.1", Edition: "standard", BackupFolder: data,
		Logins: []sqlserveremu.Login{{Name: Reader, Password: Password, Roles: map[string][]string{"*": {"db_datareader"}}}}}, "", "")
	return err
}

// Databases are the databases of the SQL Server. Each has rows that a
// load changes.
var Databases = []string{"shop", "billing", "stock"}

// startServer starts the SQL Server. Its databases live in memory: a restarted
// garden has new ones of the same names.
func (g *All) startServer(folder string, pace Pace) (err error) {
	g.Backups = filepath.Join(folder, "sqlserver")
	if err := os.MkdirAll(g.Backups, 0o755); err != nil {
		return err
	}
	c := sqlserveremu.Config{Name: Server, Version: "15.0.4430.1", Edition: "standard", BackupFolder: g.Backups, UTCOffset: pace.Ahead,
		Logins: []sqlserveremu.Login{{Name: Login, Password: Password, Sysadmin: true}}}
	for _, name := range Databases {
		c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: name, Size: pace.Size, Tables: []sqlserveremu.TableSpec{{Name: "orders", Rows: 200}, {Name: "customers", Rows: 50}}})
	}
	loaded := slices.Clone(Databases)
	if pace.Past > 0 { // there are some that our own policies look after
		for _, name := range []string{"ledger", "web_crm", "web_test", "reports"} {
			d := sqlserveremu.DatabaseSpec{Name: name, Size: pace.Size / 4, Tables: []sqlserveremu.TableSpec{{Name: "entries", Rows: 120}}}
			if d.Unbacked = true; name == "reports" {
				d.Recovery = bakfile.RecoverySimple
			}
			c.Databases, loaded = append(c.Databases, d), append(loaded, name)
		}
	}
	if g.SQL, err = sqlserveremu.Start(c, "", ""); err != nil {
		return err
	}
	for _, name := range loaded {
		if pace.Load > 0 {
			if err := g.SQL.Load(name, pace.Load); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends what was planted; its state stays in the folder.
func (g *All) Close() error {
	var errs []error
	if g.SQL != nil {
		errs = append(errs, g.SQL.Close())
	}
	if g.Tasks != nil {
		g.Tasks.Close()
	}
	if g.AWS != nil {
		errs = append(errs, g.AWS.Close())
	}
	if g.Reading != nil {
		errs = append(errs, g.Reading.Close())
	}
	if g.SMC != nil {
		errs = append(errs, g.SMC.Close())
	}
	if g.RDS != nil {
		errs = append(errs, g.RDS.Close())
	}
	if g.AWSAPI != nil {
		errs = append(errs, g.AWSAPI.Close())
	}
	if g.S3 != nil {
		errs = append(errs, g.S3.Close())
	}
	if g.OSS != nil {
		errs = append(errs, g.OSS.Close())
	}
	return errors.Join(errs...)
}

// Addresses are what a visitor needs to know.
type Addresses struct {
	OSS        string `json:"oss"`
	OSSControl string `json:"oss_control"`
	RDS        string `json:"rds"`
	RDSControl string `json:"rds_control"`
	SMC        string `json:"smc"` // with OOS and ECS
	SMCControl string `json:"smc_control"`
	S3         string `json:"s3"`
	S3Control  string `json:"s3_control"`
	Region     string `json:"region"`
	KeyID      string `json:"access_key_id"`
	Secret     string `json:"access_key_secret"`
	Bucket     string `json:"bucket"`
	Instance   string `json:"instance"`
	Second     string `json:"second_instance"`
	Owner      string `json:"owner"`

	SQL         string `json:"sql"` // host:port
	SQLControl  string `json:"sql_control"`
	SQLLogin    string `json:"sql_login"`
	SQLPassword string `json:"sql_password"`
	SQLCA       string `json:"sql_ca"` // PEM
	SQLBackups  string `json:"sql_backups"`

	AWS         string `json:"aws"` // host:port of the instance of Amazon RDS
	AWSControl  string `json:"aws_control"`
	AWSAPI      string `json:"aws_api"` // of the RDS API
	AWSMaster   string `json:"aws_master"`
	AWSPassword string `json:"aws_password"`
	AWSCA       string `json:"aws_ca"` // PEM

	Reading        string `json:"reading"` // host:port of the instance's databases
	ReadingControl string `json:"reading_control"`
	ReadingLogin   string `json:"reading_login"`
	ReadingCA      string `json:"reading_ca"` // PEM
	ReadingSecret  string `json:"reading_password"`

	S3Region string `json:"s3_region"`
	S3KeyID  string `json:"s3_access_key_id"`
	S3Secret string `json:"s3_access_key_secret"`
	S3Bucket string `json:"s3_bucket"`
	S3Owner  string `json:"s3_owner"`
}

// Addresses tells how to visit.
func (g *All) Addresses() Addresses {
	return Addresses{OSS: g.OSS.URL, OSSControl: g.OSS.ControlURL, RDS: g.RDS.URL, RDSControl: g.RDS.ControlURL, SMC: g.SMC.URL, SMCControl: g.SMC.ControlURL, S3: g.S3.URL, S3Control: g.S3.ControlURL, S3Region: S3Region, S3KeyID: S3KeyID, S3Secret: S3Secret, S3Bucket: S3Bucket, S3Owner: S3Owner,
		Region: Region, KeyID: KeyID, Secret: Secret, Bucket: Bucket, Instance: Instance, Second: Second, Owner: Owner,
		SQL: g.SQL.Address, SQLControl: g.SQL.ControlURL, SQLLogin: Login, SQLPassword: Password, SQLCA: string(g.SQL.CA), SQLBackups: g.Backups,
		AWS: g.AWS.Address, AWSControl: g.AWS.ControlURL, AWSAPI: g.AWSAPI.URL, AWSMaster: Master, AWSPassword: Password, AWSCA: string(g.AWS.CA),
		Reading: g.Reading.Address, ReadingControl: g.Reading.ControlURL, ReadingLogin: Reader, ReadingSecret: Password, ReadingCA: string(g.Reading.CA)}
}
