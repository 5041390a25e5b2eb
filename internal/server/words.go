package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// StateBadge words the state of a run.
func StateBadge(s run.State) kit.Badge {
	switch s {
	case run.Running:
		return kit.Badge{Text: "running", Tone: kit.ToneRun}
	case run.Queued:
		return kit.Badge{Text: "queued", Tone: kit.ToneRun}
	case run.Waiting:
		return kit.Badge{Text: "waiting", Tone: kit.ToneIdle}
	case run.Paused:
		return kit.Badge{Text: "paused", Tone: kit.ToneWarn}
	case run.Failed:
		return kit.Badge{Text: "stopped", Tone: kit.ToneBad}
	case run.Succeeded:
		return kit.Badge{Text: "done", Tone: kit.ToneOK}
	}
	return kit.Badge{Text: string(s)}
}

// StageBadge is the short answer to "where is it", with what stands in the way.
func StageBadge(stage migration.Stage, state run.State) kit.Badge {
	switch {
	case stage == migration.StageOpened:
		return kit.Badge{Text: "open", Tone: kit.ToneOK}
	case stage == migration.StageTerminated:
		return kit.Badge{Text: "terminated"}
	case state == run.Failed:
		return kit.Badge{Text: "needs you", Tone: kit.ToneBad}
	case state == run.Paused:
		return kit.Badge{Text: "paused", Tone: kit.ToneWarn}
	case state == run.Canceled:
		return kit.Badge{Text: "canceled"}
	}
	words := map[migration.Stage]string{
		migration.StagePreflight: "checking", migration.StageUploading: "uploading", migration.StageRestoring: "restoring",
		migration.StageImporting: "importing", migration.StageFollowing: "waiting for increments", migration.StageOpening: "opening",
		migration.StageChecking: "open, DBCC running", migration.StageBackup: "backing up", migration.StageCutover: "cutting over",
	}
	tone := kit.ToneRun
	if stage == migration.StageFollowing || stage == migration.StageCutover {
		tone = kit.ToneWarn
	}
	if words[stage] == "" {
		words[stage] = string(stage)
	}
	return kit.Badge{Text: words[stage], Tone: tone}
}

// SummaryBadge is the same for a row of a list.
func SummaryBadge(m migration.Summary) kit.Badge {
	return FollowBadge(StageBadge(m.Stage, m.RunState), m.ServerID != "", m.Stage, m.RunState)
}

// FollowBadge words the rest between two log backups: a migration that follows
// a source waits for nobody.
func FollowBadge(b kit.Badge, live bool, stage migration.Stage, state run.State) kit.Badge {
	if live && stage == migration.StageFollowing && !state.NeedsPerson() && !state.Ended() {
		return kit.Badge{Text: "following", Tone: kit.ToneRun}
	}
	return b
}

// ProblemWords names a problem in two or three words.
func ProblemWords(code fault.Code) string { return explain.Title(code) }

// KindTag colours a kind of backup; it takes the words of backup sets and of
// the cloud.
func KindTag(kind string) kit.Kind {
	switch strings.ToLower(kind) {
	case string(backup.Full), "database":
		return kit.KindFull
	case string(backup.Differential), "diff", "differential_database":
		return kit.KindDiff
	case string(backup.Log), "transaction_log":
		return kit.KindLog
	case "":
		return kit.Kind{Text: "—", Class: "none"}
	}
	return kit.Kind{Text: strings.ToUpper(kind), Class: "none"}
}

func levelTone(l run.Level) kit.Tone {
	switch l {
	case run.Warning:
		return kit.ToneWarn
	case run.Problem:
		return kit.ToneBad
	}
	return kit.ToneIdle
}

// StepState is the word that a list of steps draws a state by.
func StepState(s run.StepState) string {
	switch s {
	case run.StepActive:
		return "now"
	case run.StepDone, run.StepFailed, run.StepSkipped:
		return string(s)
	}
	return "todo"
}

// Took words how long something lasted; empty while it goes on.
func Took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return kit.Span(to.Sub(from))
}

// Events words what happened in a run, newest first.
func Events(z kit.Zone, es []run.Event) (out []kit.Event) {
	for _, e := range es {
		out = append(out, kit.Event{ID: e.ID, Text: e.Text.String(), Tone: levelTone(e.Level), When: z.Clock(e.At)})
	}
	return out
}

// StepProgress draws a step that is under way and counts something.
func StepProgress(s run.Step) *kit.Progress {
	if s.State != run.StepActive {
		return nil
	}
	if s.Unit == "bytes" {
		return kit.Transfer(s.Title.String(), s.Done, s.Total, s.Rate)
	}
	p := &kit.Progress{Label: s.Title.String(), Value: s.Done, Max: s.Total}
	if strings.HasPrefix(s.Key, "source-backup/") { // a server counts a backup in percent
		p.Words = fmt.Sprintf("%d %%", s.Done)
		return p
	}
	if s.Total > 0 {
		p.Words = fmt.Sprintf("%d of %d", s.Done, s.Total)
	}
	return p
}

// OneLine keeps a list row from growing with somebody else's text.
func OneLine(text string, n int) string {
	return Clip(strings.Join(strings.Fields(text), " "), n)
}
