package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/db/sqlite/sweep"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// A house of 1,000 databases at 25 servers, logs every quarter of an hour, kept
// for a week.
const (
	yearServers, yearDatabases = 25, 40
	yearADay                   = 96
	yearMost                   = 2_000_000_000
	yearPast                   = 365
)

// year makes the database of that house as it is after a year: what its rules
// keep, filled to their limits, and a day more, of which it has to let go. What
// days before left and lost again is not written.
func (b *bench) year(ctx context.Context) (err error) {
	folder := filepath.Join(b.tmp, "year")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		return err
	}
	d, err := sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close(), os.RemoveAll(folder)) }()
	now := time.Now().UTC().Truncate(time.Second)
	g := generator{size: size{servers: yearServers, databases: yearDatabases, sets: 7 * yearADay}, now: now, random: rand.New(rand.NewPCG(20, 26))}
	if err := d.Catalogue().Load(ctx, g.all()); err != nil {
		return err
	}
	const day = yearServers * yearDatabases * yearADay
	perDay := yearServers * yearADay
	runs := func(yield func(sqlite.LoadedRun) bool) {
		for i := range min(yearPast*perDay, sweep.Limits.Runs+perDay, (sweep.Limits.Orders+day)/yearDatabases) { // each limit, and a day more
			at := now.Add(-time.Duration(i) * 24 * time.Hour / time.Duration(perDay))
			server := serverID(i % yearServers)
			r := run.Run{ID: idOf(at, byte(i)), Kind: policy.RunKind, Subject: idOf(at, byte(i)+1), Title: words.Say("%s backups at %s", backup.Log, server), State: run.Succeeded, Created: at, Started: at, Finished: at.Add(time.Minute)}
			l := sqlite.LoadedRun{Run: r, Job: policy.BackupJob{ID: r.Subject, RunID: r.ID, ServerID: server, Kind: backup.Log}}
			for k := range yearDatabases {
				name := databaseName(k)
				l.Steps = append(l.Steps, run.Step{Key: "backup/" + name, Title: words.Say("Back up %s", name), State: run.StepDone, Started: at, Finished: at.Add(time.Second), Done: 1 << 26, Total: 1 << 26, Unit: "bytes"})
				l.Events = append(l.Events, run.Event{At: at, Step: "backup/" + name, Level: run.Info, Text: words.Say("%s was backed up: %s.", name, words.Bytes(1<<26))})
			}
			if !yield(l) {
				return
			}
		}
	}
	if err := d.LoadRuns(ctx, runs); err != nil {
		return err
	}
	entries := func(yield func(audit.Entry) bool) {
		for i := range sweep.Limits.Audit + day {
			at := now.Add(-time.Duration(sweep.Limits.Audit+day-i) * 24 * time.Hour / day)
			if !yield(audit.New(audit.Engine, at, "backup.prune", fmt.Sprintf("set/%016x", i), fmt.Sprintf("Removed backups/server-0001/orders_01/log/orders_01_20260101_%06d.trn from the bucket. It is older than 7 days.", i%1000000))) {
				return
			}
		}
	}
	if err := d.LoadAudit(ctx, entries); err != nil {
		return err
	}
	if err := yearRows(ctx, filepath.Join(folder, "bakplane.db"), day, now); err != nil {
		return err
	}
	if _, _, err := d.NoteHead(ctx); err != nil {
		return err
	}
	largest, err := sizeOf(folder)
	if err != nil {
		return err
	}
	began := time.Now()
	keep := sweep.Limits
	keep.RunDays, keep.RemovedDays, keep.AuditDays = 90, 90, 400
	s := d.Sweeper(keep)
	s.Pause = 0
	if _, err := s.Turn(ctx, now); err != nil {
		return err
	}
	for n := 1; n > 0 && err == nil; {
		n, err = d.CutAudit(ctx, time.Time{}, keep.Audit, now, func(all []audit.Entry) (string, error) { return audit.Export(filepath.Join(folder, "audit"), all) })
	}
	if err != nil {
		return err
	}
	took := time.Since(began)
	if _, err := s.Free(ctx); err != nil {
		return err
	}
	bytes, err := sizeOf(folder)
	if err != nil {
		return err
	}
	largest = max(largest, bytes)
	b.add("our own database after a year of 1,000 databases, logs every 15 minutes", "2 GB", largest <= yearMost, "%.2f GB, with the export of audit and free space given back; %.2f GB at its largest", float64(bytes)/1e9, float64(largest)/1e9)
	b.add("letting go of a day of it", "1 h", took <= time.Hour, "%.0f s", took.Seconds())
	return nil
}

// sizeOf is what the database of a data folder takes, its write-ahead log
// included, in bytes.
func sizeOf(folder string) (bytes int64, err error) {
	for _, name := range []string{"bakplane.db", "bakplane.db-wal"} {
		f, err := os.Stat(filepath.Join(folder, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		bytes += f.Size()
	}
	return bytes, nil
}

// yearRows writes what has no loader: decided slots, orders of the runs that still have them,
// and records of sets that are gone, of the last days and a day more.
func yearRows(ctx context.Context, file string, day int, now time.Time) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, q := range []string{
		`PRAGMA synchronous = OFF`,
		`INSERT INTO policy_slots (policy_id, local, kind, at, verdict)
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(sweep.Limits.Slots+yearServers*yearADay-1) + `)
			SELECT printf('policy-%04d', i % ` + fmt.Sprint(yearServers) + `), printf('%012d', i / ` + fmt.Sprint(yearServers) + `), 'log', ` + fmt.Sprint(now.UnixMicro()) + ` - i / ` + fmt.Sprint(yearServers) + ` * 900000000, 'fired' FROM n`,
		`INSERT INTO backup_plans (job_id, server_id, plan) SELECT id, server_id, printf('%.*c', 600, 'x') FROM backup_jobs ORDER BY id DESC LIMIT ` + fmt.Sprint((sweep.Limits.Orders+day)/yearDatabases),
		`INSERT INTO backup_orders (id, job_id, ord, database, kind, name, paths, keys, state, set_guid)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(yearDatabases) + `)
			SELECT p.job_id || printf('-%03d', n.i), p.job_id, n.i, 'orders', 'log', 'orders by plan 20260101 000000', '["/var/opt/mssql/backup/server-0001/orders/log/orders_20260101_000000.trn"]', '["backups/server-0001/orders/log/orders_20260101_000000.trn"]', 'done', lower(hex(randomblob(16))) FROM backup_plans p, n`,
		`INSERT INTO backup_sets (id, db, instance, name, class, key, policy_id, started, finished, valid, ahead, doc, apart, bytes, verified, pinned, pin_note, expires, gone, seen)
			SELECT id - (1 << 56), db, instance, name, class, randomblob(16), policy_id, started, finished, valid, ahead, doc, apart, bytes, verified, 0, '', expires, ` + fmt.Sprint(now.AddDate(0, 0, -1).UnixMicro()) + ` + rowid % 86400000000, seen FROM backup_sets LIMIT ` + fmt.Sprint(sweep.Limits.Removed+day),
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
