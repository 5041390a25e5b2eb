package migrations

import (
	"fmt"
	"path"
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// phaser makes a DBA's few phases of the many steps of a run: hundreds of
// files make one line for uploads and one for imports.
type phaser struct {
	zone  kit.Zone
	m     migration.Migration
	steps []run.Step
	byKey map[string]run.Step
}

// phases are the steps of a migration as a DBA counts them.
func phases(z kit.Zone, m migration.Migration, steps []run.Step) []kit.Step {
	p := phaser{z, m, steps, map[string]run.Step{}}
	for _, s := range steps {
		p.byKey[s.Key] = s
	}
	out := []kit.Step{p.preflight()}
	if m.LiveSource != nil {
		return append(out, p.live()...)
	}
	out = append(out, p.upload(), p.restore())
	if m.Mode == migration.Pending {
		in, of := p.increments()
		out = append(out, many(z, "Import increments", "import/", in, of, steps, out[2].State == "done"))
	}
	return append(out, p.ending()...)
}

func (p phaser) preflight() kit.Step {
	out := p.single(migration.StepPreflight, "Preflight")
	if n := len(p.m.Findings); n > 0 {
		out.Title = fmt.Sprintf("Preflight, %d checks", n)
	}
	return out
}

func (p phaser) upload() kit.Step {
	var live, up int
	for _, f := range p.m.Chain() {
		live++
		if f.State != migration.FilePlanned && f.State != migration.FileUploading {
			up++
		}
	}
	return many(p.zone, "Upload", "upload/", up, live, p.steps, !p.m.Checked.IsZero())
}

func (p phaser) restore() kit.Step {
	out := p.single(migration.StepRestore, "Restore the full backup")
	if p.m.TaskID != "" && out.Note == "" {
		out.Note = "task " + p.m.TaskID
	}
	return out
}

func (p phaser) increments() (in, of int) {
	for _, f := range p.m.Chain() {
		if f.Kind != "full" && !p.m.Further(f) {
			of++
			if f.State == migration.FileApplied {
				in++
			}
		}
	}
	return in, of
}

func (p phaser) ending() []kit.Step {
	out := []kit.Step{p.single(migration.StepOpen, "Open")}
	if migration.Unfreezes(p.m) {
		out = append(out, p.single(migration.StepWritable, "Set the target READ_WRITE"))
	}
	out = append(out, p.single(migration.StepCheck, "DBCC CHECKDB"))
	if _, ok := p.byKey[migration.StepEnd]; ok {
		out = append(out, p.single(migration.StepEnd, "Terminate"))
	}
	return out
}

// live are the phases of a migration that follows a source at work.
func (p phaser) live() []kit.Step {
	out := []kit.Step{p.fullBackup(), p.upload(), p.restore(), p.follow(), p.cutover()}
	if !p.m.LiveSource.AbortAsked.IsZero() {
		out = append(out, p.single("give-back", "Give the source back"))
	}
	if p.m.LiveSource.Freeze == migration.FreezeStopped {
		out = append(out, p.single(migration.StepProof, "Show that nothing was written"))
	}
	return append(out, p.ending()...)
}

func (p phaser) fullBackup() kit.Step {
	const title = "Full backup at the source"
	for _, t := range p.m.LiveSource.SourceBackups {
		if t.Kind != "full" {
			continue
		}
		out := p.take(t, title)
		if out.State == "done" || out.State == "now" {
			return out
		}
	}
	for _, t := range p.m.LiveSource.SourceBackups {
		if t.Kind == "full" {
			return p.take(t, title)
		}
	}
	return kit.Step{State: "todo", Title: title}
}

// take words one backup ordered from the source; its step counts percent.
func (p phaser) take(t migration.SourceBackup, title string) kit.Step {
	s := p.byKey["source-backup/"+t.ID]
	out := kit.Step{State: server.StepState(s.State), Title: title, Note: server.OneLine(s.Message.String(), 200), At: server.Took(t.Intended, t.Settled), AtExact: p.zone.At(t.Intended).Exact}
	switch {
	case t.Verdict == migration.Unknown:
		out.State, out.At = "now", "since "+p.zone.Clock(t.Intended).UTC
		out.Progress = &kit.Progress{Label: title, Value: s.Done, Max: 100, Words: fmt.Sprintf("%d %%", s.Done)}
	case t.Verdict == migration.Refused:
		out.State, out.Note = "failed", server.OneLine(t.Error, 200)
	case t.Verdict == migration.Void:
		out.State = "skipped"
	case out.Note == "":
		out.State, out.Note = "done", path.Base(t.Key)
	}
	return out
}

// follow is the time from the full backup on until the freeze: a differential,
// then logs on an interval.
func (p phaser) follow() kit.Step {
	f := p.m.LiveSource
	in, of := p.increments()
	out := kit.Step{State: "todo", Title: "Follow logs", Note: "a log backup every " + kit.Span(f.Every)}
	begun := false
	for _, t := range p.m.LiveSource.SourceBackups {
		switch {
		case t.Kind == "full" || t.Tail:
		case t.Verdict == migration.Unknown:
			return p.take(t, "Follow logs: "+t.Kind+" backup")
		case t.Verdict == migration.Refused:
			out.State, begun = "failed", true
		default:
			out.State, begun = "waiting", true
		}
	}
	if begun {
		out.Note += fmt.Sprintf(" · %d of %s applied", in, kit.Count(of, "file", "files"))
	}
	if s, ok := active(p.steps, "import/"); ok && f.Frozen.IsZero() {
		out.State, out.At = "now", "since "+p.zone.Clock(s.Started).UTC
	}
	if !f.Frozen.IsZero() || !p.m.Opened.IsZero() {
		out.State = "done"
	}
	return out
}

// cutover is the time in which writes at the source are stopped.
func (p phaser) cutover() kit.Step {
	f := p.m.LiveSource
	out := kit.Step{State: "todo", Title: "Cut over", Note: "when you say so: freeze, tail, upload, apply"}
	if f.CutoverAsked.IsZero() {
		return out
	}
	out.State, out.Note = "waiting", "ordered; a last log goes first"
	for _, t := range f.SourceBackups {
		if t.Tail {
			out = p.take(t, "Cut over: "+freezeWords(f.Freeze))
		}
	}
	stop := migration.Measured(p.m)
	switch {
	case stop.Known:
		out.State, out.Title, out.At, out.Progress = "done", "Cut over", spanOf(stop.Total()), nil
	case !f.Frozen.IsZero() && p.m.Problem == nil && f.AbortAsked.IsZero():
		out.State, out.At = "now", "since "+p.zone.Clock(f.Frozen).UTC
	case !f.AbortAsked.IsZero():
		out.State, out.Note, out.Progress = "skipped", "aborted", nil
	}
	return out
}

func active(steps []run.Step, prefix string) (run.Step, bool) {
	for _, s := range steps {
		if s.State == run.StepActive && strings.HasPrefix(s.Key, prefix) {
			return s, true
		}
	}
	return run.Step{}, false
}

func freezeWords(f migration.Freeze) string {
	if f == migration.FreezeReadOnly {
		return "READ_ONLY, then the last log"
	}
	if f == migration.FreezeStopped {
		return "application stopped, then the last log"
	}
	return "tail of the log WITH NORECOVERY"
}

func (p phaser) single(key, title string) kit.Step {
	s, ok := p.byKey[key]
	if !ok {
		return kit.Step{State: "todo", Title: title}
	}
	out := kit.Step{State: server.StepState(s.State), Title: title, Note: server.OneLine(s.Message.String(), 200), At: server.Took(s.Started, s.Finished), AtExact: p.zone.At(s.Started).Exact}
	if s.State == run.StepActive {
		out.At = "since " + p.zone.Clock(s.Started).UTC
	}
	return out
}

// many is one line for the steps whose keys begin alike.
func many(z kit.Zone, title, prefix string, done, of int, steps []run.Step, begun bool) kit.Step {
	out := kit.Step{State: "todo", Title: title, Note: fmt.Sprintf("%d of %s", done, kit.Count(of, "file", "files"))}
	if of == 0 {
		out.Note = "none yet"
		return out
	}
	if done == of {
		out.State = "done"
	}
	var first, last run.Step
	for _, s := range steps {
		if !strings.HasPrefix(s.Key, prefix) {
			continue
		}
		if first.Key == "" {
			first = s
		}
		last = s
		switch {
		case s.State == run.StepFailed && done < of:
			out.State = "failed"
		case s.State == run.StepActive:
			out.State, out.Progress = "now", server.StepProgress(s)
			out.At = "since " + z.Clock(s.Started).UTC
			out.Note += " · " + strings.TrimPrefix(strings.TrimPrefix(s.Title.String(), "Upload "), "Import ")
		}
	}
	if out.State == "done" {
		out.At = server.Took(first.Started, last.Finished)
	}
	if out.State == "todo" && begun && done > 0 {
		out.State = "waiting"
	}
	return out
}
