package backuprun

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/run"
)

// errand is one claim on one errand, with its wish W and its progress P.
type errand[W, P any] struct {
	*Kit
	run        run.Run
	grip       run.Grip
	id         string
	instanceID string
	wish       W
	progress   P
}

// pick reads the errand of a run.
func pick[W, P any](ctx context.Context, k *Kit, r run.Run, g run.Grip) (*errand[W, P], error) {
	e, err := k.Store.Errand(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	j := &errand[W, P]{Kit: k, run: r, grip: g, id: e.ID, instanceID: e.InstanceID}
	if err := json.Unmarshal(e.Wish, &j.wish); err != nil {
		return nil, fmt.Errorf("read what was ordered: %w", err)
	}
	if err := json.Unmarshal(e.Progress, &j.progress); err != nil {
		return nil, fmt.Errorf("read how far it is: %w", err)
	}
	return j, nil
}

// note writes the progress with what else changed.
func (j *errand[W, P]) note(ctx context.Context, c Change) error {
	b, err := json.Marshal(j.progress)
	if err != nil {
		return fmt.Errorf("write how far it is: %w", err)
	}
	return j.Store.NoteErrand(ctx, j.grip, j.id, b, c)
}

func (j *errand[W, P]) audit(action, subject, summary string) []audit.Entry {
	return []audit.Entry{audit.New(audit.Engine, j.Now(), action, subject, summary)}
}

// send writes an errand and its run, queued, and returns the run's id.
func send(ctx context.Context, s Store, kind, instanceID string, wish any, title string, newID func() string, e audit.Entry) (runID string, err error) {
	b, err := json.Marshal(wish)
	if err != nil {
		return "", fmt.Errorf("write what is ordered: %w", err)
	}
	errand := Errand{ID: newID(), Kind: kind, InstanceID: instanceID, Wish: b, Progress: []byte("{}")}
	r := run.Run{ID: newID(), Kind: kind, Subject: errand.ID, Title: title, Created: e.At}
	return r.ID, s.Send(ctx, errand, r, e)
}
