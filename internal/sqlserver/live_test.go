package sqlserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/tsql"
)

// live is a SQL Server to test against: a real one when
// BAKPLANE_SQLSERVER_HOST is set (with _PORT, _LOGIN, _PASSWORD, _CA, the text
// or path of a certificate authority, and _FOLDER, a backup folder as the
// server sees it), else an emulated one.
type live struct {
	*Server
	t      *testing.T
	folder string
	run    *sqlserveremu.Running // nil with a real one
}

func connect(t *testing.T, change func(*sqlserveremu.Config)) live {
	t.Helper()
	if host := os.Getenv("BAKPLANE_SQLSERVER_HOST"); host != "" {
		port, _ := strconv.Atoi(os.Getenv("BAKPLANE_SQLSERVER_PORT"))
		c := Config{Host: host, Port: port, Login: os.Getenv("BAKPLANE_SQLSERVER_LOGIN"), Password: os.Getenv("BAKPLANE_SQLSERVER_PASSWORD"),
			CAFile: os.Getenv("BAKPLANE_SQLSERVER_CA"), Folder: os.Getenv("BAKPLANE_SQLSERVER_FOLDER")}
		return live{opened(t, c), t, c.Folder, nil}
	}
	return emulated(t, change)
}

// emulated is for what cannot be provoked on a real server.
func emulated(t *testing.T, change func(*sqlserveremu.Config)) live {
	t.Helper()
	c := sqlserveremu.Config{BackupFolder: t.TempDir()}
	if change != nil {
		change(&c)
	}
	run, err := sqlserveremu.Start(c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Close() })
	config := configOf(t, run)
	config.Folder = c.BackupFolder
	return live{opened(t, config), t, c.BackupFolder, run}
}

// do runs statements as an administrator would.
func (l live) do(format string, args ...any) {
	l.t.Helper()
	if err := l.Server.run(context.Background(), fmt.Sprintf(format, args...), nil); err != nil {
		l.t.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

// database makes a database in recovery model FULL with two tables and drops
// it afterwards.
func (l live) database(name string) string {
	l.t.Helper()
	name = fmt.Sprintf("bp %s ]' 🚚 %s", name, rand.Text()[:6])
	q, err := tsql.Name(name)
	if err != nil {
		l.t.Fatal(err)
	}
	l.do("CREATE DATABASE %s", q)
	l.t.Cleanup(func() { l.drop(name) })
	l.do("ALTER DATABASE %s SET RECOVERY FULL", q)
	l.do("CREATE TABLE %s.dbo.Orders (id int NOT NULL PRIMARY KEY, amount decimal(19,4), note nvarchar(200)); CREATE TABLE %s.dbo.[odd ]]'name] (id int NOT NULL PRIMARY KEY)", q, q)
	l.add(name, 1, 20)
	return name
}

// add inserts rows.
func (l live) add(database string, from, to int) {
	l.t.Helper()
	q, _ := tsql.Name(database)
	for i := from; i <= to; i++ {
		l.do("INSERT INTO %s.dbo.Orders (id, amount, note) VALUES (%d, %d.25, N'row %d')", q, i, i, i)
	}
}

func (l live) drop(name string) {
	q, _ := tsql.Name(name)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	_ = l.Server.run(ctx, "DROP DATABASE "+q, nil)
}

// file is a path for a new backup in the server's folder.
func (l live) file(ending string) (key, file string) {
	key = "bp-" + rand.Text()[:10] + ending
	return key, within(l.folder, key)
}

func configOf(t *testing.T, run *sqlserveremu.Running) Config {
	t.Helper()
	host, port, err := net.SplitHostPort(run.Address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Host: host, Port: n, Login: "sa", Password: "Emulated-1", CAPEM: string(run.CA), Timeout: 20 * time.Second}
}
