package migrations

import (
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// migrationNeeds says what a person has to decide, with the next actions.
func migrationNeeds(z kit.Zone, m migration.Migration, b migration.Budget, r run.Run, now time.Time, here string) []kit.Help {
	if m.LiveSource != nil {
		if needs := liveNeeds(z, m, b, r, now, here); needs != nil {
			return needs
		}
	}
	last, held := m.Held()
	retry := kit.Action{Label: "Retry from here", Href: here + "/retry", Post: true}
	switch {
	case m.CheckResult == migration.CheckFailed:
		e := m.Explain("check-after")
		return []kit.Help{{Tone: kit.ToneWarn, Title: "The database is open, and DBCC CHECKDB found errors in it", Said: m.CheckText, Cause: e.Cause, Fix: e.Fix}}
	case m.Stage == migration.StageOpened:
		h := kit.Help{Tone: kit.ToneOK, Title: "The database is open", Said: m.CheckText,
			Fix: "Logins of the source do not come over: make accounts on the instance and grant them rights on " + m.Database + ". Then point the application at it."}
		if m.CheckResult == migration.CheckUntold {
			h.Cause = "The " + targetWord(m) + " did not tell how DBCC CHECKDB ended. Run it yourself when there is time."
		}
		return []kit.Help{h}
	case m.Stage.Ended() || r.State.Ended():
		return nil
	case m.Problem != nil && r.State != run.Queued:
		return []kit.Help{problemHelp(m, here)}
	case r.State == run.Failed:
		return []kit.Help{{Title: "It stopped", Cause: r.Message.String(), Fix: r.Fix.String(), Actions: []kit.Action{retry}}}
	case r.State == run.Paused:
		return []kit.Help{{Tone: kit.ToneWarn, Title: "Paused", Cause: r.Message.String(), Fix: "Nothing is lost: it goes on where it stands.",
			Actions: []kit.Action{{Label: "Go on", Href: here + "/resume", Post: true}}}}
	case m.Stage == migration.StageFollowing && held && m.OpenAsked.IsZero():
		return []kit.Help{{Tone: kit.ToneRun, Title: "The last file is held back",
			Cause: "The database waits, restoring, at LSN " + m.AppliedTo().String() + ". " + last.Source + " opens it with change data capture kept, when you order that.",
			Fix:   "Add the next log or differential backup: this one is applied then, and the new one is held back. For the cutover: stop writes at the source, take a last log, add it here, then open.",
			Actions: []kit.Action{
				{Label: "Add the next increment", Href: here + "/files"}, {Label: "Open…", Href: here + "/open"}}}}
	case m.Stage == migration.StageFollowing && m.OpenAsked.IsZero() && !m.OpenWhenApplied && m.TerminateAsked.IsZero():
		return []kit.Help{{Tone: kit.ToneRun, Title: "Every known file is applied",
			Cause: "The database waits, restoring, at LSN " + m.AppliedTo().String() + ". Nobody can read or write it yet.",
			Fix:   "Add the next log or differential backup. For the cutover: stop writes at the source, take a last log, add it here, then open.",
			Actions: []kit.Action{
				{Label: "Add the next increment", Href: here + "/files"}, {Label: "Open…", Href: here + "/open"}}}}
	case r.State == run.Waiting && !r.Fix.IsZero():
		return []kit.Help{{Tone: kit.ToneWarn, Title: "Trying again by itself", Cause: r.Message.String(), Fix: r.Fix.String(), Actions: []kit.Action{{Label: "Try now", Href: here + "/resume", Post: true}}}}
	}
	return nil
}

// problemHelp words a problem beside the step that failed.
func problemHelp(m migration.Migration, here string) kit.Help {
	p := m.Problem
	h := kit.Help{Title: server.Capital(server.ProblemWords(p.Code)), Cause: p.Cause.String(), Fix: p.Fix.String()}
	if p.Said != p.Cause.String() {
		h.Said = p.Said
	}
	if f := fileOf(m, p.File); p.File != 0 && f.Ord == p.File {
		h.Title += ": " + f.Source
	}
	for i, b := range p.Actions {
		if b == migration.ButtonServer {
			h.Actions = append(h.Actions, kit.Action{Label: "Settings of the server", Href: "/settings/servers/" + m.LiveSource.ServerID})
			continue
		}
		h.Actions = append(h.Actions, buttonAction(b, p.Code, here, i == 0))
	}
	return h
}

func buttonAction(b migration.Button, code fault.Code, here string, first bool) kit.Action {
	switch b {
	case migration.ButtonRetry:
		return kit.Action{Label: "Retry from here", Href: here + "/retry", Post: true, Primary: first}
	case migration.ButtonAddFiles:
		label := "Add files"
		if code == "gap" {
			label = "Add the missing log"
		}
		return kit.Action{Label: label, Href: here + "/files", Primary: first}
	case migration.ButtonOpen:
		return kit.Action{Label: "Open…", Href: here + "/open"}
	case migration.ButtonTerminate:
		return kit.Action{Label: "Terminate…", Href: here + "/terminate", Danger: true}
	case migration.ButtonOneMore:
		return kit.Action{Label: "Take one more log", Href: here + "/one-more", Post: true, Primary: first}
	case migration.ButtonGapDifferential:
		label := "Take a differential…"
		if code == migration.CodeSimple {
			label = "Set FULL and take a differential…"
		}
		return kit.Action{Label: label, Href: here + "/bridge", Primary: first}
	case migration.ButtonAdopt:
		return kit.Action{Label: "This one is ours…", Href: here + "/adopt", Primary: first}
	case migration.ButtonAbort:
		return kit.Action{Label: "Abort…", Href: here + "/abort", Danger: true}
	}
	return kit.Action{Label: server.Capital(string(b)), Href: here}
}
