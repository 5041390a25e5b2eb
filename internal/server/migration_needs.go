package server

import (
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// migrationNeeds says what a person has to decide, with the next actions.
func migrationNeeds(m migration.Migration, r run.Run, here string) []templates.Help {
	retry := templates.Action{Label: "Retry from here", Href: here + "/retry", Post: true}
	switch {
	case m.CheckResult == migration.CheckFailed:
		e := migration.Explain(m.CheckText)
		return []templates.Help{{Tone: templates.ToneWarn, Title: "The database is open, and DBCC CHECKDB found errors in it", Said: m.CheckText, Cause: e.Cause, Fix: e.Fix}}
	case m.Stage == migration.StageOpened:
		h := templates.Help{Tone: templates.ToneOK, Title: "The database is open", Said: m.CheckText,
			Fix: "Logins of the source do not come over: make accounts on the instance and grant them rights on " + m.Database + ". Then point the application at it."}
		if m.CheckResult == migration.CheckUntold {
			h.Cause = "The cloud did not tell how DBCC CHECKDB ended. Run it yourself when there is time."
		}
		return []templates.Help{h}
	case m.Stage.Ended() || r.State.Ended():
		return nil
	case m.Problem != nil && r.State != run.Queued:
		return []templates.Help{problemHelp(m, here)}
	case r.State == run.Failed:
		return []templates.Help{{Title: "It stopped", Cause: r.Message, Fix: r.Fix, Actions: []templates.Action{retry}}}
	case r.State == run.Paused:
		return []templates.Help{{Tone: templates.ToneWarn, Title: "Paused", Cause: r.Message, Fix: "Nothing is lost: it goes on where it stands.",
			Actions: []templates.Action{{Label: "Go on", Href: here + "/resume", Post: true}}}}
	case m.Stage == migration.StageFollowing && m.OpenAsked.IsZero() && !m.OpenWhenApplied && m.TerminateAsked.IsZero():
		return []templates.Help{{Tone: templates.ToneRun, Title: "Every known file is applied",
			Cause: "The database waits, restoring, at LSN " + m.AppliedTo().String() + ". Nobody can read or write it yet.",
			Fix:   "Add the next log or differential backup. For the cutover: stop writes at the source, take a last log, add it here, then open.",
			Actions: []templates.Action{
				{Label: "Add the next increment", Href: here + "/files"}, {Label: "Open…", Href: here + "/open"}}}}
	case r.State == run.Waiting && r.Fix != "":
		return []templates.Help{{Tone: templates.ToneWarn, Title: "Trying again by itself", Cause: r.Message, Fix: r.Fix, Actions: []templates.Action{{Label: "Try now", Href: here + "/resume", Post: true}}}}
	}
	return nil
}

// problemHelp words a problem beside the step that failed.
func problemHelp(m migration.Migration, here string) templates.Help {
	p := m.Problem
	h := templates.Help{Title: capital(problemWords(p.Code)), Cause: p.Cause, Fix: p.Fix}
	if p.Said != p.Cause {
		h.Said = p.Said
	}
	if f := fileOf(m, p.File); p.File != 0 && f.Ord == p.File {
		h.Title += ": " + f.Source
	}
	for i, b := range p.Actions {
		h.Actions = append(h.Actions, buttonAction(b, p.Code, here, i == 0))
	}
	return h
}

func buttonAction(b migration.Button, code, here string, first bool) templates.Action {
	switch b {
	case migration.ButtonRetry:
		return templates.Action{Label: "Retry from here", Href: here + "/retry", Post: true, Primary: first}
	case migration.ButtonAddFiles:
		label := "Add files"
		if code == "gap" {
			label = "Add the missing log"
		}
		return templates.Action{Label: label, Href: here + "/files", Primary: first}
	case migration.ButtonOpen:
		return templates.Action{Label: "Open…", Href: here + "/open"}
	case migration.ButtonTerminate:
		return templates.Action{Label: "Terminate…", Href: here + "/terminate", Danger: true}
	}
	return templates.Action{Label: capital(string(b)), Href: here}
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// phases are the steps of a migration as a DBA counts them: hundreds of files
// make one line for uploads and one for imports.
func phases(z templates.Zone, m migration.Migration, steps []run.Step) []templates.Step {
	byKey := map[string]run.Step{}
	for _, s := range steps {
		byKey[s.Key] = s
	}
	var live, up, increments, in int
	for _, f := range m.Live() {
		live++
		if f.State != migration.FilePlanned && f.State != migration.FileUploading {
			up++
		}
		if f.Kind != "full" {
			increments++
			if f.State == migration.FileApplied {
				in++
			}
		}
	}
	single := func(key, title string) templates.Step {
		s, ok := byKey[key]
		if !ok {
			return templates.Step{State: "todo", Title: title}
		}
		out := templates.Step{State: stepState(s.State), Title: title, Note: oneLine(s.Message, 200), At: took(s.Started, s.Finished), AtExact: z.At(s.Started).Exact}
		if s.State == run.StepActive {
			out.At = "since " + z.Clock(s.Started).UTC
		}
		return out
	}
	preflight := single(migration.StepPreflight, "Preflight")
	if n := len(m.Findings); n > 0 {
		preflight.Title = fmt.Sprintf("Preflight, %d checks", n)
	}
	out := []templates.Step{preflight,
		many(z, "Upload", "upload/", up, live, steps, !m.Checked.IsZero()),
		single(migration.StepRestore, "Restore the full backup")}
	if m.TaskID != "" && out[2].Note == "" {
		out[2].Note = "task " + m.TaskID
	}
	if m.Mode == migration.Pending {
		out = append(out, many(z, "Import increments", "import/", in, increments, steps, out[2].State == "done"))
	}
	out = append(out, single(migration.StepOpen, "Open"), single(migration.StepCheck, "DBCC CHECKDB"))
	if _, ok := byKey[migration.StepEnd]; ok {
		out = append(out, single(migration.StepEnd, "Terminate"))
	}
	return out
}

// many is one line for the steps whose keys begin alike.
func many(z templates.Zone, title, prefix string, done, of int, steps []run.Step, begun bool) templates.Step {
	out := templates.Step{State: "todo", Title: title, Note: fmt.Sprintf("%d of %s", done, templates.Count(of, "file", "files"))}
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
			out.State, out.Progress = "now", stepProgress(s)
			out.At = "since " + z.Clock(s.Started).UTC
			out.Note += " · " + strings.TrimPrefix(strings.TrimPrefix(s.Title, "Upload "), "Import ")
		}
	}
	if out.State == "done" {
		out.At = took(first.Started, last.Finished)
	}
	if out.State == "todo" && begun && done > 0 {
		out.State = "waiting"
	}
	return out
}
