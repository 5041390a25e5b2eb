package main

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/run"
)

// TestABackupWithLogCopiesIsKilledAtEveryBoundary kills the dashboard while the
// service holds the call of a full backup, or of the copy of the logs behind it:
// before it queued a task, and with the task queued and the answer not yet sent.
// Both runs succeed, each by one task, and the logs in the bucket join.
func TestABackupWithLogCopiesIsKilledAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	every := os.Getenv("BAKPLANE_KILLS") != ""
	for _, procedure := range []string{"rds_backup_database", "rds_tlog_backup_copy_to_s3"} {
		for _, when := range []string{"before", "after"} {
			if when == "before" && !every {
				continue
			}
			t.Run(procedure+"_"+when, func(t *testing.T) {
				ctx := t.Context()
				c := startCloud(t)
				aws := control.Remote{URL: c.AWSControl}
				db := openAWS(t, c)
				does := func(statement string) {
					t.Helper()
					if _, err := db.ExecContext(ctx, statement); err != nil {
						t.Fatalf("%s: %v", statement, err)
					}
				}
				does("CREATE DATABASE crm")
				does("CREATE TABLE crm.dbo.t (id int NOT NULL, name nvarchar(50))")
				if _, err := aws.Add(ctx, control.Rule{Match: "(?i)^/EXECUTE/" + procedure, Hold: when}); err != nil {
					t.Fatal(err)
				}
				j := &journey{t: t, cloud: c, data: t.TempDir(), database: "crm"}
				var logs string
				for i, kind := range []backup.Kind{backup.Full, backup.Log} {
					id := j.orderAtAWS(kind)
					p := j.serve()
					if i == 0 == (procedure == "rds_backup_database") {
						if held, err := aws.Held(ctx, time.Minute); err != nil || len(held) == 0 {
							t.Fatalf("no %s came: %v", procedure, err)
						}
						p.kill()
						if err := aws.Release(ctx, ""); err != nil {
							t.Fatal(err)
						}
						p = j.serve()
					}
					j.succeeds(id)
					p.kill()
					logs = id
					if kind == backup.Full {
						does("INSERT INTO crm.dbo.t (id, name) VALUES (1, N'x')")
						serviceLogs(t, db, 2)
					}
				}
				j.copiedOnce(logs)
			})
		}
	}
}

// openAWS connects to the instance as an application does.
func openAWS(t testing.TB, c *cloudProcess) *sql.DB {
	t.Helper()
	at := url.URL{Scheme: "sqlserver", User: url.UserPassword(c.AWSMaster, c.AWSPassword), Host: c.AWS, RawQuery: "encrypt=true&TrustServerCertificate=true"}
	db, err := sql.Open("sqlserver", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// serviceLogs waits until the service has so many log backups of its own.
func serviceLogs(t testing.TB, db *sql.DB, want int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM msdb.dbo.rds_fn_list_tlog_backup_metadata('crm')")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if n >= want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d log backups of the service", n)
		}
	}
}

// orderAtAWS writes the order of a backup, with the first one the places and
// the target of log copies.
func (j *journey) orderAtAWS(kind backup.Kind) (runID string) {
	j.t.Helper()
	ctx := context.Background()
	j.open(func(d *sqlite.DB) {
		p := app.NewPorts(d, j.data)
		furnish := demo.Furnisher{App: &app.App{DB: d, Ports: p}, Cloud: j.cloud.Addresses}
		if kind == backup.Full {
			if err := furnish.Places(ctx, j.t.TempDir()); err != nil {
				j.t.Fatal(err)
			}
			server, place, err := p.Server(ctx, demo.RDS)
			if err != nil {
				j.t.Fatal(err)
			}
			if err := server.(logcopy.Server).SetTarget(ctx, place.Path(backupjob.LogFolder("Frankfurt"))); err != nil {
				j.t.Fatal(err)
			}
		}
		var err error
		order := backupjob.BackUp{ServerID: demo.RDS, Kind: kind, Databases: []string{"crm"}}
		if runID, err = backupjob.BackUpNow(ctx, d.BackupRuns(), p, order, app.NewID, backupjob.By(furnish.By())); err != nil {
			j.t.Fatal(err)
		}
	})
	return runID
}

// succeeds waits for a run beside a dashboard at work on the folder.
func (j *journey) succeeds(id string) {
	j.t.Helper()
	d, err := sqlite.Inspect(context.Background(), j.data, j.keys(), run.NewNotifier())
	if err != nil {
		j.t.Fatal(err)
	}
	defer d.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		r, err := d.Run(context.Background(), id)
		if err == nil && r.State == run.Succeeded {
			return
		}
		if err != nil || r.State.NeedsPerson() || time.Now().After(end) {
			j.t.Fatalf("%s: %s %s %v", r.Title, r.State, r.Message, err)
		}
	}
}

// copiedOnce: one task made the full backup and one copied each range of logs,
// none failed; the logs join one another; the audit chain is whole. While a run
// is at work the service goes on to take logs: each further range is a call that
// the run notes as it ends.
func (j *journey) copiedOnce(run string) {
	t, ctx := j.t, context.Background()
	t.Helper()
	j.open(func(d *sqlite.DB) {
		server, _, err := app.NewPorts(d, j.data).Server(ctx, demo.RDS)
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := server.(backup.TaskLister).ServiceTasks(ctx)
		if err != nil {
			t.Fatal(err)
		}
		fulls, copies := 0, 0
		for _, k := range tasks {
			if k.Database != "crm" {
				continue
			}
			if k.Failed || !k.Over {
				t.Errorf("task %+v", k)
			}
			if k.Type == "BACKUP_DB" {
				fulls++
			} else if strings.HasPrefix(k.Type, "TLOG") {
				copies++
			}
		}
		sets, err := d.Catalogue().Sets(ctx, demo.RDS, "crm", 1000)
		if err != nil {
			t.Fatal(err)
		}
		windows := backup.Windows(sets)
		if len(windows) != 1 || windows[0].Next != nil || len(windows[0].Logs) == 0 {
			t.Errorf("windows %+v", windows)
		}
		events, err := d.Events(ctx, run, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		ranges := 0
		for _, e := range events {
			if strings.Contains(e.Text.String(), " copied, up to LSN ") {
				ranges++
			}
		}
		if fulls != 1 || copies == 0 || copies != ranges {
			t.Errorf("%d tasks of the full backup, %d of the copies for %d ranges", fulls, copies, ranges)
		}
		if _, err := d.VerifyAudit(ctx); err != nil {
			t.Error(err)
		}
	})
}
