package migrations

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// sourceBackupStatement words the statement of a backup as it is sent to the source.
func sourceBackupStatement(m migration.Migration, t migration.SourceBackup) string {
	verb, with := "BACKUP DATABASE ", []string{}
	switch {
	case t.Kind == "log":
		verb = "BACKUP LOG "
	case t.Kind == "differential":
		with = append(with, "DIFFERENTIAL")
	}
	if t.Tail && m.LiveSource.Freeze == migration.FreezeTail {
		with = append(with, "NORECOVERY")
	}
	with = append(with, "CHECKSUM", "FORMAT", "INIT", "NAME = "+tsql.ShownText(t.Name))
	if m.LiveSource.Compress {
		with = append(with, "COMPRESSION")
	}
	with = append(with, "STATS = 1")
	statement := verb + tsql.Shown(m.SourceDatabase) + " TO " + sourceBackupDevices(t) + " WITH " + strings.Join(with, ", ")
	if t.Tail && m.LiveSource.Freeze == migration.FreezeReadOnly {
		return "ALTER DATABASE " + tsql.Shown(m.SourceDatabase) + " SET READ_ONLY WITH ROLLBACK IMMEDIATE\n" + statement
	}
	return statement
}

// sourceBackupDevices are the files of a take: one, or the stripes that its key stands for.
func sourceBackupDevices(t migration.SourceBackup) string {
	var out []string
	folder := strings.TrimSuffix(t.Path, path.Base(t.Key))
	for _, key := range migration.StripeKeys(t.Key) {
		out = append(out, "DISK = "+tsql.ShownText(folder+path.Base(key)))
	}
	return strings.Join(out, ", ")
}

// nextSourceBackup is the take that would be ordered now, with the names it would get.
func nextSourceBackup(m migration.Migration, place migration.Place, kind string, tail bool, stripes int, at time.Time) migration.SourceBackup {
	t := migration.SourceBackup{Kind: kind, Tail: tail}
	t.Name, t.Key = migration.SourceBackupName(m, kind, at)
	t.Key = migration.StripedKey(t.Key, stripes)
	t.Path = place.Path(t.Key)
	return t
}

// liveOrder says what a migration from a server at work does, in order.
func liveOrder(m migration.Migration, server, instance, place string) []string {
	freeze := "the tail of the log is taken WITH NORECOVERY: from that instant on nobody can write to the source"
	if m.LiveSource.Freeze == migration.FreezeReadOnly {
		freeze = "the source is set READ_ONLY, which ends open transactions, and its last log is taken"
	}
	gate := "The tail is uploaded and applied. Only if the last LSN of the target equals that of the tail does it go on."
	if m.LiveSource.Freeze == migration.FreezeStopped {
		freeze = "with the application stopped by you, its last log is taken, unless a transaction is open that has written"
		gate = "That log is uploaded and applied. Only if the target's last LSN equals its end, and the server's counters show that nothing was written since, does it go on."
	}
	check := "The target is opened, and DBCC CHECKDB runs afterwards."
	if m.Check == migration.CheckSync {
		check = "DBCC CHECKDB runs, then the target is opened."
	}
	if migration.Unfreezes(m) {
		check = "The target comes up read-only, as the source is by then, and is set READ_WRITE. " + check
	}
	return []string{
		fmt.Sprintf("%s takes a full backup of %s into its backup folder. Differential backups that other jobs take afterwards build on it.", server, m.SourceDatabase),
		fmt.Sprintf("It is uploaded to %s, and %s restores it and keeps it restoring.", place, instance),
		"One differential backup covers what was written meanwhile.",
		fmt.Sprintf("A log backup every %s follows, shipped and applied unattended, for as long as you like.", kit.Span(m.LiveSource.Every)),
		"When you order the cutover: a last log shrinks what is left; then " + freeze + ".",
		gate,
		check,
		"Until the order to open is given, Abort makes the source writable again.",
	}
}

// liveCalls words the statements and calls of a migration before it begins.
// Names hold the time of the order and the id the migration gets.
func (s *Pages) liveCalls(ctx context.Context, p drafting.LivePlan, at migration.RestoreCall, dataBytes int64, now time.Time) []kit.Call {
	m := p.M
	m.ID = "(id)"
	place := migration.Place{Folder: p.Server.ServerFolder, BucketID: p.Server.FolderID}
	source, cloud := p.Server.Name, p.Instance.Label()
	var out []kit.Call
	add := func(when, kind string, tail bool, verb migration.Verb) {
		t := nextSourceBackup(m, place, kind, tail, migration.StripesFor(m, kind, dataBytes, migration.StripeBytes), now)
		in := migration.RestoreCall{Database: m.Database, Endpoint: at.Endpoint, Bucket: at.Bucket, Folder: at.Folder, Key: migration.StagedKey(m, place, t.Key), Mode: m.Mode, Check: m.Check, Kind: kind, Opens: tail && m.OpensByFile()}
		for _, key := range migration.StripeKeys(t.Key)[1:] {
			in.More = append(in.More, migration.StagedKey(m, place, key))
		}
		if verb == migration.VerbRestore {
			in.Moves = at.Moves
		}
		m.Files = append(m.Files, migration.File{Key: in.Key, Kind: kind})
		out = append(out, kit.Call{Title: when + ", at " + source, Request: sourceBackupStatement(m, t)}, kit.Call{Title: when + ", at " + cloud, Request: s.requestOf(ctx, m, verb, in)})
		m.LiveSource = withSourceBackup(m.LiveSource, t)
	}
	add("Full backup", "full", false, migration.VerbRestore)
	add("Differential", "differential", false, migration.VerbImport)
	add("Every "+kit.Span(m.LiveSource.Every), "log", false, migration.VerbImport)
	add("At the cutover", "log", true, migration.VerbImport)
	m.TaskID = "(id of the first task)"
	return append(out, kit.Call{Title: "Last, at " + cloud, Request: s.requestOf(ctx, m, migration.VerbOpen, migration.RestoreCall{})})
}

// withSourceBackup is the feed after one more take; the feed itself stays as it is.
func withSourceBackup(f *migration.LiveSource, t migration.SourceBackup) *migration.LiveSource {
	next := *f
	next.SourceBackups = append(append([]migration.SourceBackup(nil), f.SourceBackups...), t)
	return &next
}
