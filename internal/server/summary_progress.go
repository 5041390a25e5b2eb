package server

import (
	"context"
	"fmt"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// SummaryProgress is the bar of a migration in a list: the bytes of a file on
// its way up, else how many files the target has applied.
func (s *Kit) SummaryProgress(ctx context.Context, m migration.Summary) *kit.Progress {
	if m.Stage.Ended() {
		return nil
	}
	if m.Stage == migration.StageUploading && m.Bytes > 0 {
		rate, done := 0.0, m.Uploaded
		if steps, err := s.Runs.Steps(ctx, m.RunID); err == nil {
			for _, st := range steps {
				if st.State == run.StepActive && st.Unit == "bytes" {
					rate, done = st.Rate, min(done+st.Done, m.Bytes)
				}
			}
		}
		return kit.Transfer("Upload of "+m.Database, done, m.Bytes, rate)
	}
	p := &kit.Progress{Label: "Files of " + m.Database + " applied", Value: int64(m.Applied), Max: int64(m.Files), Words: fmt.Sprintf("%d of %s applied", m.Applied, kit.Count(m.Files, "file", "files"))}
	return p
}
