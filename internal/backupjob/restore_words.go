package backupjob

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
)

// Statements words what a restore will send, one for each set and the last to
// open the database. Files stand as the target will see them.
func (w *Restoring) Statements(ctx context.Context, o Restore, steps []RestoreStep) (out []string, err error) {
	server, place, err := w.Restorers.Restorer(ctx, o.TargetID)
	if err != nil {
		return nil, err
	}
	words, own := server.(backup.Statements)
	for _, step := range steps {
		c := backup.ApplyCall{Database: o.Name, Kind: step.Kind, Set: step.SetID, Position: step.Position, StopAt: step.StopAt, Key: step.Key, Replace: step.Kind == backup.Full && o.Typed == o.Name}
		for _, k := range step.Keys {
			c.Files = append(c.Files, place.Path(k))
		}
		if own {
			out = append(out, words.ApplyStatement(c))
		} else {
			out = append(out, c.Statement())
		}
	}
	if own {
		return append(out, words.RecoverStatement(o.Name)), nil
	}
	return append(out, backup.RecoverStatement(o.Name)), nil
}
