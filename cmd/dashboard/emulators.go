package main

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
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

// emulators is what the demo and the tests visit, all on loopback: an OSS and an
// RDS API with an account, a bucket and an instance, and a SQL Server at work.
type emulators struct {
	oss *ossemu.Running
	rds *aliyunemu.Running
	sql *sqlserveremu.Running
	dbs *sqlserveremu.Running // the instance's own databases, as SQL clients reach them

	backups string // the SQL Server's backup folder
}

// Names of what stands in the emulators. The keys open nothing but emulators on
// this machine.
const (
	emulatedRegion   = "cn-hangzhou"
	emulatedOwner    = "1000000000000001"
	emulatedKeyID    = "LTAIdemoBakplane0001"
	emulatedSecret   = "demo-secret-for-loopback-only"
	emulatedRoleID   = "LTAIdemoRdsImport001"
	emulatedRoleKey  = "demo-role-for-loopback-only"
	emulatedBucket   = "backups-hangzhou"
	emulatedInstance = "rm-demo1hangzhou"
	emulatedSecond   = "rm-demo2hangzhou"
	emulatedServer   = "SQLDEMO"
	emulatedLogin    = "bakplane"
	emulatedPassword = "Demo-login-for-loopback-only-1"
	emulatedReader   = "bakplane_reader"
)

// emulatedPace is how fast the emulated instance works.
type emulatedPace struct {
	Step time.Duration // of a stage of a task
	Rate int64         // bytes per second when it fetches a file; 0 = unbounded
	Load float64       // changes per second in each database of the SQL Server; 0 = none
	Size int64         // bytes of a full backup there, at least; 0 = 1 MiB
	Past time.Duration // how long the service has backed up instances that hold something; 0 = it holds nothing yet
}

