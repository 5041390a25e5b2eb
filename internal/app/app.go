// Package app puts the parts of the house together: it is the roof, the one
// place that knows everybody. The command serves an App, and the tests of the
// whole house start the same one.
package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/bakplane/bakplane/internal/aliyun/smc"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/migration/unpack"
	"github.com/bakplane/bakplane/internal/ownbackup"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/scheduler"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/server/site"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// App is the dashboard put together. Open makes its parts in order, Close
// ends them in reverse.
type App struct {
	DB        *sqlite.DB
	Notifier  *run.Notifier
	Ports     Ports
	Desk      *servermigration.Desk
	Kit       backupjob.CloudKit // what the work on backups and its pages share
	Pruner    *backupjob.Pruner
	Leftovers *backupjob.Leftovers
	Copier    *backupjob.Copier
	Restoring *backupjob.Restoring
	Collector *scan.Collector
	Engine    *run.Engine

	config   Config
	log      *slog.Logger
	listener net.Listener
	pairs    *certificates
	setUp    secret.Text
	copies   *ownBackups // nil = nobody takes any
	far      farNote     // of the loop that notes the newest audit entry, and of the end
	broken   atomic.Bool // the audit trail, as was said in the log
	http     *http.Server
	stop     context.CancelFunc
	working  sync.WaitGroup
}

// Open starts everything but answers nobody until Serve.
func Open(ctx context.Context, c Config, log *slog.Logger) (_ *App, err error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &App{config: c, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := os.MkdirAll(filepath.Join(c.Data, "unpacked"), 0o700); err != nil {
		return a, fmt.Errorf("make data folder: %w", err)
	}
	keys, err := sqlite.Keys(ctx, c.Data)
	if err != nil {
		return a, err
	}
	a.Notifier = run.NewNotifier()
	if a.DB, err = sqlite.Open(ctx, c.Data, keys, a.Notifier, Specs()); err != nil {
		return a, err
	}
	a.DB.Now = c.Now
	a.Ports = NewPorts(a.DB, c.Data)
	if c.Between != nil {
		a.Ports = c.Between(a.Ports)
	}
	a.equip()
	a.Desk = a.desk()
	if a.listener, a.pairs, err = listen(c, log); err != nil {
		return a, err
	}
	if a.setUp, err = a.setUpCode(ctx); err != nil {
		return a, err
	}
	handler, err := a.face()
	if err != nil {
		return a, err
	}
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.http = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: cmp.Or(c.ReadTimeout, 30*time.Second), IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return ctx }}
	return a, a.work(ctx)
}

// face is the web server of the house.
func (a *App) face() (http.Handler, error) {
	return site.New(server.Config{Secure: a.config.TLSCert != "", PublicURL: a.config.PublicURL, SetUpCode: a.setUp, Sessions: person.Lasting{Idle: a.config.SessionIdle, Most: a.config.SessionMost}, Zone: a.config.Zone, TrustProxy: a.config.TrustProxy, Version: Version(), Caps: migration.Caps{Backups: a.config.Backups, Uploads: a.config.Uploads}, Restores: a.config.Restores}, server.Deps{
		Endpoints: a.DB, Kinds: Specs(), Runs: a.DB, Migrations: a.DB.Migrations(), Remedies: a.DB.Migrations(), Ports: a.Ports, People: a.DB, Audit: a.DB, Sessions: a.DB.Sessions(),
		Survey:   &drafting.Survey{Ports: a.Ports, Unpacker: &unpack.Archives{Ports: a.Ports, ToID: UnpackedID}},
		Notifier: a.Notifier, Log: a.log, Now: a.config.Now, NewID: NewID,
		Clouds: a.Ports, Catalogue: a.DB.Catalogue(), Policies: a.DB.Policies(), Copier: a.Copier, Pruner: a.Pruner, Leftovers: a.Leftovers, Restoring: a.Restoring, Scans: a.DB.Scanning(), Tasks: a.DB.TaskLog(), Looks: a.DB.TaskLog(), Servers: a.Desk, LookServers: a.watcher().Look, ServerCall: smc.Wording, Troubles: a.troubles, Own: a.own,
		Collect: func(ctx context.Context, id string) error {
			return a.Collector.Scan(ctx, scan.InstanceSubject(id), nil)
		},
		Collected: func(ctx context.Context, id string) (time.Time, error) {
			l, err := a.Collector.Store.Visit(ctx, scan.InstanceSubject(id))
			return l.Good, err
		},
	})
}

