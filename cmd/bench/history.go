package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	historyRuns    = 100_000
	historyEntries = 200_000
)

// history fills a store with what was done before: backup runs, a few of which
// failed, and what people did.
func history(ctx context.Context, store *sqlite.DB, now time.Time) error {
	return errors.Join(store.LoadRuns(ctx, pastRuns(now)), store.LoadAudit(ctx, pastEntries(now)))
}

func pastRuns(now time.Time) iter.Seq[sqlite.LoadedRun] {
	return func(yield func(sqlite.LoadedRun) bool) {
		for i := range historyRuns {
			at := now.Add(-time.Duration(historyRuns-i) * 25 * time.Second)
			server, kind := serverID(i%wanted.servers), backup.Log
			if i%20 == 0 {
				kind = backup.Full
			}
			r := run.Run{ID: idOf(at, byte(i)), Kind: policy.RunKind, Subject: idOf(at, byte(i)+1), Title: words.Say("%s backups at %s", kind, server), State: run.Succeeded, Created: at, Started: at.Add(time.Second), Finished: at.Add(40 * time.Second)}
			l := sqlite.LoadedRun{Job: policy.BackupJob{ID: r.Subject, RunID: r.ID, ServerID: server, Kind: kind},
				Steps: []run.Step{{Key: "choose", Title: words.Say("Choose the databases"), State: run.StepDone, Started: r.Started, Finished: r.Started},
					{Key: "take", Title: words.Say("Take the backups"), State: run.StepDone, Started: r.Started, Finished: r.Finished, Done: int64(wanted.databases), Total: int64(wanted.databases)}},
				Events: []run.Event{{At: r.Started, Level: run.Info, Text: words.Say("The run began.")}, {At: r.Finished, Step: "take", Level: run.Info, Text: words.Say("%d databases were backed up.", wanted.databases)}}}
			if i%100 == 7 {
				r.State, r.Finished, r.Message, r.Fix = run.Failed, time.Time{}, words.Say("The server did not answer."), words.Say("Look whether it runs, then retry.")
				l.Steps[1].State, l.Events[1].Level, l.Events[1].Text = run.StepFailed, run.Problem, r.Message
			}
			if l.Run = r; !yield(l) {
				return
			}
		}
	}
}

func pastEntries(now time.Time) iter.Seq[audit.Entry] {
	return func(yield func(audit.Entry) bool) {
		for i := range historyEntries {
			at := now.Add(-time.Duration(historyEntries-i) * 12 * time.Second)
			server := serverID(i % wanted.servers)
			e := audit.New(audit.Actor{Name: "bench", Via: "web", Address: "127.0.0.1"}, at, "instance.change", "instance/"+server, "Changed the settings of "+server+".").
				With(map[string]any{"name": server, "port": 9}, map[string]any{"name": server, "port": 10})
			if !yield(e) {
				return
			}
		}
	}
}

// idOf is the id (UUIDv7) of something made at a moment.
func idOf(at time.Time, n byte) string {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[15] = n
	return id.String()
}