// plant starts both emulators; their state lives in a folder.
func start(folder string, pace emulatedPace) (_ *emulators, err error) {
	g := &emulators{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	g.oss, err = ossemu.Start(ossemu.Config{
		Dir: filepath.Join(folder, "oss"), Region: emulatedRegion,
		Accounts: []ossemu.Account{
			{KeyID: emulatedKeyID, Secret: emulatedSecret, Owner: emulatedOwner},
			{KeyID: emulatedRoleID, Secret: emulatedRoleKey, Owner: emulatedOwner},
		},
		Buckets: []ossemu.Bucket{{Name: emulatedBucket, Region: emulatedRegion, StorageClass: "Standard", Owner: emulatedOwner}},
	}, "", "")
	if err != nil {
		return g, err
	}
	if err := g.startInstance(folder); err != nil {
		return g, err
	}
	g.rds, err = aliyunemu.Start(aliyunemu.Config{
		Accounts: []aliyunemu.Account{{
			ID: emulatedOwner, Keys: []aliyunemu.Key{{ID: emulatedKeyID, Secret: emulatedSecret}},
			ImportRole: &aliyunemu.Credential{AccessKeyID: emulatedRoleID, Secret: emulatedRoleKey},
		}},
		Instances: emulatedInstances(pace),
		Endpoints: map[string]string{"oss-" + emulatedRegion + ".aliyuncs.com": g.oss.URL},
		Step:      pace.Step, Rate: pace.Rate, File: filepath.Join(folder, "rds.json"), Contents: sqlserveremu.Apply, Payload: sqlserveremu.Payload, PastRate: 90 << 20,
		Opened: func(_, database string, contents json.RawMessage, readOnly bool) {
			_ = g.dbs.Hold(database, contents, readOnly) // what is not held cannot be read
		},
	}, "", "")
	if err != nil {
		return g, err
	}
	if in, ok := g.rds.Instance(emulatedInstance); ok { // opened in a former life
		for name, d := range in.Databases {
			if d.Restored {
				if err := g.dbs.Hold(name, d.Contents, d.ReadOnly); err != nil {
					return g, err
				}
			}
		}
	}
	return g, g.startServer(folder, pace)
}

// startInstance starts what answers SQL clients in the name of the instance. A
// login there may read the databases and no more.
func (g *emulators) startInstance(folder string) (err error) {
	data := filepath.Join(folder, "instance")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	g.dbs, err = sqlserveremu.Start(sqlserveremu.Config{Name: emulatedInstance, Version: "15.0.4430.1", Edition: "standard", BackupFolder: data,
		Logins: []sqlserveremu.Login{{Name: emulatedReader, Password: emulatedPassword, Roles: map[string][]string{"*": {"db_datareader"}}}}}, "", "")
	return err
}

// emulatedDatabases are the databases of the SQL Server. Each has rows that a
// load changes.
var emulatedDatabases = []string{"shop", "billing", "stock"}

// startServer starts the SQL Server. Its databases live in memory: a restarted
// emulators has new ones of the same names.
func (g *emulators) startServer(folder string, pace emulatedPace) (err error) {
	g.backups = filepath.Join(folder, "sqlserver")
	if err := os.MkdirAll(g.backups, 0o755); err != nil {
		return err
	}
	c := sqlserveremu.Config{Name: emulatedServer, Version: "15.0.4430.1", Edition: "standard", BackupFolder: g.backups,
		Logins: []sqlserveremu.Login{{Name: emulatedLogin, Password: emulatedPassword, Sysadmin: true}}}
	for _, name := range emulatedDatabases {
		c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: name, Size: pace.Size, Tables: []sqlserveremu.TableSpec{{Name: "orders", Rows: 200}, {Name: "customers", Rows: 50}}})
	}
	loaded := slices.Clone(emulatedDatabases)
	if pace.Past > 0 { // there are some that our own policies look after
		for _, name := range []string{"ledger", "web_crm", "web_test", "reports"} {
			d := sqlserveremu.DatabaseSpec{Name: name, Size: pace.Size / 4, Tables: []sqlserveremu.TableSpec{{Name: "entries", Rows: 120}}}
			if d.Unbacked = true; name == "reports" {
				d.Recovery = bakfile.RecoverySimple
			}
			c.Databases, loaded = append(c.Databases, d), append(loaded, name)
		}
	}
	if g.sql, err = sqlserveremu.Start(c, "", ""); err != nil {
		return err
	}
	for _, name := range loaded {
		if pace.Load > 0 {
			if err := g.sql.Load(name, pace.Load); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *emulators) close() error {
	var errs []error
	if g.sql != nil {
		errs = append(errs, g.sql.Close())
	}
	if g.dbs != nil {
		errs = append(errs, g.dbs.Close())
	}
	if g.rds != nil {
		errs = append(errs, g.rds.Close())
	}
	if g.oss != nil {
		errs = append(errs, g.oss.Close())
	}
	return errors.Join(errs...)
}

// addresses is what a visitor needs to know.
type addresses struct {
	OSS        string `json:"oss"`
	OSSControl string `json:"oss_control"`
	RDS        string `json:"rds"`
	RDSControl string `json:"rds_control"`
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

	Reading        string `json:"reading"` // host:port of the instance's databases
	ReadingControl string `json:"reading_control"`
	ReadingLogin   string `json:"reading_login"`
	ReadingCA      string `json:"reading_ca"` // PEM
	ReadingSecret  string `json:"reading_password"`
}

func (g *emulators) addresses() addresses {
	return addresses{OSS: g.oss.URL, OSSControl: g.oss.ControlURL, RDS: g.rds.URL, RDSControl: g.rds.ControlURL,
		Region: emulatedRegion, KeyID: emulatedKeyID, Secret: emulatedSecret, Bucket: emulatedBucket, Instance: emulatedInstance, Second: emulatedSecond, Owner: emulatedOwner,
		SQL: g.sql.Address, SQLControl: g.sql.ControlURL, SQLLogin: emulatedLogin, SQLPassword: emulatedPassword, SQLCA: string(g.sql.CA), SQLBackups: g.backups,
		Reading: g.dbs.Address, ReadingControl: g.dbs.ControlURL, ReadingLogin: emulatedReader, ReadingSecret: emulatedPassword, ReadingCA: string(g.dbs.CA)}
}
