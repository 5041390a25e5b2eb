package migration

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// StepProof is the key of the step that shows that nothing is written at a
// source whose application a person has stopped.
const StepProof = "proof"

func proofTitle() words.Text { return words.Say("Show that nothing is written at the source") }

// Codes of the problems of a source that is not as still as was said.
const (
	CodeNotStopped = "not-stopped" // before the last log
	CodeWritten    = "written"     // after it
)

func freezeEvent(f Freeze) words.Text {
	if f == FreezeStopped {
		return words.Say("Cutover: the application was said to be stopped; the last log is taken now.")
	}
	return words.Say("Cutover: writes at the source stop now.")
}

// readWriteActivity looks at the writes of a source before its last log is taken.
// Whoever has written in a transaction that is open keeps it from being taken:
// what such a transaction commits later would be lost.
func (j *job) readWriteActivity(ctx context.Context, m Migration, server backup.Server) (q backup.WriteActivity, ok bool, err error) {
	if q, err = server.WriteActivity(ctx, m.SourceDatabase); err != nil {
		return q, false, err
	}
	switch {
	case len(q.Uncounted) > 0:
		return q, false, j.notStill(ctx, m, CodeNotStopped, words.Say("Changes of the memory-optimised tables %s are counted by no view, so nothing can be shown.", strings.Join(q.Uncounted, ", ")),
			words.Say("Abort, and start again with the tail of the log or READ_ONLY as freeze."), ButtonAbort)
	case len(q.Writers) > 0:
		return q, false, j.notStill(ctx, m, CodeNotStopped, words.Say("The application is still at work: %s has an open transaction that has written (%d log records).", q.Writers[0], q.Writers[0].Records),
			words.Say("Stop it, or end its session, then retry. The source was left as it is."), ButtonRetry, ButtonAbort)
	}
	return q, true, nil
}

// prove looks again, after the target has applied the last log: only when
// nothing was written since may the target be opened.
func (j *job) prove(ctx context.Context, m Migration, server backup.Server) error {
	q, err := server.WriteActivity(ctx, m.SourceDatabase)
	if err != nil {
		return err
	}
	if still, seen := backup.Still(m.LiveSource.Before, q, m.LiveSource.Tail); !still {
		return j.notStill(ctx, m, CodeWritten, words.Say("Something was written at the source after its last log, or it cannot be shown that nothing was: %s The target is not opened.", seen),
			words.Say("Stop the application, then take one more log: the target applies it, and the proof is tried again."), ButtonOneMore, ButtonAbort)
	}
	now := j.Now()
	proof := ProofWords(m.LiveSource.Before, q, m.LiveSource.Tail)
	return j.note(ctx, Change{Proven: &now, Proof: proof.String(), Events: j.event(StepProof, run.Info, proof),
		Steps: []run.Step{{Key: StepProof, Title: proofTitle(), State: run.StepDone, Started: now, Finished: now, Message: proof}},
		Audit: j.audit(m, "migration.proof", proof.String())})
}

// ProofWords says what was looked at, and when.
func ProofWords(before, now backup.WriteActivity, tail backup.LSN) words.Text {
	end := words.Text{}
	if !now.EndLSN.IsZero() {
		end = words.Say(" (log ends at LSN %s)", now.EndLSN)
	}
	return words.Say("Between %s and %s UTC: no statement changed a row, no transaction that had written was open, row counts and objects stayed the same, "+
		"and the next log backup still begins at %s, where the last log ended; %s of log since, as the server writes by itself%s.",
		before.At.Format(words.Precise), now.At.Format(words.Precise), tail, words.Bytes(now.Logged), end)
}

func (j *job) notStill(ctx context.Context, m Migration, code fault.Code, cause, fix words.Text, buttons ...Button) error {
	now := j.Now()
	p := &Problem{Code: code, Step: StepProof, Cause: cause, Fix: fix, Actions: buttons}
	return j.note(ctx, Change{Problem: &p, Steps: []run.Step{{Key: StepProof, Title: proofTitle(), State: run.StepFailed, Started: now, Finished: now, Message: cause}},
		Events: j.event(StepProof, run.Problem, cause), Audit: j.audit(m, "migration.proof", cause.String())})
}
