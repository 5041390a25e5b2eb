package backupjob

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// operation is one claim on one operation, with its request W and its progress P.
type operation[W, P any] struct {
	*Kit
	run        run.Run
	claim      run.Claim
	id         string
	instanceID string
	request    W
	progress   P
}

// pick reads the operation of a run.
func pick[W, P any](ctx context.Context, k *Kit, r run.Run, g run.Claim) (*operation[W, P], error) {
	e, err := k.Store.Operation(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	j := &operation[W, P]{Kit: k, run: r, claim: g, id: e.ID, instanceID: e.InstanceID}
	if err := json.Unmarshal(e.Request, &j.request); err != nil {
		return nil, fmt.Errorf("read what was ordered: %w", err)
	}
	if err := json.Unmarshal(e.Progress, &j.progress); err != nil {
		return nil, fmt.Errorf("read how far it is: %w", err)
	}
	return j, nil
}

// note writes the progress with what else changed.
func (j *operation[W, P]) note(ctx context.Context, c Change) error {
	b, err := json.Marshal(j.progress)
	if err != nil {
		return fmt.Errorf("write how far it is: %w", err)
	}
	return j.Store.NoteOperation(ctx, j.claim, j.id, b, c)
}

func (j *operation[W, P]) audit(action, subject, summary string) []audit.Entry {
	return []audit.Entry{audit.New(audit.Engine, j.Now(), action, subject, summary)}
}

// send writes an operation and its run, queued, and returns the run's id.
func send(ctx context.Context, s Store, kind, instanceID string, request any, title words.Text, newID func() string, e audit.Entry) (runID string, err error) {
	b, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("write what is ordered: %w", err)
	}
	operation := Operation{ID: newID(), Kind: kind, InstanceID: instanceID, Request: b, Progress: []byte("{}")}
	r := run.Run{ID: newID(), Kind: kind, Subject: operation.ID, Place: instanceID, Title: title, Created: e.At}
	return r.ID, s.Send(ctx, operation, r, e)
}
