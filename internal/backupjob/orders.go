package backupjob

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// Kinds are the kinds of runs about backups, as people call them.
var Kinds = map[string]string{RunBackup: "backup", RunPrune: "pruning", RunRestore: "restore", RunCopy: "copy", RunCloudBackup: "backup by the service", RunCloudRestore: "restore by the service"}

// Runs is what orders of runs need of the store.
type Runs interface {
	Run(ctx context.Context, id string) (run.Run, error)
	// Move changes a run's state with its audit entry, or refuses with Conflict.
	Move(ctx context.Context, id string, to run.State, e audit.Entry) error
}

// MoveRun retries (Queued) or cancels (Canceled) a run about backups. Migrations
// are ordered on their own pages, where more is decided.
func MoveRun(ctx context.Context, s Runs, id string, to run.State, by By) error {
	r, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	if Kinds[r.Kind] == "" {
		return fault.New(fault.Conflict, "This run is ordered on the page of what it belongs to.", "Open that page and decide there.")
	}
	switch {
	case to == run.Canceled:
		return s.Move(ctx, id, to, by.entry("run.cancel", "run/"+id, "Canceled the run "+r.Title.String()+"."))
	case to == run.Queued && (r.State == run.Failed || r.State == run.Paused):
		return s.Move(ctx, id, to, by.entry("run.retry", "run/"+id, "Retried the run "+r.Title.String()+"."))
	}
	return fault.New(fault.Conflict, "Only what has stopped can be retried.", "Look at what it is doing now.")
}

// Longest reason of a pin, in bytes.
const mostNote = 200

// Pins keeps sets from being pruned.
type Pins interface {
	Pin(ctx context.Context, id string, on bool, note string, e audit.Entry) error
}

// Pin keeps a backup set, and what its restore needs, from being pruned, or lets
// it go again. A pin needs a reason.
func Pin(ctx context.Context, s Pins, id string, on bool, note string, by By) error {
	note = strings.TrimSpace(note)
	switch {
	case !on:
		return s.Pin(ctx, id, false, "", by.entry("set.unpin", "set/"+id, "Unpinned the backup set."))
	case note == "":
		return fault.New(fault.Invalid, "A pin needs a reason.", "Write for whom or for what the set is kept.")
	case len(note) > mostNote:
		return fault.New(fault.Invalid, "The reason is longer than 200 bytes.", "Make it shorter.")
	}
	return s.Pin(ctx, id, true, note, by.entry("set.pin", "set/"+id, "Pinned the backup set: "+strings.TrimSuffix(note, ".")+"."))
}