// work starts the engine and the scheduler. The folder is locked, so every lease of another
// owner belongs to a life that is over: its runs go on at once.
func (a *App) work(ctx context.Context) error {
	owner := NewID()
	n, err := a.DB.ReleaseOthers(ctx, owner)
	if err != nil {
		return err
	}
	if n > 0 {
		a.log.Info("going on with runs of a former life", "runs", n)
	}
	a.Engine = &run.Engine{
		Store: a.DB, Owner: owner, Notifier: a.Notifier, Log: a.log, Parallel: a.config.Runs, Lease: 30 * time.Second, MaxTries: 100, Now: a.config.Now,
		Workers: map[string]run.Worker{migration.RunKind: &migration.Worker{
			Store: a.DB.Migrations(), Runs: a.DB, Ports: a.Ports, Now: a.config.Now, NewID: NewID,
			Preflight: preflight.Checker{Ports: a.Ports, Now: a.config.Now}, Compare: compare.Follows, Replicas: a.replicas,
			Rules:         migration.Rules{Poll: a.config.Poll, Settle: a.config.Settle, Restores: a.config.Restores, Reserve: migration.ImportsKept},
			SourceBackups: migration.SourceRules{Reserve: migration.ImportsKept, StripeBytes: migration.StripeBytes, Settle: min(a.config.Settle, 20*time.Second), Fresh: cmp.Or(a.config.Fresh, 15*time.Second)},
			Caps:          migration.Caps{Backups: a.config.Backups, Uploads: a.config.Uploads}, Limits: a.Kit.Limits,
			Upload: migration.UploadRules{Parallel: a.config.UploadParallel, PartSize: a.config.UploadPart, Limit: a.Kit.Upload.Limit},
		}, remedy.Kind: &remedy.Worker{Store: a.DB.Migrations(), Runs: a.DB, Ports: a.Ports, Now: a.config.Now}, compare.Kind: &compare.Worker{Store: a.DB.Migrations(), Runs: a.DB, Ports: a.Ports, Now: a.config.Now}},
	}
	maps.Copy(a.Engine.Workers, a.backupWorkers())
	a.working.Go(func() { a.every(ctx, time.Minute, "copy new sets of clouds", a.Copier.Due) })
	a.Engine.Workers[scan.RunKind] = &scan.Worker{Collector: a.Collector, Runs: a.DB}
	a.moveServers(ctx)
	if a.config.Scans > 0 {
		loop := &scan.Loop{Collector: a.Collector, Parallel: a.config.Scans, Every: 5 * time.Second, Limit: 5 * time.Minute, Log: a.log}
		a.working.Go(func() { loop.Run(ctx) })
	}
	if a.config.BackupTo != "" {
		passphrase, err := Passphrase(a.config.BackupPassphrase)
		if err == nil {
			err = ownbackup.CheckPassphrase(passphrase)
		}
		if err != nil {
			return err
		}
		a.copies = &ownBackups{app: a, passphrase: passphrase}
		a.working.Go(func() { a.every(ctx, time.Minute, "take a copy of the data folder", a.copies.due) })
	}
	a.working.Go(func() { a.every(ctx, time.Hour, "remove what was unpacked", a.sweepUnpacked) })
	a.working.Go(func() { a.every(ctx, 5*time.Second, "look whether the database can be written", a.probe) })
	a.working.Go(func() { a.every(ctx, time.Minute, "note the newest audit entry", a.noteHead) })
	a.working.Go(func() { a.every(ctx, 20*time.Minute, "let go of what is over", a.sweep) })
	a.working.Go(func() { a.every(ctx, time.Hour, "see which backups no rule wants any more", a.Leftovers.Turn) })
	a.working.Go(func() { a.every(ctx, promises, "see what policies promise", a.Promising().Turn) })
	a.working.Go(func() { scan.Watch(ctx, a.DB.Catalogue(), a.Notifier, a.config.Now) })
	a.working.Go(func() {
		if err := a.Engine.Run(ctx); err != nil {
			a.log.Error("engine", "err", err)
		}
	})
	began := time.Now()
	slots := &scheduler.Scheduler{Store: a.DB.Policies(), Notifier: a.Notifier, Log: a.log, Now: a.config.Now, Ran: func() time.Duration { return time.Since(began) }, NewID: NewID}
	a.working.Go(func() {
		if err := slots.Run(ctx); err != nil {
			a.log.Error("scheduler", "err", err)
		}
	})
	return nil
}

// URL is where people reach the dashboard.
func (a *App) URL() string {
	scheme := "http"
	if a.config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + a.listener.Addr().String()
}

// SetUpCode is what the first administrator has to know; empty once there is
// one.
func (a *App) SetUpCode() secret.Text { return a.setUp }

// setUpCode makes one while there is nobody. It is kept nowhere: the next start
// makes another.
func (a *App) setUpCode(ctx context.Context) (secret.Text, error) {
	people, err := a.DB.People(ctx)
	if err != nil || len(people) > 0 {
		return secret.Text{}, err
	}
	code := rand.Text()
	return secret.NewText(code[:4] + "-" + code[4:8] + "-" + code[8:12]), nil
}

// Reload reads the certificate anew, also when its files look unchanged.
func (a *App) Reload() error {
	if a.pairs == nil {
		return nil
	}
	return a.pairs.load()
}

// Serve answers until ctx ends.
func (a *App) Serve(ctx context.Context) error {
	ended := context.AfterFunc(ctx, func() {
		a.stop() // ends open streams, which would keep Shutdown waiting
		last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = a.http.Shutdown(last)
	})
	defer ended()
	err := a.http.Serve(a.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends the parts in reverse. Runs at work are left so that the next
// life goes on with them.
func (a *App) Close() error {
	var errs []error
	if a.stop != nil {
		a.stop()
	}
	if a.http != nil {
		errs = append(errs, a.http.Close())
	}
	if a.listener != nil {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	a.working.Wait()
	if a.DB != nil {
		if a.stop != nil {
			last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			a.far.wrote = time.Time{} // the last word is written at once
			if err := a.noteHead(last); err != nil {
				a.log.Error("note the newest audit entry", "err", err)
			}
		}
		errs = append(errs, a.DB.Close())
	}
	return errors.Join(errs...)
}

// NewID is a time-ordered id.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
