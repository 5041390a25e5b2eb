package awsrds

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

const region = "eu-central-1"

// live is an emulated instance of RDS reached by the driver, a bucket, and a
// server at work whose backups go into it.
type live struct {
	*Target
	t       *testing.T
	service *rds.Service
	engine  *sqlserveremu.Running
	shelf   *rds.Shelf
	source  *sqlserveremu.Running
	folder  string
}

func emulated(t *testing.T, change func(*rds.Config)) *live {
	t.Helper()
	start := func(c sqlserveremu.Config) *sqlserveremu.Running {
		run, err := sqlserveremu.Start(c, "", "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := run.Close(); err != nil {
				t.Error(err)
			}
		})
		return run
	}
	folder := func() string {
		f, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	l := &live{t: t, folder: folder(), shelf: &rds.Shelf{Regions: map[string]string{"ours": region, "far": "us-east-1"}}}
	l.source = start(sqlserveremu.Config{Name: "SQL01", BackupFolder: l.folder, UTCOffset: 2 * time.Hour, Databases: []sqlserveremu.DatabaseSpec{{Name: "Shop", Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "Orders", Rows: 30}}}}})
	c := rds.Config{Region: region, Master: "admin", Store: l.shelf, Retention: 7, Dir: folder()}
	l.engine = start(sqlserveremu.Config{Name: "EC2AMAZ-TEST", BackupFolder: c.Dir, Databases: []sqlserveremu.DatabaseSpec{{Name: "rdsadmin"}},
		Logins: []sqlserveremu.Login{{Name: rds.Engine, Password: "Inside-1", Sysadmin: true}, {Name: "nobody", Password: "Nobody-1"},
			{Name: "admin", Password: "Master-1", Roles: map[string][]string{"*": {"db_owner"}, "msdb": {"db_datareader"}}, Server: []string{"dbcreator", "VIEW SERVER STATE"}}}})
	if change != nil {
		change(&c)
	}
	l.service = rds.Serve(l.engine.Server, c)
	t.Cleanup(l.service.Close)
	l.Target = l.as("admin", "Master-1")
	return l
}

// as reaches the instance with a login.
func (l *live) as(login, password string) *Target {
	l.t.Helper()
	host, port := "127.0.0.1", 0
	if _, err := fmt.Sscanf(l.engine.Address, "127.0.0.1:%d", &port); err != nil {
		l.t.Fatal(err)
	}
	var servers sqlserver.Servers
	server, err := servers.Open(endpoint.Instance{Host: host, Port: port, Login: login, Password: secret.NewText(password), Encrypt: endpoint.EncryptFull, Trust: true})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { server.Close() })
	return &Target{server: server, id: "test", region: region, checks: &checks{}}
}

// backed takes a backup at the source and puts its files into the bucket.
func (l *live) backed(key, kind string, stripes int) migration.RestoreCall {
	l.t.Helper()
	statement, with := "BACKUP DATABASE Shop TO ", " WITH FORMAT"
	if kind == "log" {
		statement = "BACKUP LOG Shop TO "
	}
	if kind == "differential" {
		with += ", DIFFERENTIAL"
	}
	var keys []string
	for i := range stripes {
		k := key
		if stripes > 1 {
			k = fmt.Sprintf("%s-%d", key, i+1)
		}
		keys = append(keys, k)
		if i > 0 {
			statement += ", "
		}
		statement += "DISK = '" + filepath.Join(l.folder, filepath.Base(k)) + "'"
	}
	if err := l.source.Execute(l.t.Context(), "sa", statement+with, nil); err != nil {
		l.t.Fatal(err)
	}
	for _, k := range keys {
		data, err := os.ReadFile(filepath.Join(l.folder, filepath.Base(k)))
		if err != nil {
			l.t.Fatal(err)
		}
		if err := l.shelf.Put(l.t.Context(), "ours", k, bytes.NewReader(data), int64(len(data)), ""); err != nil {
			l.t.Fatal(err)
		}
	}
	return migration.RestoreCall{Database: "Shop", Bucket: "ours", Key: keys[0], More: keys[1:], Kind: kind, Mode: migration.Pending}
}

func (l *live) add(id int) {
	l.t.Helper()
	if err := l.source.Execute(l.t.Context(), "sa", fmt.Sprintf("INSERT INTO Shop.dbo.Orders (id, name) VALUES (%d, N'later')", id), nil); err != nil {
		l.t.Fatal(err)
	}
}

// until waits for the task to have a status.
func (l *live) until(id string, want migration.TaskStatus) migration.Task {
	l.t.Helper()
	var task migration.Task
	var err error
	for range 3000 {
		if task, err = l.Task(l.t.Context(), id); err == nil && task.Status == want {
			return task
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.t.Fatalf("task %s: %+v, %v; want %s", id, task, err, want)
	return task
}
