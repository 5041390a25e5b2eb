package servermigration

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Facts are what is known when somebody wants to order something about a job.
type Facts struct {
	Now    time.Time
	Job    Job
	Server *Server // its source; nil = not told
	// Transition is whether its intermediate instance exists.
	Transition Presence
	AtWork     int // jobs of the account that are Running
	Cap        int // how many may be
}

// Presence is whether something of the cloud is there.
type Presence string

// Presences. The empty one is a look that was not made or failed.
const (
	NotKnown Presence = ""
	There    Presence = "there"
	Missing  Presence = "missing"
)

// Verdict is whether something may be ordered now.
type Verdict struct {
	OK     bool
	Later  bool       // not now, but by itself: it waits in the queue
	Unsure bool       // no documentation names this state: it is tried once
	Code   fault.Code // of a refusal
	Why    words.Text // of a refusal, of waiting, or what is unsure
	Fix    words.Text
}

func yes() Verdict { return Verdict{OK: true} }

func no(why words.Text, fix string) Verdict {
	return Verdict{Why: why, Fix: words.Text{Format: fix}}
}

func refuseWith(code fault.Code) Verdict {
	r := explain.Of(code)
	return Verdict{Code: code, Why: r.CauseText(), Fix: r.FixText()}
}

// states are those in which each order about a job is taken, as the API pages
// of the operations and the help page on incremental migration name them; of
// Delete, only Running is refused.
var states = map[What][]Status{
	Start: {Ready}, Resume: {Stopped}, Retry: {InError},
	Pause: {Running, Waiting}, Sync: {Waiting}, Complete: {Waiting}, Adjust: {Ready, Waiting},
	Delete: {Ready, Stopped, InError, Waiting, Finished, Expired},
}

// Allowed says whether an order about a job would be taken now, and if not why.
func Allowed(w What, f Facts) Verdict {
	j := f.Job
	if j.Status == Gone && w != Verify && w != Try {
		return refuseWith("smc-gone")
	}
	if in, known := states[w]; known && !slices.Contains(in, j.Status) {
		return no(words.Say("The job is %s. %s", j.StatusWords(), inStates(w)), fixIn(w, j))
	}
	switch w {
	case Pause:
		return pausable(j)
	case Start, Resume, Retry:
		return startable(w, f)
	case Sync:
		if v := agent(f); !v.OK {
			return v
		}
		if j.Once {
			return no(words.Say("The job runs once; there is nothing to synchronise."), "Make an incremental job.")
		}
		if v := room(f); !v.OK {
			return v
		}
		return Verdict{OK: true, Unsure: true, Why: words.Say("The console offers this while a job waits, the documentation of the API does not name the state. It is tried once; where it is refused, the next synchronisation begins by itself, or completing with a last one does the same.")}
	case Complete:
		if j.Once {
			return no(words.Say("The job runs once and completes by itself."), "")
		}
		return agent(f) // with and without a last synchronisation
	case Adjust:
		if j.Once {
			return no(words.Say("The job runs once; it has no interval."), "Make an incremental job.")
		}
	case Verify, Try:
		if _, made := j.Last(); !made && j.ImageID == "" {
			return no(words.Say("The job has made no image yet."), "Wait until its first run has ended.")
		}
		if j.Target != ToImage && j.Target != "" {
			return no(words.Say("The job makes no image of a server."), "Look at the target itself.")
		}
	}
	return yes()
}

func pausable(j Job) Verdict {
	switch {
	case j.Status == Waiting:
		return Verdict{OK: true, Unsure: true, Why: words.Say("The console pauses a job that waits, the documentation of the API does not name the state. It is tried once.")}
	case j.Phase != Syncing:
		return no(words.Say("The job is %s: only the copying of data can be paused.", j.PhaseWords()), "Wait for the next phase or until the job waits.")
	}
	return yes()
}

func startable(w What, f Facts) Verdict {
	if v := agent(f); !v.OK {
		return v
	}
	if w == Retry && f.Transition == Missing {
		return refuseWith("smc-transition-gone")
	}
	return room(f)
}

// agent refuses what needs the source server while it is away.
func agent(f Facts) Verdict {
	switch {
	case f.Server == nil, f.Server.Online():
		return yes()
	case f.Server.State == ServerDeleting:
		return no(words.Say("The source server is being removed from the service."), "Import it again.")
	}
	return refuseWith("smc-agent")
}

// room has an order wait while the account has as many jobs at work as it may.
func room(f Facts) Verdict {
	if f.Cap > 0 && f.AtWork >= f.Cap {
		return Verdict{Later: true, Why: words.Say("%s of this account are at work, of at most %s. It begins when one of them has ended its run.", words.Count(f.AtWork, "job", "jobs"), words.Number(f.Cap))}
	}
	return yes()
}

func inStates(w What) words.Text {
	switch w {
	case Start:
		return words.Say("A job is started while it is ready.")
	case Resume:
		return words.Say("Only a paused job goes on.")
	case Retry:
		return words.Say("Only a failed job is tried again.")
	case Pause:
		return words.Say("A job is paused while it copies data.")
	case Sync:
		return words.Say("A job is synchronised by hand while it waits.")
	case Complete:
		return words.Say("A job is completed while it waits between two synchronisations.")
	case Adjust:
		return words.Say("These settings change before the first run and while the job waits.")
	}
	return words.Say("A job at work cannot be deleted.")
}

func fixIn(w What, j Job) string {
	switch {
	case w == Delete && j.Status == Running && j.Phase == Syncing:
		return "Pause it first."
	case w == Delete && j.Status == Running:
		return "Wait until it copies data and pause it, or until it waits."
	case j.Status == Running && (w == Complete || w == Sync || w == Adjust):
		return "Wait until the synchronisation has ended."
	case j.Status == InError && w != Pause:
		return "See what went wrong, mend it and try again."
	case j.Status == Expired:
		return "Make a new job; this one is deleted by the service seven days after its end."
	case j.Status == Finished:
		return "Make a new job if more has to be copied."
	}
	return ""
}

// Offer is an order with its verdict.
type Offer struct {
	What What
	Verdict
}

// Offers are the orders about a job with their verdicts, in the order in which
// people need them. Of Start, Resume and Retry only the one that fits the state
// is there.
func Offers(f Facts) (out []Offer) {
	for _, w := range ofJobs {
		if (w == Start && f.Job.Status != Ready) || (w == Resume && f.Job.Status != Stopped) || (w == Retry && f.Job.Status != InError) {
			continue
		}
		out = append(out, Offer{w, Allowed(w, f)})
	}
	return out
}
