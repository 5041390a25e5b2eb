package emulators

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
)

// Master is the master user of the emulated instance of Amazon RDS; its password
// is Password.
const Master = "admin"

// AWSHost names the instance's certificate, which has its machine's name.
const AWSHost = "EC2AMAZ-DEMO"

// AWSIdentifier is what the service calls the instance.
const AWSIdentifier = "frankfurt-demo"

// awsDatabases are those that the instance holds when it has a past.
var awsDatabases = []string{"loyalty", "pricing"}

// startAWS starts an instance of Amazon RDS that reads and writes the bucket in
// S3 with a role of its own.
func (g *All) startAWS(folder string, pace Pace) (err error) {
	data := filepath.Join(folder, "aws")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	c := sqlserveremu.Config{Name: AWSHost, Version: "15.0.4430.1", Edition: "standard", BackupFolder: data, Rate: pace.Rate, Databases: []sqlserveremu.DatabaseSpec{{Name: "rdsadmin", Unbacked: true}},
		Logins: []sqlserveremu.Login{{Name: rds.Engine, Password: Password, Sysadmin: true},
			{Name: Master, Password: Password, Roles: map[string][]string{"*": {"db_owner"}, "msdb": {"db_datareader"}}, Server: []string{"dbcreator", "VIEW SERVER STATE", "VIEW ANY DEFINITION"}}}}
	if pace.Past > 0 {
		for _, name := range awsDatabases {
			c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: name, Size: pace.Size, Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "entries", Rows: 150}}})
		}
	}
	if g.AWS, err = sqlserveremu.Start(c, "", ""); err != nil {
		return err
	}
	g.Tasks = rds.Serve(g.AWS.Server, rds.Config{Region: S3Region, Master: Master, Retention: 7, Dir: data, Wait: pace.Step, Pause: pace.Step, Logs: logsOf(pace),
		Store: rds.S3{Client: s3emu.Client{URL: g.S3.URL, Region: S3Region, Account: S3Role}}})
	return g.startAPI()
}

// startAPI starts what lists the instance, and one more that is being made ready.
func (g *All) startAPI() (err error) {
	host, port, err := net.SplitHostPort(g.AWS.Address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	const role = "arn:aws:iam::" + S3Owner + ":role/rds-backup-restore"
	now := time.Now().UTC()
	frankfurt := rdsapi.Instance{ID: AWSIdentifier, Resource: "db-FRANKFURTDEMO", Since: now.AddDate(0, 0, -5), Engine: "sqlserver-se", EngineVersion: "15.00.4430.1.v1", Class: "db.m6i.large", Status: "available", Master: Master, Host: host, Port: number,
		StorageGB: 200, MultiAZ: true, Key: "arn:aws:kms:" + S3Region + ":" + S3Owner + ":key/11111111-2222-3333-4444-555555555555", BackupDays: 7, BackupWindow: "01:30-02:00", Group: "sqlserver-backup", GroupStatus: "in-sync"}
	reports := rdsapi.Instance{ID: "frankfurt-reports", Engine: "sqlserver-web", EngineVersion: "16.00.4185.3.v1", Class: "db.t3.xlarge", Status: "available", Master: Master, Host: "frankfurt-reports.invalid", Port: 1433,
		StorageGB: 100, Group: "default:sqlserver-web-16-00", GroupStatus: "in-sync"}
	snapshots := []rdsapi.Snapshot{{ID: "before-the-move", Instance: AWSIdentifier, Kind: "manual", Status: "available", Created: now.AddDate(0, 0, -40), StorageGB: frankfurt.StorageGB, Key: frankfurt.Key}}
	for day := range 5 {
		at := now.AddDate(0, 0, day-5).Truncate(24 * time.Hour).Add(95 * time.Minute)
		snapshots = append(snapshots, rdsapi.Snapshot{ID: "rds:" + AWSIdentifier + at.Format("-2006-01-02-15-04"), Instance: AWSIdentifier, Kind: "automated", Status: "available", Created: at, StorageGB: frankfurt.StorageGB, Key: frankfurt.Key})
	}
	g.AWSAPI, err = rdsapi.Start(rdsapi.Config{Region: S3Region, Owner: S3Owner, Users: []rdsapi.User{{KeyID: S3KeyID, Secret: S3Secret, Name: "bakplane"}},
		Snapshots: snapshots, Instances: []rdsapi.Instance{frankfurt, reports}, Groups: []rdsapi.Group{{Name: "sqlserver-backup", Backup: true, Role: role}, {Name: "default:sqlserver-web-16-00"}}})
	return err
}

// logsOf is how often the service backs logs up: every five minutes, and in a
// garden that is hurried as often as it hurries.
func logsOf(pace Pace) time.Duration { return max(100*pace.Step, 5*time.Second) }
