package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

const (
	youngHistory = 300
	oldHistory   = 1_000_000
	// mostOlder is how much longer the questions may take: the emulated server
	// has no indexes but the clustered one, and looks through the newest rows.
	mostOlder = 3 * time.Second
)

// msdb asks two servers what a migration and a backup ask of msdb: one has the
// history of a day, the other that of years. Answers are the same, and so is the
// time, as far as the emulated server tells.
func (b *bench) msdb(ctx context.Context) error {
	young, youngTook, err := b.askMsdb(ctx, youngHistory)
	if err != nil {
		return err
	}
	old, oldTook, err := b.askMsdb(ctx, oldHistory)
	if err != nil {
		return err
	}
	b.add(fmt.Sprintf("msdb of %d rows, asked as one of %d", oldHistory, youngHistory), fmt.Sprintf("the same answers; at most %s more", mostOlder),
		young == old && oldTook-youngTook <= mostOlder, "%s; %d ms beside %d ms", map[bool]string{true: "the same", false: "OTHER ANSWERS"}[young == old], oldTook.Milliseconds(), youngTook.Milliseconds())
	return nil
}

// askMsdb takes a full and a log of a database beside so many rows of others,
// and returns what the product then learns, without what must differ.
func (b *bench) askMsdb(ctx context.Context, rows int) (learned string, took time.Duration, err error) {
	folder := filepath.Join(b.tmp, "msdb-"+strconv.Itoa(rows))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", 0, err
	}
	run, err := sqlserveremu.Start(sqlserveremu.Config{BackupFolder: folder, History: rows,
		Databases: []sqlserveremu.DatabaseSpec{{Name: "shop", Unbacked: true, Tables: []sqlserveremu.TableSpec{{Name: "orders", Rows: 100}}}}}, "", "")
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	host, port, err := net.SplitHostPort(run.Address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return "", 0, err
	}
	server, err := sqlserver.Open(sqlserver.Config{Host: host, Port: n, Login: "sa", Password: "Emulated-1", CAPEM: string(run.CA), Folder: folder, Timeout: time.Minute})
	if err != nil {
		return "", 0, err
	}
	defer server.Close()
	began := time.Now()
	for _, kind := range []backup.Kind{backup.Full, backup.Log} {
		call := backup.BackupCall{Database: "shop", Kind: kind, Name: "ours " + string(kind), Files: []string{filepath.Join(folder, string(kind)+".bak")}}
		if err := server.Backup(ctx, call, nil); err != nil {
			return "", 0, err
		}
	}
	asked := time.Now()
	if _, err = server.Database(ctx, "shop"); err != nil {
		return "", 0, err
	}
	list, err := server.Databases(ctx)
	if err != nil {
		return "", 0, err
	}
	d := list[slices.IndexFunc(list, func(d backup.Database) bool { return d.Name == "shop" })]
	newest, err := server.Newest(ctx)
	if err != nil {
		return "", 0, err
	}
	recent, err := server.Recent(ctx, "shop", 2)
	if err != nil {
		return "", 0, err
	}
	named, err := server.Named(ctx, "shop", "ours log", began)
	if err != nil {
		return "", 0, err
	}
	since, err := server.History(ctx, "shop", newest-1, 500)
	if err != nil {
		return "", 0, err
	}
	took = time.Since(asked)
	learned = fmt.Sprintf("full %v, log %v, base %v, recent", !d.LastFull.IsZero(), !d.LastLog.IsZero(), !d.BaseGUID.IsZero())
	for _, r := range recent {
		learned += " " + r.Set.Name
	}
	return learned + fmt.Sprintf(", found %d, since %d", len(named), len(since)), took, nil
}
